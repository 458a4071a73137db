"""Processors of beats as filters, and their conditions in our language.

Facts: Beats Platform Reference, "Define processors" and its conditions.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from logsluice.compat.s3logsbeat.re2 import translate
from logsluice.components import near

WITHOUT_EFFECT = (
    "add_cloud_metadata",
    "add_docker_metadata",
    "add_host_metadata",
    "add_kubernetes_metadata",
    "add_locale",
    "add_process_metadata",
)
"""What they add says where the beat runs, nothing of the log: warned about, and left out."""

INSTEAD = {
    "community_id": "the filter `python`",
    "convert": "the filter `mutate` with `convert`",
    "copy_fields": "the filter `mutate` with `copy`",
    "decode_base64_field": "the filter `python`",
    "decode_csv_fields": "the filter `csv`",
    "decode_json_fields": "the filter `json`",
    "dissect": "the filter `dissect`",
    "dns": "the filter `python`",
    "fingerprint": "the filter `fingerprint`",
    "script": "the filter `python`",
    "timestamp": "the filter `date`",
    "truncate_fields": "the filter `truncate`",
    "urldecode": "the filter `urldecode`",
}
"""Processors of later beats, and what does the same here."""

KEPT = ("@timestamp", "type")
"""Beats never drop these."""

_SIGNS = {"gte": ">=", "gt": ">", "lte": "<=", "lt": "<"}
_CONVERSIONS: dict[type, str] = {bool: "boolean", int: "integer", float: "float"}


def filters(processor: object) -> tuple[list[dict[str, Any]], str]:
    """The filters of a processor, and the name of one without effect ("" otherwise).

    Raises:
        ValueError: It can't be translated; with its name.
    """
    if not isinstance(processor, dict) or len(processor) != 1:
        raise ValueError("a processor is one name with its options")
    ((name, options),) = processor.items()
    if name in WITHOUT_EFFECT:
        return [], name
    if name in INSTEAD:
        raise ValueError(
            f"the processor {name!r} can't be translated: take it out, export the rest, and add {INSTEAD[name]}"
        )
    if name not in _FILTERS:
        raise ValueError(f"the processor {name!r} can't be translated{near(name, _FILTERS)}")
    if options is not None and not isinstance(options, dict):
        raise ValueError(f"{name} takes a mapping of options")
    given = dict(options or {})
    when = given.pop("when", None)
    if name == "drop_event" and when is None:
        raise ValueError("drop_event needs a `when`, or every event would be dropped")
    made = _FILTERS[name](given)
    if given:
        raise ValueError(f"{name} has no option {next(iter(given))!r}")
    return (made if when is None else [{"if": condition(when), "then": made}]), ""


def reference(name: str) -> str:
    """`a.b` as `[a][b]`."""
    if not name or any(sign in name for sign in "[]"):
        raise ValueError(f"{name!r} is no field")
    return "".join(f"[{part}]" for part in name.split("."))


def _list(value: object, what: str) -> list[Any]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"{what} needs a list of `fields`")
    return value


def _add_fields(given: dict[str, Any]) -> list[dict[str, Any]]:
    target, fields = str(given.pop("target", "fields")), given.pop("fields", None)
    if not isinstance(fields, dict) or not fields:
        raise ValueError("add_fields needs `fields`: a mapping of names to values")
    texts: dict[str, str] = {}
    kinds: dict[str, str] = {}
    for name, value in flat(fields):
        here = reference(f"{target}.{name}" if target else name)
        if isinstance(value, list) or value is None or "%{" in str(value):
            raise ValueError(f"add_fields can't add {name}: it takes texts without %{{…}}, numbers, true and false")
        texts[here] = str(value).lower() if isinstance(value, bool) else str(value)
        if type(value) in _CONVERSIONS:
            kinds[here] = _CONVERSIONS[type(value)]
    made: list[dict[str, Any]] = [{"mutate": {"replace": texts}}]
    return [*made, {"mutate": {"convert": kinds}}] if kinds else made


def _drop_fields(given: dict[str, Any]) -> list[dict[str, Any]]:
    given.pop("ignore_missing", None)
    names = [name for name in _list(given.pop("fields", None), "drop_fields") if name not in KEPT]
    return [{"mutate": {"remove_field": [reference(str(name)) for name in names]}}] if names else []


def _include_fields(given: dict[str, Any]) -> list[dict[str, Any]]:
    names = [str(name) for name in _list(given.pop("fields", None), "include_fields")]
    if nested := [name for name in names if "." in name]:
        raise ValueError(f"include_fields can't keep a part of a field, such as {nested[0]}: name the whole")
    return [{"prune": {"whitelist_names": [rf"\A{re.escape(name)}\z" for name in (*names, *KEPT)]}}]


def _add_labels(given: dict[str, Any]) -> list[dict[str, Any]]:
    return _add_fields({"target": "labels", "fields": given.pop("labels", None)})


def _add_tags(given: dict[str, Any]) -> list[dict[str, Any]]:
    tags, target = given.pop("tags", None), str(given.pop("target", "tags"))
    if not isinstance(tags, list) or not tags or target != "tags":
        raise ValueError("add_tags needs a list of `tags`, which go to the field `tags`")
    return [{"mutate": {"add_tag": [str(tag) for tag in tags]}}]


def _drop_event(_: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"drop": {}}]


def _rename(given: dict[str, Any]) -> list[dict[str, Any]]:
    for option in ("ignore_missing", "fail_on_error"):
        given.pop(option, None)
    pairs = _list(given.pop("fields", None), "rename")
    if not all(isinstance(pair, dict) and pair.keys() == {"from", "to"} for pair in pairs):
        raise ValueError("rename needs `fields`: a list of {from: name, to: name}")
    return [{"mutate": {"rename": {reference(str(pair["from"])): reference(str(pair["to"]))}}} for pair in pairs]


_FILTERS: dict[str, Callable[[dict[str, Any]], list[dict[str, Any]]]] = {
    "add_fields": _add_fields,
    "add_labels": _add_labels,
    "add_tags": _add_tags,
    "drop_event": _drop_event,
    "drop_fields": _drop_fields,
    "include_fields": _include_fields,
    "rename": _rename,
}


def condition(said: object) -> str:
    """A condition in our language.

    Raises:
        ValueError: It can't be translated.
    """
    if not isinstance(said, dict) or len(said) != 1:
        raise ValueError("a condition is one of equals, contains, regexp, range, has_fields, and, or, not")
    ((name, inner),) = said.items()
    if name in ("and", "or"):
        if not isinstance(inner, list) or not inner:
            raise ValueError(f"`{name}` takes a list of conditions")
        return "(" + f" {name} ".join(condition(each) for each in inner) + ")"
    if name == "not":
        return f"!({condition(inner)})"
    if name == "has_fields" and isinstance(inner, list) and inner:
        return "(" + " and ".join(reference(str(field)) for field in inner) + ")"
    if name not in _TESTS or not isinstance(inner, dict) or not inner:
        raise ValueError(f"the condition {name!r} can't be translated{near(str(name), (*_TESTS, 'has_fields'))}")
    return "(" + " and ".join(_TESTS[name](field, value) for field, value in flat(inner)) + ")"


def flat(fields: Mapping[str, Any], before: str = "") -> Iterator[tuple[str, Any]]:
    """(dotted name, value) of everything in nested mappings."""
    for name, value in fields.items():
        if isinstance(value, dict):
            yield from flat(value, f"{before}{name}.")
        else:
            yield f"{before}{name}", value


def _equals(field: str, value: Any) -> str:
    if isinstance(value, bool):
        return reference(field) if value else f"!{reference(field)}"
    return f"{reference(field)} == {_literal(value)}"


def _contains(field: str, value: Any) -> str:
    values = value if isinstance(value, list) else [value]
    return "(" + " or ".join(f"{_literal(str(each))} in {reference(field)}" for each in values) + ")"


def _regexp(field: str, value: Any) -> str:
    return f"{reference(field)} =~ {_literal(translate(str(value), ruby=True))}"


def _range(field: str, value: Any) -> str:
    name, _, sign = field.rpartition(".")
    if sign not in _SIGNS or isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"`range` takes gte, gt, lte and lt with numbers, not {field}: {value}")
    return f"{reference(name)} {_SIGNS[sign]} {value}"


_TESTS: dict[str, Callable[[str, Any], str]] = {
    "equals": _equals,
    "contains": _contains,
    "regexp": _regexp,
    "range": _range,
}


def _literal(value: Any) -> str:
    if isinstance(value, int | float):
        return str(value)
    if not isinstance(value, str):
        raise ValueError(f"{value!r} can't be compared with")
    return '"' + value.replace("\\", "\\\\").replace('"', '\\"') + '"'
