"""S3logsbeat's configurations as YAML that does the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any
from urllib.parse import unquote

from logsluice.compat.s3logsbeat.load import document_of_files
from logsluice.config.document import Document
from logsluice.config.load import check
from logsluice.config.yaml_text import yaml_text

ALONE = "S3LOGSBEAT_PASSWORD"
"""The variable of a password that was a part of another one's value."""


def converted(files: Sequence[str], environ: Mapping[str, str], settings: Sequence[str] = ()) -> str:
    """The YAML of files, with `${NAME}` where a value came from the environment.

    Args:
        files: Their paths; each stands above those before it.
        environ: For `${NAME}`.
        settings: `key=value` over what is written.

    Raises:
        ConfigError: What it says can't be used.
        UsageError: It can't be read.
    """
    document = document_of_files(files, environ, (), settings)
    check(document, FilePath(files[0]).parent)
    text = _Text(document.secrets)
    data = text.value(document.data)
    comments = [f"Not translated: {warning.option}: {warning.message}" for warning in document.warnings]
    return yaml_text(data, comments + text.comments)


class _Text:
    """Values as they are written: variables where they were, and no password that only the environment knew."""

    def __init__(self, secrets: Mapping[str, str]) -> None:
        self._secrets = secrets
        self._escaped = Document("", secrets={_escaped(secret): name for secret, name in secrets.items()})
        self.comments: list[str] = []

    def value(self, value: Any, option: str = "") -> Any:
        """A value with everything in it."""
        if isinstance(value, dict):
            return {name: self.value(inner, name) for name, inner in value.items()}
        if isinstance(value, list):
            return [self.value(inner) for inner in value]
        if not isinstance(value, str):
            return value
        if option == "password" and value not in self._secrets and (name := self._holder(value)):
            return self._password(name)
        return self._escaped.hide(_escaped(value))

    def _holder(self, password: str) -> str | None:
        """The variable that a password is a part of, such as `user:password` or a URL."""
        return next((name for secret, name in self._secrets.items() if password in unquote(secret)), None)

    def _password(self, holder: str) -> str:
        said = f"The password is a part of ${{{holder}}}: put it alone into {ALONE}"
        if said not in self.comments:
            self.comments.append(said)
        return f"${{{ALONE}}}"


def _escaped(text: str) -> str:
    """What is no variable by now stays none: `$${` is our way to write a `${`."""
    return text.replace("${", "$${")
