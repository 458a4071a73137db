"""From what an s3logsbeat.yml says to the one model: a document as if it had been written in native YAML.

Each input of type `sqs` becomes one pipeline, and each bucket of an input of type `s3`. Every value keeps the place
where it is written, and problems call options as the user wrote them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from typing import Any, Literal, TypeAlias

from logsluice.compat.s3logsbeat import outputs
from logsluice.compat.s3logsbeat.ignored import ignored
from logsluice.compat.s3logsbeat.inputs import sources
from logsluice.compat.s3logsbeat.native import NO_EFFECT, seconds
from logsluice.compat.s3logsbeat.options import Root, S3Input, SqsInput
from logsluice.compat.s3logsbeat.processors import filters
from logsluice.compat.s3logsbeat.selections import branches
from logsluice.config.document import Document, Path, dotted

InputType: TypeAlias = Literal["sqs", "s3"]

DEFAULT_EVENTS, DEFAULT_BUDGET_KIB = 4096, 32 * 1024
LEAST_BUDGET_KIB = 2 * 1024
"""A budget below this would cut every request to a few events."""

READERS = 5
"""Objects that S3logsbeat reads at once, whatever the output's `worker` is (its `worker` package)."""

_ITS_OWN_WAY = ("alb", "cloudfront", "elb")
"""Formats of which S3logsbeat's documents differ from ours."""

_LEVELS = {"critical": "error", "error": "error", "warning": "warning", "info": "info", "debug": "debug"}


def translate(root: Root, written: Document, types: Collection[InputType]) -> Document:
    """The native document; what is wrong with it is among its problems.

    Args:
        root: What the file says.
        written: The file itself, for its places.
        types: Of the inputs that are wanted.
    """
    native = Document(
        written.file, secrets=written.secrets, problems=list(written.problems), warnings=list(written.warnings)
    )
    return _Translator(root, written, native, types).document()


