"""From a file's text to a checked configuration, or to everything that is wrong with it at once."""

from __future__ import annotations

import glob
import os
import re
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath

from pydantic import ValidationError

from logsluice.config.document import Document, Path
from logsluice.config.explain import explain
from logsluice.config.model import ConfigModel, PipelineModel
from logsluice.config.yaml_source import parse
from logsluice.errors import ConfigError, Problem, UsageError

S3LOGSBEAT = re.compile(r"^(['\"]?)s3logsbeat(?:\.[\w.]+)?\1\s*:", re.MULTILINE)
"""Found in a file of S3logsbeat's: its own settings stand at the top, whole or dotted."""

_LOGSTASH = re.compile(r"\s*(?:#[^\n]*\n\s*)*(?:input|filter|output)\s*\{")


@dataclass(frozen=True, slots=True)
class Configuration:
    """A configuration whose every option has been looked at.

    Attributes:
        model: What it says.
        document: Where it says so.
        base: The folder that relative paths start from.
    """

    model: ConfigModel
    document: Document
    base: FilePath


def load_file(path: str, environ: Mapping[str, str] = os.environ) -> Configuration:
    """Read a configuration: a YAML file (ours or S3logsbeat's), or what Logstash takes.

    That is a file, a folder, a pattern, a folder of settings.

    Raises:
        ConfigError: All problems of it.
        UsageError: There is no such file, or it can't be read.
    """
    if _is_logstash(path):
        from logsluice.compat.logstash.load import document_of_place

        return check(document_of_place(path, environ), FilePath())
    try:
        text = FilePath(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a text file in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    if _LOGSTASH.match(text):
        from logsluice.compat.logstash.load import document_of_place

        return check(document_of_place(path, environ), FilePath())
    return load_text(text, path, FilePath(path).parent, environ)


def _is_logstash(path: str) -> bool:
    """Whether the name alone tells that it is Logstash's."""
    place = FilePath(path)
    if place.is_dir() or (glob.has_magic(path) and not place.exists()):
        return True
    return place.suffix in (".conf", ".config") or place.name in ("pipelines.yml", "logstash.yml")


def load_text(
    text: str, file: str = "<text>", base: FilePath = FilePath(), environ: Mapping[str, str] = os.environ
) -> Configuration:
    """Check a configuration given as text.

    Raises:
        ConfigError: All problems of it.
    """
    if _LOGSTASH.match(text):
        from logsluice.compat.logstash.load import document_of_text

        return check(document_of_text(text, file, environ), base)
    if S3LOGSBEAT.search(text):
        from logsluice.compat.s3logsbeat.load import document_of_text as document_of_beat

        return check(document_of_beat(text, file, environ), base)
    return check(parse(text, file, environ), base)


def check(document: Document, base: FilePath) -> Configuration:
    """Check what a document says, whatever language it was written in.

    Raises:
        ConfigError: All problems of it.
    """
    problems = list(document.problems)
    model = None
    if document.data is None:
        problems.append(Problem("the configuration is empty; it needs `pipelines:`", document.file))
    else:
        try:
            model = ConfigModel.model_validate(document.data)
        except ValidationError as error:
            problems += _not_under(document.problems, _placed(document, error))
    if model is not None:
        problems += _same_names(document, model.pipelines)
    if model is None or problems:
        # What stands in a part that several pipelines share is told once.
        raise ConfigError(sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line)))
    return Configuration(model, document, base)


def _placed(document: Document, error: ValidationError) -> Iterator[Problem]:
    for path, message in explain(error, ConfigModel, document.data):
        yield document.problem(path, message)


def _not_under(known: Iterable[Problem], found: Iterable[Problem]) -> Iterator[Problem]:
    """Leaves out what only follows from a problem that is told already, such as an unset variable."""
    places = {problem.option for problem in known}
    return (problem for problem in found if problem.option not in places)


def _same_names(document: Document, pipelines: Iterable[PipelineModel]) -> Iterator[Problem]:
    seen: Counter[str] = Counter()
    for index, pipeline in enumerate(pipelines):
        seen[pipeline.name] += 1
        if seen[pipeline.name] > 1:
            path: Path = ("pipelines", index, "name")
            yield document.problem(path, f"another pipeline is named {pipeline.name!r} already; names are unique")
