"""From what an s3logsbeat.yml says to the one model: a document as if it had been written in native YAML.

Each input of type `sqs` becomes one pipeline, and each bucket of an input of type `s3`. Every value keeps the place
where it is written, and problems call options as the user wrote them.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Any, Literal, TypeAlias

from logsluice.compat.s3logsbeat import outputs
from logsluice.compat.s3logsbeat.native import NO_EFFECT, seconds
from logsluice.compat.s3logsbeat.options import Root, S3Input, SqsInput
from logsluice.compat.s3logsbeat.processors import filters
from logsluice.compat.s3logsbeat.selections import branches
from logsluice.compat.s3logsbeat.values import is_off
from logsluice.components import Options
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
_OF_OURS = "write the `http` of a configuration of ours: see /health and /metrics"
_IGNORED_AT_ROOT = {
    "max_procs": NO_EFFECT,
    "monitoring": _OF_OURS,
    "xpack": _OF_OURS,
    "http": _OF_OURS,
    "keystore": "there is no keystore: put secrets into environment variables, and ${NAME} into the file",
    "seccomp": NO_EFFECT,
    "migration": NO_EFFECT,
    "timestamp": NO_EFFECT,
}
_IGNORED_QUEUE = {"spool": "nothing is kept on the disk: what is not delivered stays in SQS"}
_IGNORED_FLUSH = {"timeout": "requests are sent as soon as there is something to send"}
_IGNORED_LOGGING = dict.fromkeys(
    ("selectors", "to_files", "to_syslog", "to_eventlog", "files", "metrics", "ecs"), "the log goes to standard error"
)
_IGNORED_SETUP = dict.fromkeys(("kibana", "dashboards"), "there are no dashboards") | {
    "ilm": "make the policy in the cluster, and name its alias in output.elasticsearch.index"
}
_IGNORED_TEMPLATE = dict.fromkeys(
    ("name", "pattern", "fields", "settings", "append_fields", "type", "order"),
    "index templates are made from the format's fields, or taken from setup.template.json",
)
_IGNORED_PATH = {"logs": "the log goes to standard error"}


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
            for name, source, places in _sources(given, number):
                here: Path = ("pipelines", len(pipelines))
                self._put(here, place)
                self._put((*here, "source"), place)
                pipelines.append(self._pipeline(given, name, source, here, place))
                for option, written in places.items():
                    self._put((*here, "source", option), (*place, written))
        self._warnings()
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
                made, ignored = filters(processor)
            except ValueError as error:
                self._problem(place, str(error))
                continue
            if ignored:
                self._warn((*place, ignored), NO_EFFECT)
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

    def _warnings(self) -> None:
        root = self._root
        self._ignored(root, _IGNORED_AT_ROOT)
        self._ignored(root.queue, _IGNORED_QUEUE, "queue")
        self._ignored(root.queue.mem.flush, _IGNORED_FLUSH, "queue", "mem", "flush")
        self._ignored(root.logging, _IGNORED_LOGGING, "logging")
        self._ignored(root.path, _IGNORED_PATH, "path")
        self._ignored(root.setup, _IGNORED_SETUP, "setup")
        self._ignored(root.setup.template, _IGNORED_TEMPLATE, "setup", "template")

    def _ignored(self, given: Options, names: Mapping[str, str], *place: str) -> None:
        for name, why in names.items():
            if name in given.model_fields_set and not is_off(getattr(given, name)):
                self._warn((*place, name), why)

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


def _sources(given: SqsInput | S3Input, number: int) -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """Names, sources, and for their options those of the input."""
    if isinstance(given, SqsInput):
        source = {"type": "s3_sqs", "queues": list(given.queues_url)}
        if given.buckets:
            source["buckets"] = list(given.buckets)
        yield f"sqs-{number + 1}", source, {"queues": "queues_url", "buckets": "buckets"}
        return
    buckets: dict[str, list[str]] = {}
    for bucket, prefix in given.buckets:
        buckets.setdefault(bucket, []).append(prefix)
    for bucket, prefixes in buckets.items():
        source = {"type": "s3_objects", "bucket": bucket, "prefixes": _outermost(prefixes), "interval": "once"}
        if given.since is not None:
            source["written_after"] = given.since
        if given.to is not None:
            source["written_before"] = given.to
        places = {"bucket": "buckets", "prefixes": "buckets", "written_after": "since", "written_before": "to"}
        yield f"s3-{number + 1}-{bucket}", source, places


def _outermost(prefixes: list[str]) -> list[str]:
    """Without prefixes that lie below others: their objects are read once."""
    found = sorted(set(prefixes))
    return [one for one in found if not any(one != other and one.startswith(other) for other in found)]


def _merged(into: dict[str, Any], more: dict[str, Any]) -> dict[str, Any]:
    """Two mappings as one, the second above the first at every depth."""
    merged = dict(into)
    for name, value in more.items():
        inner = merged.get(name)
        merged[name] = _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) else value
    return merged
