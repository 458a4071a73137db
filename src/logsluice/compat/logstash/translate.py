"""From what a Logstash configuration says to the one model: a document as if it had been written in YAML.

One pipeline of Logstash becomes one of ours for each of its inputs, with the same filters and outputs. Every value
keeps the place where it is written, and every part is called in messages as Logstash calls it (`filter.mutate`).
"""

from __future__ import annotations

import itertools
import re
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path as FilePath
from types import ModuleType
from typing import Any

from pydantic import ValidationError

from logsluice import components
from logsluice.compat.logstash import plugins
from logsluice.compat.logstash.joining import join
from logsluice.compat.logstash.plugins import Input, InputSettings, Kind, OutputSettings
from logsluice.compat.logstash.settings import Settings
from logsluice.compat.logstash.syntax import Case, LogstashPipeline, Node, Plugin, SectionKind
from logsluice.compat.logstash.syntax import plugins as all_plugins
from logsluice.compat.logstash.values import options
from logsluice.components import UnknownComponent
from logsluice.config.document import Document, Mark, Path
from logsluice.config.explain import explain
from logsluice.errors import ConfigError, Problem
from logsluice.lang.conditions import InvalidCondition, compile_condition

_UNNAMEABLE = re.compile(r"[^A-Za-z0-9_.-]+")
TEMPORARY = (
    "it is in a folder that is emptied at times; it is read at the very first start only, and positions are kept in"
    " path.data from then on"
)
NOTHING = {"type": "files", "paths": ["-"]}

IGNORED = ("enable_metric", "periodic_flush")
"""Options of every filter that mean nothing here."""


def translate(pipelines: Sequence[LogstashPipeline], document: Document, environ: Mapping[str, str] | None) -> None:
    """Fill a document with the native form of some pipelines; what is wrong goes to its problems.

    Args:
        pipelines: As they were read.
        document: An empty one.
        environ: For `${NAME}`; None leaves these as they are written.

    Raises:
        ConfigError: Nothing can be translated.
    """
    native: list[dict[str, Any]] = []
    document.data = {"pipelines": native}
    for pipeline in pipelines:
        _whole(pipeline, document)
        _same_ids(pipeline, document)
    for pipeline in join(pipelines, document, environ):
        inputs = list(all_plugins(pipeline.nodes("input")))
        for name, plugin in zip(_names(pipeline.id, inputs), inputs, strict=True):
            path: Path = ("pipelines", len(native))
            native.append(_Translator(document, environ, path, pipeline.settings).pipeline(pipeline, name, plugin))
    if document.problems and not native:
        raise ConfigError(document.problems)


def _names(pipeline: str, inputs: Sequence[Plugin]) -> Iterator[str]:
    """What the pipelines are called that inputs feed. Positions are kept by it, so another input changes no name.

    An input's `id` is in it, wherever the input stands. Of those without, the first has the pipeline's own name, and
    the others the plugin's in it, with a number from the second on.
    """
    plugins_seen: Counter[str] = Counter()
    own_name_is_free = True
    for plugin in inputs:
        own = next((str(attribute.value) for attribute in plugin.attributes if attribute.name == "id"), "")
        if not own and not own_name_is_free:
            plugins_seen[plugin.name] += 1
            number = plugins_seen[plugin.name]
            own = plugin.name if number == 1 else f"{plugin.name}-{number}"
        own_name_is_free = own_name_is_free and bool(own)
        yield _UNNAMEABLE.sub("-", f"{pipeline}-{own}" if own else pipeline)


def _whole(pipeline: LogstashPipeline, document: Document) -> None:
    """A pipeline has an input and an output."""
    kinds: tuple[SectionKind, ...] = ("input", "output")
    for kind in kinds:
        if not pipeline.nodes(kind):
            marks = [section.mark for section in pipeline.sections if section.kind == kind]
            mark = marks[0] if marks else Mark(pipeline.file, 1, 1)
            message = f"the pipeline {pipeline.id!r} has no {kind}"
            document.problems.append(Problem(message, mark.file, mark.line, kind, column=mark.column))


def _same_ids(pipeline: LogstashPipeline, document: Document) -> None:
    """Ids of plugins are unique in a pipeline."""
    seen: Counter[str] = Counter()
    for section in pipeline.sections:
        for plugin in all_plugins(section.nodes):
            for attribute in plugin.attributes:
                if attribute.name == "id" and isinstance(attribute.value, str):
                    seen[attribute.value] += 1
                    if seen[attribute.value] == 2:
                        path = ("", pipeline.id, attribute.value)
                        document.marks[path] = attribute.mark
                        document.names[path] = f"{section.kind}.{plugin.name}.id"
                        message = f"another plugin of the pipeline has the id {attribute.value!r} already"
                        document.problems.append(document.problem(path, message))


