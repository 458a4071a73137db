"""XML by lxml (libxml2), with nothing in it that reaches out: no entities, no DTD, no network, no huge trees."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import lru_cache
from typing import Any

from lxml import etree

from logsluice.lang.text import ruby_text

CONTENT = "content"
"""The key of an element's text beside its attributes and children."""


def _parser(recover: bool) -> etree.XMLParser:
    return etree.XMLParser(
        encoding="utf-8",
        recover=recover,
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        huge_tree=False,
        remove_comments=True,
        remove_pis=True,
    )


def parse(text: str, recover: bool = False) -> Any:
    """The root of a document, whatever encoding it claims to have.

    Args:
        text: The document.
        recover: Make the best of a broken one.

    Raises:
        ValueError: It can't be read.
    """
    try:
        root = etree.fromstring(text.strip().encode(), _parser(recover))
    except etree.XMLSyntaxError as error:
        raise ValueError(f"no XML: {error}") from error
    if root is None:
        raise ValueError("no XML")
    return root


def without_namespaces(root: Any) -> None:
    """Take the namespaces off all elements and attributes, in place."""
    for element in root.iter(etree.Element):
        element.tag = etree.QName(element).localname
        for name in list(element.attrib):
            if name.startswith("{"):
                element.attrib[etree.QName(name).localname] = element.attrib.pop(name)
    etree.cleanup_namespaces(root)


def compile_xpath(expression: str, namespaces: Mapping[str, str]) -> Any:
    """An XPath 1.0 expression; equal ones are compiled once. Raises ValueError."""
    return _compiled(expression, tuple(sorted(namespaces.items())))


@lru_cache(maxsize=256)
def _compiled(expression: str, namespaces: tuple[tuple[str, str], ...]) -> Any:
    try:
        return etree.XPath(expression, namespaces=dict(namespaces), regexp=False, smart_strings=False)
    except etree.XPathSyntaxError as error:
        raise ValueError(f"XPath {expression!r}: {error}") from error


def select(root: Any, expression: str, namespaces: Mapping[str, str]) -> list[str]:
    """What an expression finds, as texts: elements as XML, numbers as Ruby writes them.

    Without `namespaces` those of the root element count, the default one as `xmlns`.

    Raises:
        ValueError: It names a prefix or function that is not there.
    """
    known = namespaces or {prefix or "xmlns": uri for prefix, uri in root.nsmap.items()}
    try:
        found = compile_xpath(expression, known)(root)
    except etree.XPathError as error:
        raise ValueError(f"XPath {expression!r}: {error}") from error
    return [_text(value) for value in (found if isinstance(found, list) else [found])]


def _text(value: Any) -> str:
    if isinstance(value, etree._Element):
        return etree.tostring(value, encoding="unicode", with_tail=False)
    if isinstance(value, tuple):  # a namespace's prefix and URI
        return str(value[1])
    return ruby_text(value)


def simplified(element: Any, force_array: bool, force_content: bool, suppress_empty: bool) -> Any:
    """An element as plain values, as Ruby's XmlSimple makes them.

    Attributes and children become keys, the text of an element without either a text. An element's name is its key
    in its parent, so that the root's is lost.

    Args:
        element: The element.
        force_array: Whether every child is in a list, or only those that come several times.
        force_content: Whether an element with nothing but text becomes an object too.
        suppress_empty: Whether empty children are left out; else they are empty objects.
    """
    result: dict[str, Any] = dict(_attributes(element))
    children = list(element)
    for child in children:
        if not isinstance(child.tag, str):
            continue  # an entity, which nobody expands
        value = simplified(child, force_array, force_content, suppress_empty)
        if value != {} or not suppress_empty:
            _merge(result, _name(child, child.tag), value, force_array)
    texts = [text for text in (element.text, *(child.tail for child in children)) if text]
    if not "".join(texts).strip():
        return result
    if children and any(isinstance(child.tag, str) for child in children):
        result[CONTENT] = texts[0] if len(texts) == 1 else texts
        return result
    text = "".join(texts)
    return {**result, CONTENT: text} if result or force_content else text


def _merge(result: dict[str, Any], name: str, value: Any, force_array: bool) -> None:
    if name not in result:
        result[name] = [value] if force_array else value
    elif isinstance(result[name], list):
        result[name].append(value)
    else:
        result[name] = [result[name], value]


def _attributes(element: Any) -> Iterator[tuple[str, str]]:
    outer = {} if element.getparent() is None else element.getparent().nsmap
    for prefix, uri in element.nsmap.items():
        if outer.get(prefix) != uri:
            yield (f"xmlns:{prefix}" if prefix else "xmlns"), uri
    for name, value in element.attrib.items():
        yield _name(element, name), value


def _name(element: Any, name: str) -> str:
    """As it is written in the document: with the prefix."""
    if not name.startswith("{"):
        return name
    uri, _, local = name[1:].partition("}")
    prefix = next((prefix for prefix, known in element.nsmap.items() if known == uri), None)
    return f"{prefix}:{local}" if prefix else local