class _Translator:
    def __init__(self, root: Root, written: Document, native: Document, types: Collection[InputType]) -> None:
        self._root = root
        self._written = written
        self._native = native
        self._types = types

    def document(self) -> Document:
        """Everything, in native words."""
        pipelines: list[dict[str, Any]] = []
        self._native.data = {"pipelines": pipelines, "log": self._log()}
        for number, given in enumerate(self._root.s3logsbeat.inputs):
            if not given.enabled or given.type not in self._types:
                continue
            place: Path = ("s3logsbeat", "inputs", number)
            for name, source, places in sources(given, number):
                here: Path = ("pipelines", len(pipelines))
                self._put(here, place)
                self._put((*here, "source"), place)
                pipelines.append(self._pipeline(given, name, source, here, place))
                for option, written in places.items():
                    self._put((*here, "source", option), (*place, written))
        for where, why in ignored(self._root):
            self._warn(where, why)
        return self._native

    def _pipeline(
        self, given: SqsInput | S3Input, name: str, source: dict[str, Any], here: Path, place: Path
    ) -> dict[str, Any]:
        root = self._root
        native: dict[str, Any] = {"name": name, "source": source, "format": self._format(given)}
        self._put((*here, "format"), (*place, "log_format"))
        if given.log_format_options is not None:
            # what is wrong with the two together is the layout as a rule
            self._put((*here, "format"), (*place, "log_format_options", "timestamp_format"))
            for option in ("timestamp_field", "timestamp_format"):
                self._put((*here, "format", option), (*place, "log_format_options", option))
        if given.key_regex_fields is not None:
            native["key_fields"] = given.key_regex_fields
            self._put((*here, "key_fields"), (*place, "key_regex_fields"))
        if fields := self._fields(given):
            native["fields"] = fields
        native |= {"document_id": "content", "origin": False, "timestamps": "milliseconds"}
        native |= {
            "budget": f"{self._budget()}KiB",
            "shutdown_timeout": seconds(root.s3logsbeat.shutdown_timeout),
        }
        self._put((*here, "budget"), ("queue", "mem", "events"))
        if (folder := self._folder()) is not None:
            native |= {"state": f"{folder}/state", "dead_letter": f"{folder}/dead-letter"}
        native["filters"] = list(self._filters((*here, "filters")))
        native["outputs"] = self._outputs(native, here)
        return native

    def _format(self, given: SqsInput | S3Input) -> Any:
        if given.log_format == "json" and given.log_format_options is not None:
            return {"type": "json", **given.log_format_options.model_dump()}
        if given.log_format in _ITS_OWN_WAY:
            return {"type": given.log_format, "as_s3logsbeat": True}
        return given.log_format

    def _fields(self, given: SqsInput | S3Input) -> dict[str, Any]:
        """Those of the file and the input: below `fields`, as beats put them, unless they belong at the top."""
        found: dict[str, Any] = {}
        for holder in (self._root, given):
            if holder.fields:
                found = _merged(found, holder.fields if holder.fields_under_root else {"fields": holder.fields})
        if tags := [*self._root.tags, *given.tags]:
            found["tags"] = tags
        if self._root.s3logsbeat.beat_fields:
            found["beat"] = outputs.beat(self._root)
        return found

    def _folder(self) -> str | None:
        """`path.data`, or where it is below `path.home`; None where the file names neither."""
        path = self._root.path
        if path.data is not None:
            return path.data.rstrip("/")
        return None if path.home is None else f"{path.home.rstrip('/')}/data"

    def _budget(self) -> int:
        """KiB for the events of `queue.mem.events`, the default of which is our default."""
        return max(LEAST_BUDGET_KIB, self._root.queue.mem.events * DEFAULT_BUDGET_KIB // DEFAULT_EVENTS)

    def _filters(self, here: Path) -> Iterator[dict[str, Any]]:
        count = 0
        for number, processor in enumerate(self._root.processors):
            place: Path = ("processors", number)
            try:
                made, unused = filters(processor)
            except ValueError as error:
                self._problem(place, str(error))
                continue
            if unused:
                self._warn((*place, unused), NO_EFFECT)
            for each in made:
                self._put((*here, count), place)
                count += 1
                yield each

    def _outputs(self, pipeline: dict[str, Any], here: Path) -> list[dict[str, Any]]:
        try:
            name, native = outputs.translate(self._root)
        except ValueError as error:
            self._problem(("output",), str(error))
            return [{"null": {}}]
        place: Path = ("output", name)
        for option, said in native.refused:
            self._problem((*place, *_parts(option)), said)
        for option, said in native.warnings:
            self._warn((*place, *_parts(option)), said)
        if native.refused:
            return [{"null": {}}]
        # a thread reads and sends: fewer than S3logsbeat's readers would bring small objects more slowly
        pipeline["workers"] = max(READERS, getattr(getattr(self._root.output, name), "worker", None) or 1)
        self._put((*here, "workers"), (*place, "worker"))
        below: Path = (*here, "outputs", 0)
        self._put(below, place)
        for option, said in native.places.items():
            from_ = _parts(said) if said.startswith("setup.") else (*place, *_parts(said))
            self._put((*below, native.sink, option), from_)
        return branches(native.sink, native.options, native.selections)

    def _log(self) -> dict[str, Any]:
        given = self._root.logging
        return {"level": _LEVELS[given.level], **({"format": "json"} if given.json_ else {})}

    def _put(self, native: Path, place: Path) -> None:
        """Say where a native option is written, and how it is called there."""
        self._native.marks[native] = self._written.mark(place)
        self._native.names[native] = dotted(place)

    def _problem(self, place: Path, message: str) -> None:
        problem = self._written.problem(place, message)
        if problem not in self._native.problems:
            self._native.problems.append(problem)

    def _warn(self, place: Path, message: str) -> None:
        warning = self._written.problem(place, message, "warning")
        if warning not in self._native.warnings:
            self._native.warnings.append(warning)


def _parts(name: str) -> Path:
    return tuple(name.split(".")) if name else ()


def _merged(into: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Two mappings as one, the second above the first at every depth."""
    merged = dict(into)
    for name, value in more.items():
        inner = merged.get(name)
        merged[name] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
