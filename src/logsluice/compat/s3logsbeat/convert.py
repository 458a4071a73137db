"""S3logsbeat's configurations as YAML that does the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath
from typing import Any

from logsluice.compat.s3logsbeat.load import document_of_files
from logsluice.config.document import Document
from logsluice.config.load import check
from logsluice.config.yaml_text import yaml_text


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
    comments = [f"Not translated: {warning.option}: {warning.message}" for warning in document.warnings]
    return yaml_text(_hidden(document, document.data), comments)


def _hidden(document: Document, value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _hidden(document, inner) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hidden(document, inner) for inner in value]
    # what is no variable by now stays none: `$${` is our way to write a `${`
    return document.hide(value.replace("${", "$${")) if isinstance(value, str) else value
