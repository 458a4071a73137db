"""botocore's descriptions of services, without what only people or other services need.

A client keeps its service's description for as long as it lives, and a session the endpoints of every service there
is. Their documentation, and the endpoints of services that nothing here talks to, were 9 MB of a process with clients
of S3 and SQS; what is left is read once, and shared by the sessions of all regions, profiles and roles.
"""

from __future__ import annotations

import gzip
import json
from functools import cache
from typing import Any

from botocore.loaders import JSONFileLoader, Loader, create_loader

SERVICES = frozenset({"s3", "sqs", "sts", "monitoring", "secretsmanager", "ssm"})
"""Whose endpoints are kept, by botocore's names for their hosts; another one's are made by its partition's rule."""


class LeanFiles(JSONFileLoader):
    """Reads `<path>.json` or `<path>.json.gz`."""

    def load_file(self, file_path: str) -> Any:
        """The data of a file; None where there is no such file."""
        for ending, opened in ((".json", open), (".json.gz", gzip.open)):
            try:
                with opened(file_path + ending, "rb") as file:
                    return json.load(file, object_hook=_lean)
            except FileNotFoundError:
                continue
        return None


@cache
def loader(data_path: str | None = None) -> Loader:
    """What all sessions with this `data_path` (or `AWS_DATA_PATH`) read descriptions with, `~/.aws/models` included."""
    shared = create_loader(data_path)
    shared.file_loader = LeanFiles()
    return shared


def _lean(part: dict[str, Any]) -> dict[str, Any]:
    if isinstance(part.get("documentation"), str):  # else it is a member of that name
        part["documentation"] = ""  # botocore asks for some
    if "partition" in part and "services" in part:
        part["services"] = {name: part["services"][name] for name in SERVICES & part["services"].keys()}
    return part
