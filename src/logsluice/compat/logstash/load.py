"""Files, folders and texts in Logstash's language to a document in the native model.

Facts: Logstash Reference, "Running Logstash from the Command Line", "Multiple Pipelines" and "logstash.yml".
"""

from __future__ import annotations

import glob
from collections.abc import Mapping, Sequence
from pathlib import Path as FilePath

from logsluice.compat.logstash.grammar import InvalidSyntax, parse
from logsluice.compat.logstash.syntax import Section
from logsluice.compat.logstash.translate import LogstashPipeline, translate
from logsluice.config.document import Document
from logsluice.errors import ConfigError, Problem, UsageError

DEFAULT_INPUT = "input { stdin { type => stdin } }"
DEFAULT_OUTPUT = "output { stdout { codec => rubydebug } }"


def document_of_text(text: str, file: str, environ: Mapping[str, str]) -> Document:
    """The configuration in a text, as one pipeline `main`.

    A text without inputs reads standard input, one without outputs writes to standard output: `-e` of Logstash.

    Raises:
        ConfigError: It can't be read at all; what is wrong beyond its syntax is among the document's problems.
    """
    document = Document(file)
    sections = _parsed([(text, file)])
    for kind, default in (("input", DEFAULT_INPUT), ("output", DEFAULT_OUTPUT)):
        if not any(section.kind == kind for section in sections):
            sections += parse(default, "<default>")
    translate([LogstashPipeline("main", sections)], document, environ)
    return document


def texts_of(path: str, base: FilePath) -> list[tuple[str, str]]:
    """The texts that `path.config` means, in the order of their names: a file, a folder, or a pattern.

    Raises:
        UsageError: There is nothing, or it can't be read.
    """
    place = base / path
    found = sorted(place.iterdir()) if place.is_dir() else sorted(map(FilePath, glob.iglob(str(place))))  # noqa: PTH207 - patterns may be absolute
    files = [file for file in found if file.is_file() and not file.name.startswith(".")]
    if not files:
        raise UsageError(f"there is no configuration file {path}", "check the path, and quote patterns")
    texts = []
    for file in files:
        try:
            texts.append((file.read_text(encoding="utf-8"), str(file)))
        except UnicodeDecodeError:
            raise UsageError(f"{file} is not a text file in UTF-8") from None
        except OSError as error:
            raise UsageError(f"{file} can't be read: {error.strerror}") from None
    return texts


def _parsed(texts: Sequence[tuple[str, str]]) -> list[Section]:
    """The sections of all texts.

    Raises:
        ConfigError: With a problem for each text that can't be read.
    """
    sections: list[Section] = []
    problems: list[Problem] = []
    for text, file in texts:
        try:
            sections += parse(text, file)
        except InvalidSyntax as error:
            problems.append(error.problem)
    if problems:
        raise ConfigError(problems)
    return sections
