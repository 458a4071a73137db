"""Index templates, generated from the fields that formats declare.

Without them an IP address would be text and CIDR search impossible, and terms aggregations would need `.keyword`.
They are composable templates (`_index_template`: OpenSearch, Elasticsearch 7.8 and newer), named `logsluice-…`, with
`_meta` saying who made them. A template of your own with a priority of 200 or more takes their
place. Of two of ours that match an index the longer pattern's holds. Outputs with one pattern share its template: it
has the fields of all their formats.

How the neutral kinds are mapped:

- `keyword`: `keyword` with `ignore_above` (longer values stay in the document and are not searched)
- `text`: `text`, parted to words by the rule of docs/query-semantics.md, with a `keyword` beside it as
  `<name>.keyword` for aggregations and sorting
- `ip`: `ip` with `ignore_malformed`: a log line is not refused for an address that is none
- `integer`: `long`, `float`: `double`, `boolean`, `time`: `date`, `geo_point`
- `object`: `flat_object` on OpenSearch 2.7 and newer, `flattened` on Elasticsearch: one field however many keys come,
  which compare as strings; an older OpenSearch keeps it in the document, unsearched. `flat_object` has no
  `ignore_above`: a single value of more than 32 KB in it makes the cluster refuse that document

Fields that nobody declared (from filters, from `json`): strings become `keyword` (never `date`: the next one may be
none, and its document would be refused), numbers with a fraction `double`, `location` within an object becomes a
`geo_point` (what the geoip filter writes).

The mapping's `_meta` names the formats, so that a search can tell an index's format.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from logsluice.formats.fields import Field
from logsluice.query.values import WORD

PRIORITY = 150
"""Above the templates that clusters bring (100 on Elasticsearch), below what users usually choose (200 and more)."""

MOST_SPECIFIC = 49
"""What a pattern's length adds to PRIORITY at most: a cluster refuses patterns that overlap with equal priority."""

IGNORE_ABOVE = 8191
"""Characters; times 4 bytes just below Lucene's limit of 32,766 bytes a term."""

_KEYWORD: dict[str, Any] = {"type": "keyword", "ignore_above": IGNORE_ABOVE}

WORDS = "logsluice_words"
_ANALYSIS: dict[str, Any] = {
    "tokenizer": {WORDS: {"type": "pattern", "pattern": rf"[^{WORD}]+"}},
    "filter": {WORDS: {"type": "truncate", "length": IGNORE_ABOVE}},  # Lucene refuses a document for a longer term
    "analyzer": {WORDS: {"type": "custom", "tokenizer": WORDS, "filter": ["lowercase", WORDS]}},
}

_UNSEARCHED: dict[str, Any] = {"type": "object", "enabled": False}
"""Takes any JSON value and keeps it in the document only."""

_KINDS: dict[str, dict[str, Any]] = {
    "keyword": _KEYWORD,
    "text": {"type": "text", "analyzer": WORDS, "fields": {"keyword": _KEYWORD}},
    "ip": {"type": "ip", "ignore_malformed": True},
    "integer": {"type": "long", "ignore_malformed": True},
    "float": {"type": "double", "ignore_malformed": True},
    "boolean": {"type": "boolean"},
    "time": {"type": "date", "ignore_malformed": True},
    "geo_point": {"type": "geo_point", "ignore_malformed": True},
}

_COMMON: dict[str, dict[str, Any]] = {
    "@timestamp": {"type": "date"},
    "tags": _KEYWORD,
    "origin": {"properties": {"uri": _KEYWORD, "version": _KEYWORD, "position": {"type": "long"}}},
}

_DYNAMIC: list[dict[str, Any]] = [
    {
        "locations": {
            "path_match": "*.location",
            "match_mapping_type": "object",
            "mapping": {"type": "geo_point", "ignore_malformed": True},
        }
    },
    {"strings": {"match_mapping_type": "string", "mapping": _KEYWORD}},
    {"fractions": {"match_mapping_type": "double", "mapping": {"type": "double"}}},
]


