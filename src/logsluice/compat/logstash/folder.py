"""Logstash's folder of settings: `logstash.yml` for the process, `pipelines.yml` for its pipelines.

Facts: Logstash Reference, "Logstash Configuration Files" and "Multiple Pipelines".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path as FilePath
from typing import Any

from logsluice.compat.logstash.settings import Settings
from logsluice.config.document import Document, Mark, Path
from logsluice.config.yaml_source import parse
from logsluice.errors import UsageError

PLACES = ("config", "/usr/share/logstash/config", "/etc/logstash")
"""Where the folder is looked for when nobody names it."""

NAMES = LOGSTASH_YML, PIPELINES_YML = "logstash.yml", "pipelines.yml"


@dataclass(frozen=True, slots=True)
class Declared:
    """One entry of `pipelines.yml`, not yet read on.

    Attributes:
        id: `pipeline.id`.
        settings: What it says, without what `logstash.yml` says.
        mark: Where it stands.
    """

    id: str
    settings: Settings
    mark: Mark


def settings_folder(named: str | None, environ: Mapping[str, str]) -> FilePath | None:
    """The folder: the one named, `LS_SETTINGS_DIR`, or the first usual one that has settings in it; None without any.

    Raises:
        UsageError: The one that is named is not there.
    """
    named = named or environ.get("LS_SETTINGS_DIR")
    if named:
        if not FilePath(named).is_dir():
            raise UsageError(f"there is no folder {named}", "path.settings names the folder of logstash.yml")
        return FilePath(named)
    return next((FilePath(place) for place in PLACES if has_settings(FilePath(place))), None)


def has_settings(folder: FilePath) -> bool:
    """Whether there are settings in a folder."""
    return any((folder / name).is_file() for name in NAMES)


def read_settings(folder: FilePath, document: Document, environ: Mapping[str, str]) -> Settings:
    """What `logstash.yml` says; nothing when there is none."""
    settings = Settings()
    source = _read(folder / LOGSTASH_YML, document, environ)
    if source is None or source.data is None:
        return settings
    if not isinstance(source.data, dict):
        document.problems.append(source.problem((), "must be settings with their values: pipeline.workers: 2"))
        return settings
    for name, value, path in _flat(source.data):
        settings.take(name, value, source.mark(path), document)
    return settings


def read_pipelines(folder: FilePath, document: Document, environ: Mapping[str, str]) -> list[Declared]:
    """The entries of `pipelines.yml`; none when there is no such file."""
    source = _read(folder / PIPELINES_YML, document, environ)
    if source is None or source.data is None:
        return []
    if not isinstance(source.data, list):
        document.problems.append(source.problem((), "must be a list of pipelines: - pipeline.id: main"))
        return []
    declared = [found for number in range(len(source.data)) if (found := _entry(source, number, document)) is not None]
    seen: Counter[str] = Counter()
    for each in declared:
        seen[each.id] += 1
        if seen[each.id] > 1:
            given = each.settings.given["pipeline.id"]
            _problem(document, given.mark, "pipeline.id", f"another pipeline is named {each.id!r} already")
    return declared


def _entry(source: Document, number: int, document: Document) -> Declared | None:
    entry = source.data[number]
    mark = source.mark((number,))
    if not isinstance(entry, dict):
        _problem(document, mark, "", "a pipeline is settings with their values: - pipeline.id: main")
        return None
    settings = Settings()
    for name, value, path in _flat(entry):
        settings.take(name, value, source.mark((number, *path)), document, of_pipeline=True)
    if "pipeline.id" not in settings.given:
        _problem(document, mark, "pipeline.id", "this setting is required and missing")
        return None
    texts = [name for name in ("path.config", "config.string") if name in settings.given]
    if len(texts) != 1:
        message = (
            "path.config and config.string exclude each other" if texts else "path.config or config.string is missing"
        )
        _problem(document, mark, "path.config", message)
        return None
    return Declared(settings.get("pipeline.id"), settings, mark)


def _problem(document: Document, mark: Mark, name: str, message: str) -> None:
    path: Path = (f"{name} of {mark}",)
    document.marks[path], document.names[path] = mark, name
    document.problems.append(document.problem(path, message))


def _read(file: FilePath, document: Document, environ: Mapping[str, str]) -> Document | None:
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not a text file in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{file} can't be read: {error.strerror}") from None
    source = parse(text, str(file), environ)
    document.problems += source.problems
    document.secrets |= source.secrets
    return source


def _flat(data: Mapping[str, Any], path: Path = ()) -> Iterator[tuple[str, Any, Path]]:
    """Settings by their names with dots, however they are nested."""
    for name, value in data.items():
        if isinstance(value, dict):
            yield from _flat(value, (*path, name))
        else:
            yield ".".join(map(str, (*path, name))), value, (*path, name)
