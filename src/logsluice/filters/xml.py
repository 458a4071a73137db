"""Reads XML out of a field (`pip install logsluice[xml]`).

Options:

- `source` (required): the field with the text, or a list of one.
- `target`: the field that gets the document as nested values; required unless `store_xml` is off.
- `store_xml` (true): whether the document is stored.
- `xpath`: XPath 1.0 expression to field; what it finds is appended there, as a list of texts.
- `namespaces`: prefix to URI, for `xpath`; by default the prefixes that the root element declares, and `xmlns` for
  the one without.
- `remove_namespaces` (false): take the namespaces off before.
- `force_array` (true): every child is in a list; with false only those that come several times.
- `force_content` (false): elements with nothing but text become objects with the key `content`, as those with
  attributes do.
- `suppress_empty` (true): empty elements are left out.
- `parse_options`: with `strict` a broken document gives `xpath` nothing either.
- `tag_on_failure`: default `_xmlparsefailure`.
- `ecs_compatibility`: accepted; it changes nothing.

Entities are not expanded, DTDs are not read, nothing is fetched.

Example, in YAML::

    - xml:
        source: message
        store_xml: false
        xpath: {"/order/@id": order_id}
"""

from __future__ import annotations

from types import ModuleType
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, model_validator

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRef, Text, Texts, pairs
from logsluice.filters._tags import add_failure_tags
from logsluice.lang.references import Reference
from logsluice.model import Event, Filter


class Config(CommonOptions):
    """See this module's docstring."""

    source: FieldRef
    target: FieldRef | None = None
    store_xml: bool = True
    xpath: Annotated[dict[str, FieldRef], BeforeValidator(pairs)] = Field(default_factory=dict)
    namespaces: Annotated[dict[str, str], BeforeValidator(pairs)] = Field(default_factory=dict)
    remove_namespaces: bool = False
    force_array: bool = True
    force_content: bool = False
    suppress_empty: bool = True
    parse_options: Text = ""
    tag_on_failure: Texts = ("_xmlparsefailure",)
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"

    @model_validator(mode="after")
    def _has_a_target(self) -> Config:
        if self.store_xml and self.target is None:
            raise ValueError("xml needs a target, or store_xml: false")
        return self


class Xml(EachEvent):
    """The filter."""

    def __init__(self, config: Config, reader: ModuleType) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        self._config = config
        self._reader = reader
        self._source = Reference(config.source)
        self._target = Reference(config.target) if config.store_xml and config.target else None
        self._paths = [(path, Reference(field)) for path, field in config.xpath.items()]
        self._recovers = "strict" not in config.parse_options.lower()
        self._failure_tags = config.tag_on_failure
        for path in config.xpath:
            reader.compile_xpath(path, config.namespaces)

    def change(self, event: Event) -> bool:
        """Read the document; put what was asked for. Raises ValueError."""
        text = self._text(event)
        if not text:
            return False
        try:
            root = self._reader.parse(text)
        except ValueError:
            if self._paths and self._recovers:
                self._select(event, self._reader.parse(text, recover=True))
                if self._target is None:
                    return True
            add_failure_tags(event, self._failure_tags)
            return False
        selected = self._select(event, root)
        if self._target is None:
            return selected
        config = self._config
        found = self._reader.simplified(root, config.force_array, config.force_content, config.suppress_empty)
        self._target.set(event, found)
        return True

    def _text(self, event: Event) -> str:
        value = self._source.get(event)
        if isinstance(value, list) and len(value) == 1:
            value = value[0]
        if value is None or isinstance(value, list):
            return ""
        if not isinstance(value, str):
            raise ValueError(f"a {type(value).__name__} is no XML")
        return value.strip()

    def _select(self, event: Event, root: Any) -> bool:
        """Whether any expression found anything."""
        if self._config.remove_namespaces:
            self._reader.without_namespaces(root)
        any_found = False
        for path, field in self._paths:
            found = self._reader.select(root, path, self._config.namespaces)
            if found:
                there = field.get(event)
                before = there if isinstance(there, list) else [] if there is None else [there]
                field.set(event, [*before, *found])
                any_found = True
        return any_found


def build(config: Config, _: Context) -> Filter:
    """The filter of a configuration.

    Raises:
        UsageError: lxml is not installed.
        ValueError: An XPath expression can't be compiled.
    """
    try:
        from logsluice.filters import _xml
    except ImportError as error:
        raise UsageError("xml needs the package lxml", "pip install 'logsluice[xml]'") from error
    return Xml(config, _xml)