class _Translator:
    """Translates one pipeline into the document."""

    def __init__(self, document: Document, environ: Mapping[str, str] | None, path: Path, settings: Settings) -> None:
        self._document = document
        self._environ = environ
        self._path = path
        self._settings_of_pipeline = settings
        self._numbers = itertools.count()
        self._ids: Counter[str] = Counter()

    def pipeline(self, pipeline: LogstashPipeline, name: str, plugin: Plugin) -> dict[str, Any]:
        """The native pipeline that one input feeds."""
        self._document.marks[self._path] = plugin.mark
        native: dict[str, Any] = {"name": name, "origin": False, "timestamps": "logstash"}
        for option, value, setting in pipeline.settings.of_pipeline():
            native[option] = value
            here = (*self._path, option)
            self._document.marks[here] = pipeline.settings.given[setting].mark
            self._document.names[here] = setting
        native["source"] = NOTHING  # until it is translated: what is wrong with an input is told once
        before = self._input(native, plugin)
        filters = self._filters(pipeline.nodes("filter"), (*self._path, "filters"), len(before))
        native["filters"] = [*before, *filters]
        outputs = list(self._outputs(pipeline.nodes("output"), (*self._path, "outputs")))
        native["outputs"] = outputs or [{"stdout": {}}]  # what is wrong with none is told already
        return native

    # -------------------------------------------------------------------------------------------------- inputs

    def _input(self, native: dict[str, Any], plugin: Plugin) -> list[dict[str, Any]]:
        """Put source and format into the pipeline; returns the filters that decorate its events."""
        path = (*self._path, "source")
        settings = self._settings("inputs", plugin, path, f"input.{plugin.name}")
        if settings is None:
            return []
        assert isinstance(settings, InputSettings)
        settings.keep_data_in(native.get("state", ""))
        if _is_temporary(getattr(settings, "sincedb_path", None)):
            self._document.warn_once((*path, "sincedb_path"), TEMPORARY)
        translated: Input = self._guarded(path, lambda: plugins.find("inputs", plugin.name).translate(settings))
        if translated is None:
            return []
        for option, sentence in translated.warnings:
            self._document.warn_once((*path, option), sentence)
        native |= {"source": translated.source, **translated.pipeline}
        codec = settings.codec or Plugin(translated.default_codec, (), plugin.mark)
        read = self._codec(codec, (*path, "codec"), lambda module, own: module.reads(own, translated.feed))
        native["format"] = translated.format or read or "lines"
        native["defaults"] = {"@version": "1", **({"type": settings.type} if settings.type else {})}
        decorations: dict[str, Any] = {}
        if settings.add_field:
            decorations["add_field"] = {name: list(texts) for name, texts in settings.add_field.items()}
        if settings.tags:
            decorations["add_tag"] = list(settings.tags)
        return [*translated.filters, *([{"mutate": decorations}] if decorations else [])]

    def _codec(self, codec: Plugin, path: Path, way: Callable[[ModuleType, Any], Any]) -> Any:
        settings = self._settings("codecs", codec, path, f"codec.{codec.name}")
        if settings is None:
            return None
        return self._guarded(path, lambda: way(plugins.find("codecs", codec.name), settings))

    # ------------------------------------------------------------------------------------------------- filters

    def _filters(self, nodes: Sequence[Node], path: Path, first: int = 0) -> list[dict[str, Any]]:
        return [self._filter(node, (*path, first + number)) for number, node in enumerate(nodes)]

    def _filter(self, node: Node, path: Path) -> dict[str, Any]:
        if not isinstance(node, Plugin):
            return self._branch(node, path, self._filters)
        here = (*path, node.name)
        self._document.marks |= {path: node.mark, here: node.mark}
        self._document.names[here] = self._document.names[path] = f"filter.{node.name}"
        given = options(node, self._document, here, self._environ)
        for name in IGNORED:
            given.pop(name, None)
        return {node.name: {**self._defaults(node.name), **given}}

    def _defaults(self, name: str) -> dict[str, str]:
        """What filters are told that have it: to behave as Logstash's, and the pipeline's mode of ECS."""
        try:
            fields = components.find("filters", name).Config.model_fields
        except (UnknownComponent, ImportError):
            return {}  # said when the model looks at it
        told = {"semantics": "logstash"} if "semantics" in fields else {}
        ecs = self._settings_of_pipeline.get("pipeline.ecs_compatibility")
        return {**told, "ecs_compatibility": ecs} if ecs and "ecs_compatibility" in fields else told

    # ------------------------------------------------------------------------------------------------- outputs

    def _outputs(self, nodes: Sequence[Node], path: Path) -> Iterator[dict[str, Any]]:
        for number, node in enumerate(nodes):
            here = (*path, number)
            if isinstance(node, Plugin):
                yield self._output(node, here) or {"stdout": {}, "name": f"untranslated-{next(self._numbers)}"}
            else:
                yield self._branch(node, here, lambda nodes, path: list(self._outputs(nodes, path)))

    def _output(self, plugin: Plugin, path: Path) -> dict[str, Any] | None:
        settings = self._settings("outputs", plugin, path, f"output.{plugin.name}")
        if settings is None:
            return None
        assert isinstance(settings, OutputSettings)
        translated = self._guarded(path, lambda: plugins.find("outputs", plugin.name).translate(settings))
        if translated is None:
            return None
        chosen = dict(translated.options)
        if settings.codec is not None:
            codec = self._codec(settings.codec, (*path, "codec"), lambda module, own: module.writes(own))
            if codec is None:
                return None
            if "codec" in components.find("sinks", translated.sink).Config.model_fields:
                chosen["codec"] = codec
        here = (*path, translated.sink)
        self._document.names[here] = f"output.{plugin.name}"
        self._document.marks |= {(*here, given.name): given.mark for given in plugin.attributes}
        for option, sentence in translated.warnings:
            self._document.warn_once((*path, option), sentence)
        return {
            **translated.settings,
            translated.sink: chosen,
            "name": self._output_name(plugin, settings),
        }

    def _output_name(self, plugin: Plugin, settings: OutputSettings) -> str:
        """Its id, told apart where several pipelines send to the one that it is in."""
        if settings.id is None:
            return f"{plugin.name}-{next(self._numbers)}"
        self._ids[settings.id] += 1
        repeats = self._ids[settings.id]
        return settings.id if repeats == 1 else f"{settings.id}-{repeats}"

    # -------------------------------------------------------------------------------------------------- common

    def _branch(self, node: Any, path: Path, inner: Any) -> dict[str, Any]:
        """`if`, `else if` and `else` as a chain of native branches."""
        first, *others = node.cases
        self._document.marks |= {path: first.mark, (*path, "if"): first.mark}
        self._document.names[(*path, "if")] = "if"
        native = {"if": self._condition(first, path), "then": inner(first.body, (*path, "then"))}
        if others:
            rest = type(node)(tuple(others), node.otherwise, others[0].mark)
            native["else"] = [self._branch(rest, (*path, "else", 0), inner)]
        elif node.otherwise:
            native["else"] = inner(node.otherwise, (*path, "else"))
        return native

    def _condition(self, case: Case, path: Path) -> Any:
        try:
            compile_condition(case.condition, "logstash")
        except InvalidCondition as error:
            before = case.condition[: error.column - 1].split("\n")
            mark = case.mark
            column = len(before[-1]) + (mark.column if len(before) == 1 else 1)
            self._document.marks[(*path, "if")] = Mark(mark.file, mark.line + len(before) - 1, column)
            self._problem((*path, "if"), error.reason)
            return "[broken]"
        return {"logstash": case.condition}

    def _settings(self, kind: Kind, plugin: Plugin, path: Path, name: str) -> Any:
        """The options of a plugin in its own model, or None where they can't be used."""
        if plugin.mark.line:  # a codec by its name alone has the place of the option
            self._document.marks[path] = plugin.mark
        self._document.names[path] = name
        given = options(plugin, self._document, path, self._environ)
        try:
            model = plugins.find(kind, plugin.name).Settings
        except UnknownComponent as error:
            self._problem(path, str(error))
            return None
        ecs = self._settings_of_pipeline.get("pipeline.ecs_compatibility")
        if ecs and "ecs_compatibility" in model.model_fields:
            given = {"ecs_compatibility": ecs, **given}
        try:
            return model.model_validate(given)
        except ValidationError as error:
            for where, message in explain(error, model, given):
                self._problem((*path, *where), message)
            return None

    def _guarded(self, path: Path, make: Any) -> Any:
        try:
            return make()
        except ValueError as error:
            self._problem(path, str(error))
            return None

    def _problem(self, path: Path, message: str) -> None:
        self._document.problems.append(self._document.problem(path, message))


def _is_temporary(path: str | None) -> bool:
    return path is not None and FilePath(path).resolve().is_relative_to(FilePath(tempfile.gettempdir()).resolve())
