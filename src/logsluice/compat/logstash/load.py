"""Files, folders and texts in Logstash's language to a document in the native model.

Facts: Logstash Reference, "Running Logstash from the Command Line", "Multiple Pipelines" and "logstash.yml".
"""

from __future__ import annotations

import glob
import re
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path as FilePath

from logsluice.compat.logstash import folder
from logsluice.compat.logstash.grammar import InvalidSyntax, parse
from logsluice.compat.logstash.settings import Settings, from_environment
from logsluice.compat.logstash.syntax import LogstashPipeline, Section
from logsluice.compat.logstash.translate import translate
from logsluice.components import near
from logsluice.config.document import Document, Mark
from logsluice.errors import ConfigError, Problem, UsageError

DEFAULTS = {
    "input": "input { stdin { type => stdin } }",
    "output": "output { stdout { codec => rubydebug } }",
}
"""What a text on the command line may leave out."""

MAIN = "main"
_BRACES = re.compile(r"\{([^{}]*)\}")


def document_of_text(text: str, file: str, environ: Mapping[str, str] | None) -> Document:
    """The configuration in a text, as one pipeline `main`.

    A text without inputs reads standard input, one without outputs writes to standard output: `-e` of Logstash.

    Args:
        text: In Logstash's language.
        file: Its name for messages.
        environ: For `${NAME}`; None leaves these as they are written.

    Raises:
        ConfigError: It can't be read at all; what is wrong beyond its syntax is among the document's problems.
    """
    document = Document(file)
    translate([_pipeline(MAIN, [(text, file)], Settings(), with_defaults=True)], document, environ)
    return document


def document_of_place(path: str, environ: Mapping[str, str], *, keep: bool = False) -> Document:
    """The configuration that a path names: a folder of settings (or a file of it), or files of one pipeline.

    Args:
        path: Of a file or folder, or a pattern.
        environ: For `${NAME}`.
        keep: Leave `${NAME}` as it is written in pipelines.

    Raises:
        ConfigError: Files that can't be read at all.
        UsageError: There are none.
    """
    place = FilePath(path)
    if place.name in folder.NAMES:
        return document_of_settings(Settings(), Document(path), str(place.parent), environ, keep=keep)
    if folder.has_settings(place):
        return document_of_settings(Settings(), Document(path), path, environ, keep=keep)
    return document_of_files([path], None if keep else environ)


def document_of_files(paths: Sequence[str], environ: Mapping[str, str] | None) -> Document:
    """The configuration in files, folders and patterns, joined in the order of their names, as one pipeline `main`.

    Raises:
        ConfigError: Files that can't be read at all.
        UsageError: There are none.
    """
    document = Document(", ".join(paths))
    translate([_pipeline(MAIN, texts_of(paths), Settings())], document, environ)
    return document


def document_of_settings(
    flags: Settings, document: Document, named: str | None, environ: Mapping[str, str], *, keep: bool = False
) -> Document:
    """What `logstash` would run: by its flags, its environment and its folder of settings.

    Args:
        flags: Settings from the command line.
        document: Holds what was wrong with these; it gets all the rest.
        named: The folder of settings (`path.settings`), if one is named.
        environ: For `${NAME}`, and for settings such as PIPELINE_WORKERS.
        keep: Leave `${NAME}` as it is written in pipelines.

    Raises:
        ConfigError: Files that can't be read at all.
        UsageError: There is nothing to run.
    """
    place = folder.settings_folder(named, environ)
    written = Settings() if place is None else folder.read_settings(place, document, environ)
    process = flags.over(from_environment(environ, document)).over(written)
    if "path.config" in process.given and "config.string" in process.given:
        raise UsageError("path.config and config.string (-f and -e) exclude each other")
    pipelines: list[LogstashPipeline] = []
    for declared in _declared(process, place, document, environ):
        try:
            pipelines.append(_declared_pipeline(declared, declared.settings.over(process)))
        except ConfigError as error:
            document.problems += error.problems
    translate(pipelines, document, None if keep else environ)
    document.data |= process.of_process()
    return document


