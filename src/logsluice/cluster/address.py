"""A cluster as people name it on a command line: `https://[user:password@]host[:port][/index]`, and the environment.

Who asks is said by the URL, else by LOGSLUICE_API_KEY, else by LOGSLUICE_USER and LOGSLUICE_PASSWORD; requests to a
host of amazonaws.com are signed where nothing else is said.
"""

from __future__ import annotations

import os
from typing import Any, TypeVar
from urllib.parse import unquote, urlsplit

from pydantic import ValidationError

from logsluice.cluster.connection import ConnectionOptions
from logsluice.config.explain import explain
from logsluice.errors import UsageError

Model = TypeVar("Model", bound=ConnectionOptions)

API_KEY, USER, PASSWORD = "LOGSLUICE_API_KEY", "LOGSLUICE_USER", "LOGSLUICE_PASSWORD"
_HINT = "write it as https://host:9200/index"


def index_of(url: str) -> str:
    """What comes after the host: an index, a pattern or a template; "" for nothing."""
    return unquote(urlsplit(url).path.strip("/"))


def from_url(model: type[Model], url: str, **more: Any) -> Model:
    """Options for the cluster of a URL, those of the environment and `more` (without what is None) among them.

    Raises:
        UsageError: It is no URL of a cluster, or the options don't go together.
    """
    try:
        parts = urlsplit(url)
        port = f":{parts.port}" if parts.port else ""
    except ValueError as error:
        raise UsageError(f"it is no URL: {error}", _HINT) from None
    options: dict[str, Any] = {"hosts": [f"{parts.scheme}://{parts.hostname or ''}{port}"]}
    if parts.username:
        options |= {"user": unquote(parts.username), "password": unquote(parts.password or "")}
    elif os.environ.get(API_KEY):
        options["api_key"] = os.environ[API_KEY]
    elif os.environ.get(USER):
        options |= {"user": os.environ[USER], "password": os.environ.get(PASSWORD, "")}
    elif (parts.hostname or "").endswith((".amazonaws.com", ".amazonaws.com.cn")):
        options["auth"] = "aws"
    options |= {name: value for name, value in more.items() if value is not None}
    try:
        return model.model_validate(options)
    except ValidationError as error:
        raise UsageError("; ".join(message for _, message in explain(error, model, options)), _HINT) from None
