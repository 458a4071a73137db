"""Logstash's configurations as YAML that does the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

from logsluice.compat.logstash.load import document_of_files, document_of_place
from logsluice.compat.logstash.mending import mend
from logsluice.config.document import Document
from logsluice.config.load import check
from logsluice.config.yaml_text import yaml_text
from logsluice.errors import ConfigError


def converted(files: Sequence[str], environ: Mapping[str, str], *, fix: bool) -> tuple[str, list[str]]:
    """The YAML of files, folders or patterns, and what was mended in it.

    Args:
        files: As `path.config` takes them; or one folder of settings.
        environ: For settings, and for `${NAME}` where it can't stay (in a number, for example).
        fix: Whether to mend what can be mended.

    Raises:
        ConfigError: What they say can't be used.
        UsageError: There are none.
    """
    comments = [f"Made from {', '.join(files)} by `logsluice convert`."]
    document = _document(files, environ, keep=True)
    if document.problems:  # a variable may stand where only its value can be read, such as a number
        kept, document = document, _document(files, environ, keep=False)
        places = ", ".join(sorted({problem.option for problem in kept.problems}))
        comments.append(f"Variables were replaced by their values, for they can't stand in {places}.")
    text = yaml_text(document.data)
    if "${" not in text:
        check(document, FilePath())
    elif document.problems:
        raise ConfigError(document.problems)
    comments += [f"Not translated: {warning.option}: {warning.message}" for warning in document.warnings]
    mended = list(mend(document.data)) if fix else []
    return yaml_text(document.data, comments), mended


def _document(files: Sequence[str], environ: Mapping[str, str], *, keep: bool) -> Document:
    if len(files) == 1:
        return document_of_place(files[0], environ, keep=keep)
    return document_of_files(files, None if keep else environ)
