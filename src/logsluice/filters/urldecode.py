"""Decodes `%XX` in texts, as in URLs.

Options:

- `field`: the field to decode, default `message`; texts in lists and objects are decoded too.
- `all_fields`: decode every field of the event instead; default false.
- `charset`: what the decoded bytes are written in, default `utf-8`.
- `tag_on_failure`: default `_urldecodefailure`.
- `semantics`: `native` leaves a missing field missing; with `logstash` it is made, and null.

`+` stays `+`, and a `%` without two hexadecimal digits stays. Bytes that are no UTF-8 are written `\\xC3`, and
characters that can't be printed are escaped then, as Logstash does.

Example, in YAML::

    - urldecode: {field: "[s3][object][key]"}
"""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal

from pydantic import AfterValidator

from logsluice.components import Context
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRef, Text, Texts
from logsluice.lang.charsets import charset_name
from logsluice.lang.references import METADATA, MISSING, Reference
from logsluice.lang.ruby_text import inspect_text
from logsluice.model import Event, Filter

_ENCODED = re.compile(r"(?:%[0-9a-fA-F]{2})+")


class Config(CommonOptions):
    """See this module's docstring."""

    field: FieldRef = "message"
    all_fields: bool = False
    charset: Annotated[Text, AfterValidator(charset_name)] = "utf-8"
    tag_on_failure: Texts = ("_urldecodefailure",)
    semantics: Literal["native", "logstash"] = "native"


class Urldecode(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        self._field = None if config.all_fields else Reference(config.field)
        self._is_utf8 = config.charset == "utf-8"
        self._charset = config.charset
        self._makes_field = config.semantics == "logstash"

    def change(self, event: Event) -> bool:
        """Decode one field or all of them."""
        if self._field is None:
            event.update({name: self._decoded(value) for name, value in event.items() if name != METADATA})
            return True
        value = self._field.find(event)
        if value is not MISSING:
            self._field.set(event, self._decoded(value))
        elif self._makes_field:
            self._field.set(event, None)
        return True

    def _decoded(self, value: Any) -> Any:
        if isinstance(value, str):
            return self._text(value) if "%" in value else value
        if isinstance(value, list):
            return [self._decoded(inner) for inner in value]
        if isinstance(value, dict):
            return {name: self._decoded(inner) for name, inner in value.items()}
        return value

    def _text(self, text: str) -> str:
        if not self._is_utf8:
            return _ENCODED.sub(lambda found: _bytes(found[0]).decode(self._charset, "replace"), text)
        decoded = _ENCODED.sub(lambda found: _bytes(found[0]).decode("utf-8", "surrogateescape"), text)
        if decoded.isascii() or not any("\udc80" <= char <= "\udcff" for char in decoded):
            return decoded
        return inspect_text(decoded).replace('\\"', '"')


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration."""
    return Urldecode(config)


def _bytes(encoded: str) -> bytes:
    return bytes.fromhex(encoded.replace("%", ""))