@dataclass(frozen=True, slots=True)
class Cluster:
    """What software a cluster runs, as `GET /` tells.

    Attributes:
        distribution: `opensearch` or `elasticsearch`.
        version: (major, minor).
        has_open_ended: Whether it has the type for `object` fields that this version has as a rule. Builds without
            Elastic's own modules have not.
    """

    distribution: str = "opensearch"
    version: tuple[int, int] = (2, 19)
    has_open_ended: bool = True

    @property
    def open_ended(self) -> dict[str, Any]:
        """The mapping of `object` fields."""
        if not self.has_open_ended:
            return _UNSEARCHED
        if self.distribution == "elasticsearch":
            return {"type": "flattened", "ignore_above": IGNORE_ABOVE}
        if self.version >= (2, 7):
            return {"type": "flat_object"}
        return _UNSEARCHED


def pattern_of(index: str, format_name: str = "") -> str:
    """The index pattern that an `index` option makes: `alb-%{+yyyy.MM.dd}` gives `alb-*`.

    Args:
        index: The option's text.
        format_name: Put in the place of `%{[@metadata][format]}`.

    Returns:
        "" when the name begins with a placeholder: a pattern that may match everything is not ours to make.
    """
    text = index.replace("%{[@metadata][format]}", format_name) if format_name else index
    pattern = re.sub(r"\*+", "*", re.sub(r"%\{[^}]*\}", "*", text))
    pattern = re.sub(r"\*(?:[-._]?\*)+$", "*", pattern)
    return "" if pattern.startswith("*") else pattern


def name_of(pattern: str) -> str:
    """The template's name: `logsluice-alb` for `alb-*`."""
    bare = re.sub(r"[^a-z0-9._]+", "-", pattern.removeprefix("logsluice-")).strip("-._")
    return f"logsluice-{bare}" if bare else "logsluice"


def index_template(
    pattern: str, fields: Iterable[Field], cluster: Cluster, formats: Iterable[str] = (), data_stream: bool = False
) -> dict[str, Any]:
    """The body of `PUT _index_template/<name>` for the indices of a pattern, to which events of these formats go.

    With `data_stream` the first document of a name makes a data stream of it.
    """
    return {
        "index_patterns": [pattern],
        "priority": PRIORITY + min(len(pattern.replace("*", "")), MOST_SPECIFIC),
        "_meta": {"managed_by": "logsluice"},
        **({"data_stream": {}} if data_stream else {}),
        "template": {
            "settings": {"index": {"analysis": _ANALYSIS}},
            "mappings": {
                "_meta": {"formats": sorted(formats)},
                "date_detection": False,
                "dynamic_templates": _DYNAMIC,
                "properties": properties(fields, cluster),
            },
        },
    }


def properties(fields: Iterable[Field], cluster: Cluster) -> dict[str, Any]:
    """The `properties` of a mapping; of several formats' fields as well, when they share an index.

    Where two formats disagree on a field, `keyword` holds both; what is an object in one of them only is not searched.
    """
    kinds: dict[str, set[str]] = {}
    for field in fields:
        kinds.setdefault(field.name, set()).add(field.kind)
    made: dict[str, Any] = {}
    for name in sorted(kinds):  # a parent comes before its children
        _put(made, name.split("."), _mapping(kinds[name], cluster))
    return {**made, **_COMMON}


def _mapping(kinds: set[str], cluster: Cluster) -> dict[str, Any]:
    if kinds == {"object"}:
        return cluster.open_ended
    if len(kinds) > 1:
        return _UNSEARCHED if kinds & {"object", "geo_point"} else _KEYWORD
    return _KINDS[next(iter(kinds))]


def _put(made: dict[str, Any], path: list[str], mapping: dict[str, Any]) -> None:
    """Nest a mapping under its parents; a declared parent that holds any keys already covers its children."""
    for name in path[:-1]:
        parent = made.setdefault(name, {"properties": {}})
        if "properties" not in parent:
            return
        made = parent["properties"]
    made[path[-1]] = mapping
