"""How sinks that write a run of bytes write an event: the codecs of Logstash's outputs, and one for people.

- `ndjson`: a JSON document a line (Logstash's `json_lines` and `json`);
- `{ndjson: {metadata: {beat: mine}}}`: with `@metadata` as Beats write it: this, `_id` and `format`;
- `pretty`: time and format, then each field; for people;
- `rubydebug`, or `{rubydebug: {metadata: true}}`: as Logstash prints events, with `@metadata` when asked for;
- `{line: "%{message}"}`: a text for each event, and a line end; `{plain: "%{message}"}` without one;
- `dots`: a dot for each event.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from logsluice.components import Options
from logsluice.lang.as_json import Timestamps, document, dumps, json_of
from logsluice.lang.ruby_text import inspect
from logsluice.lang.templates import template
from logsluice.model import Event
from logsluice.sinks._documents import with_metadata

Write: TypeAlias = Callable[[Event], bytes]
"""One event's bytes. Raises ValueError where it can't be written."""


class NdjsonOptions(Options):
    """Options of `ndjson`."""

    metadata: dict[str, str] = Field(description="Of every event's `@metadata`, beside its `_id` and `format`.")


class Ndjson(Options):
    """`{ndjson: {metadata: {beat: mine}}}`."""

    ndjson: NdjsonOptions


class RubydebugOptions(Options):
    """Options of `rubydebug`."""

    metadata: bool = Field(default=False, description="Whether `@metadata` is shown.")


class Rubydebug(Options):
    """`{rubydebug: {metadata: true}}`."""

    rubydebug: RubydebugOptions


class Line(Options):
    """`{line: template}`."""

    line: str


class Plain(Options):
    """`{plain: template}`."""

    plain: str


OutputCodec: TypeAlias = Annotated[
    Literal["ndjson", "pretty", "rubydebug", "dots"] | Ndjson | Rubydebug | Line | Plain,
    Field(union_mode="left_to_right"),
]
"""See this module's docstring."""


def is_ndjson(codec: OutputCodec) -> bool:
    """Whether each event is a JSON document on a line of its own."""
    return codec == "ndjson" or isinstance(codec, Ndjson)


def writer(codec: OutputCodec, timestamps: Timestamps = "exact") -> Write:
    """The function that writes an event.

    Raises:
        ValueError: A template can't be read.
    """
    if isinstance(codec, Line | Plain):
        text, end = template(codec.line if isinstance(codec, Line) else codec.plain), isinstance(codec, Line)
        return lambda event: (text.render(event) + "\n" * end).encode("utf-8", "replace")
    if isinstance(codec, Rubydebug):
        return rubydebug_with_metadata if codec.rubydebug.metadata else rubydebug
    if isinstance(codec, Ndjson):
        form, same = json_of(timestamps), codec.ndjson.metadata
        return lambda event: with_metadata(form, same, event.get("@metadata", {}), form.document(event)) + b"\n"
    if codec == "ndjson" and timestamps != "exact":
        json = json_of(timestamps)
        return lambda event: json.document(event) + b"\n"
    return {"ndjson": ndjson, "pretty": pretty, "rubydebug": rubydebug, "dots": dots}[codec]


def ndjson(event: Event) -> bytes:
    """A JSON document and a line end."""
    return document(event) + b"\n"


def dots(event: Event) -> bytes:  # noqa: ARG001 - every codec takes the event
    """A dot."""
    return b"."


# --------------------------------------------------------------------------------------------------------- pretty


def pretty(event: Event) -> bytes:
    """For people, without colours."""
    return "".join(_lines(event, "", "", "")).encode()


def coloured(event: Event) -> bytes:
    """For people, at a terminal."""
    return "".join(_lines(event, "\x1b[1m", "\x1b[2m", "\x1b[0m")).encode()


def _lines(event: Event, bold: str, dim: str, plain: str) -> Iterator[str]:
    metadata = event.get("@metadata") or {}
    time = event.get("@timestamp")
    title = time.isoformat() if isinstance(time, datetime) else "no time"
    yield f"{bold}{title}{plain}  {_harmless(str(metadata.get('format', '')))}\n"
    for name, value in _flat(event, ""):
        shown = value if isinstance(value, str) else dumps(value).decode()
        yield f"  {dim}{_harmless(name)}{plain} {_harmless(shown)}\n"
    yield "\n"


def _flat(value: dict[str, Any], prefix: str) -> Iterator[tuple[str, Any]]:
    for name, inner in value.items():
        if prefix + name in ("@timestamp", "@metadata") or inner is None:
            continue
        if isinstance(inner, dict) and inner:
            yield from _flat(inner, f"{prefix}{name}.")
        else:
            yield prefix + name, inner


def _harmless(text: str) -> str:
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


# ------------------------------------------------------------------------------------------------------ rubydebug


def rubydebug(event: Event) -> bytes:
    """As Logstash's codec prints an event: keys right-aligned, lists with their indexes.

    Control characters are escaped, so that they can't steer a terminal.
    """
    shown = {name: value for name, value in event.items() if name != "@metadata"}
    return f"{_ruby(shown, 4)}\n".encode("utf-8", "replace")


def rubydebug_with_metadata(event: Event) -> bytes:
    """The same, with `@metadata`."""
    return f"{_ruby(event, 4)}\n".encode("utf-8", "replace")


def _ruby(value: Any, indent: int) -> str:
    if isinstance(value, dict):
        if not value:
            return "{}"
        keys = {key: inspect(str(key)) for key in value}
        width = max(map(len, keys.values())) + indent
        inner = ",\n".join(f"{keys[key].rjust(width)} => {_ruby(item, indent + 4)}" for key, item in value.items())
        return f"{{\n{inner}\n{' ' * (indent - 4)}}}"
    if isinstance(value, list | tuple):
        if not value:
            return "[]"
        width = len(str(len(value) - 1))
        items = (f"{' ' * indent}[{index:>{width}}] {_ruby(item, indent + 4)}" for index, item in enumerate(value))
        inner = ",\n".join(items)
        return f"[\n{inner}\n{' ' * (indent - 4)}]"
    return inspect(value)