def _declared(
    process: Settings, place: FilePath | None, document: Document, environ: Mapping[str, str]
) -> list[folder.Declared]:
    if "path.config" in process.given or "config.string" in process.given:
        return [folder.Declared(process.get("pipeline.id", MAIN), process, Mark())]
    declared = [] if place is None else folder.read_pipelines(place, document, environ)
    if not declared and not document.problems:
        where = f"{place} has no {folder.PIPELINES_YML}" if place else "there is no folder of settings"
        raise UsageError(f"there is nothing to run: {where}", "give -f FILE, -e TEXT or --path.settings FOLDER")
    return declared


def _declared_pipeline(declared: folder.Declared, settings: Settings) -> LogstashPipeline:
    if "config.string" in declared.settings.given:
        given = settings.given["config.string"]
        name = f"config.string of {declared.id}" if given.mark.line else "<text>"
        return _pipeline(declared.id, [(given.value, name)], settings, with_defaults=True)
    given = settings.given["path.config"]
    try:
        texts = texts_of(given.value)
    except UsageError as error:
        mark = given.mark
        raise ConfigError([Problem(str(error), mark.file, mark.line, "path.config", column=mark.column)]) from None
    return _pipeline(declared.id, texts, settings)


def texts_of(paths: Sequence[str]) -> list[tuple[str, str]]:
    """The texts that `path.config` means, in the order of their names: files, folders, or patterns.

    Raises:
        UsageError: There is nothing, or it can't be read.
    """
    texts = []
    for path in paths:
        for file in _files(path):
            try:
                texts.append((file.read_text(encoding="utf-8"), str(file)))
            except UnicodeDecodeError:
                raise UsageError(f"{file} is not a text file in UTF-8", "name the configuration files alone") from None
            except OSError as error:
                raise UsageError(f"{file} can't be read: {error.strerror}", "give this user the right to") from None
    return texts


def _files(path: str) -> list[FilePath]:
    place = FilePath(path)
    if place.is_dir():
        found = sorted(place.iterdir())
    else:
        found = sorted({FilePath(name) for each in _alternatives(path) for name in glob.iglob(each, recursive=True)})  # noqa: PTH207 - patterns may be absolute
    files = [file for file in found if file.is_file() and not file.name.startswith(".")]
    if not files:
        beside = [file.name for file in place.parent.iterdir()] if place.parent.is_dir() else []
        raise UsageError(
            f"there is no configuration file {path}{near(place.name, beside)}", "check the path, and quote patterns"
        )
    return files


def _alternatives(pattern: str) -> Iterator[str]:
    """`{a,b}` in a pattern stands for one pattern with each, as in Ruby's `Dir.glob`."""
    found = _BRACES.search(pattern)
    if found is None:
        yield pattern
        return
    for choice in found[1].split(","):
        yield from _alternatives(pattern[: found.start()] + choice + pattern[found.end() :])


def _pipeline(
    name: str, texts: Sequence[tuple[str, str]], settings: Settings, *, with_defaults: bool = False
) -> LogstashPipeline:
    """The sections of all texts as one pipeline.

    Raises:
        ConfigError: With a problem for each text that can't be read.
    """
    sections: list[Section] = []
    problems: list[Problem] = []
    escapes = settings.get("config.support_escapes", False)
    for text, file in texts:
        try:
            sections += parse(text, file, escapes=escapes)
        except InvalidSyntax as error:
            problems.append(error.problem)
    if problems:
        raise ConfigError(problems)
    if with_defaults:
        for kind, default in DEFAULTS.items():
            if not any(section.kind == kind for section in sections):
                sections += parse(default, "<default>")
    return LogstashPipeline(name, sections, settings, texts[0][1])
