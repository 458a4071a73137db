"""Reads a row of comma-separated values into fields.

Options:

- `source`: the field with the row, default `message`; `target`: the field that gets the columns, default the event.
- `columns`: the columns' names, which are field references. Columns beyond them are `column3`, `column4` …
- `autogenerate_column_names` (true): with false such columns are left out.
- `autodetect_column_names` (false): the first row that comes names the columns, and makes no event. Rows must then
  come in order: use one worker, and `skip_header` where every object begins with the header.
- `skip_header` (false): a row that equals `columns` makes no event.
- `skip_empty_columns` (false): an empty column sets no field; else it is null, or `""` where it stands in quotes.
- `skip_empty_rows` (false): a row without any value gets the tag `_csvskippedemptyfield`.
- `separator` (`,`), `quote_char` (`"`).
- `convert`: column to `integer`, `float`, `date`, `date_time` or `boolean`; what can't be converted stays text.
- `ecs_compatibility`: accepted; it changes nothing.

Rows that are badly quoted or empty, and sources that are no text, get the tag `_csvparsefailure`. Of several lines
the first is read.

Example, in YAML::

    - csv:
        columns: [Bucket, Key, Size]
        convert: {Size: integer}
"""

from __future__ import annotations

import threading
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent, named_by_data, within
from logsluice.filters._csv import ConversionName, Row, convert, row_reader
from logsluice.filters._options import FieldRef, FieldRefs, FilledText, Text, pairs
from logsluice.filters._tags import add_failure_tags
from logsluice.lang.references import Reference
from logsluice.model import Event, Filter, RejectEvent

FAILURE_TAGS = ("_csvparsefailure",)
EMPTY_TAGS = ("_csvskippedemptyfield",)
_REMEMBERED = 1000


def _one_character(text: str) -> str:
    if text == r"\x00":  # Logstash's configurations can't hold the character itself
        return "\0"
    if len(text) != 1:
        raise ValueError(f"must be one character, not {text!r}")
    return text


class Config(CommonOptions):
    """See this module's docstring."""

    source: FieldRef = "message"
    target: FieldRef | None = None
    columns: FieldRefs = ()
    autogenerate_column_names: bool = True
    autodetect_column_names: bool = False
    skip_header: bool = False
    skip_empty_columns: bool = False
    skip_empty_rows: bool = False
    separator: FilledText = ","
    quote_char: Annotated[Text, AfterValidator(_one_character)] = '"'
    convert: Annotated[dict[str, ConversionName], BeforeValidator(pairs)] = Field(default_factory=dict)
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"


@dataclass(frozen=True, slots=True)
class _Column:
    """The field of a column, None where it has none, and what it is converted to."""

    field: Reference | None
    kind: ConversionName | None


class Csv(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, error_tags=FAILURE_TAGS)
        self._config = config
        self._source = Reference(config.source)
        self._read = row_reader(config.separator, config.quote_char)
        self._columns = config.columns
        self._known: dict[int, _Column] = {}
        self._skips_empty = config.skip_empty_columns
        self._learns = config.autodetect_column_names and not config.columns
        self._learning = threading.Lock()

    def apply(self, events: list[Event], reject: RejectEvent) -> list[Event]:
        """See `logsluice.model.Filter`. Header rows go first."""
        if self._learns or self._config.skip_header:
            events = [event for event in events if not self._is_header(event)]
        return super().apply(events, reject)

    def change(self, event: Event) -> bool:
        """Read the row and put its columns. Raises ValueError."""
        text = self._source.get(event)
        if text is None or text is False:
            return False
        row = self._row(text)
        if self._config.skip_empty_rows and not any(row or ()):
            add_failure_tags(event, EMPTY_TAGS)
            return False
        if row is None:
            raise ValueError("an empty row")
        for number, value in enumerate(row):
            column = self._known.get(number) or self._column(number)
            if column.field is not None and (value or not self._skips_empty):
                column.field.set(event, value if not column.kind or value is None else convert(value, column.kind))
        return True

    def _column(self, number: int) -> _Column:
        """What becomes of a column; found out once for those that rows usually have."""
        name = f"column{number + 1}" if self._config.autogenerate_column_names else None
        if number < len(self._columns):
            name = self._columns[number]
        field = None if name is None else named_by_data(within(self._config.target, name))
        column = _Column(field, self._config.convert.get(name or ""))
        if number < _REMEMBERED:
            self._known[number] = column
        return column

    def _row(self, text: Any) -> Row | None:
        if not isinstance(text, str):
            raise ValueError(f"a {type(text).__name__} is no row")
        return self._read(text)

    def _is_header(self, event: Event) -> bool:
        try:
            row = self._row(self._source.get(event))
        except ValueError:
            return False  # tagged when it is its turn
        if not row:
            return False
        with self._learning:
            if self._learns and not self._columns:
                self._columns = tuple(name or f"column{number}" for number, name in enumerate(row, 1))
                return True
        return self._config.skip_header and bool(self._columns) and tuple(row) == self._columns


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Csv(config)
