"""The generated index templates of an output: installed before the first document, or printed for who may do that."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

import orjson

from logsluice.cluster.client import Answer, Client
from logsluice.cluster.templates import Cluster, index_template, name_of, pattern_of
from logsluice.components import UnknownComponent, find
from logsluice.errors import Busy, Sick
from logsluice.model import Format
from logsluice.sinks.opensearch.verdicts import describe

_installing = threading.Lock()
"""Of all outputs: two that share a template must not both begin with what was there before."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """An index template that an output needs.

    Attributes:
        pattern: Of the indices.
        formats: Those of the events in them.
        data_stream: Whether they are data streams.
    """

    pattern: str
    formats: tuple[Format, ...]
    data_stream: bool = False

    def body(self, cluster: Cluster) -> dict[str, Any]:
        """What `PUT _index_template/<name>` takes."""
        fields = [field for known in self.formats for field in known.fields]
        return index_template(self.pattern, fields, cluster, (known.name for known in self.formats), self.data_stream)

    def joined(self, formats: Iterable[Format]) -> Wanted:
        """With further formats; of two with one name this one's stays."""
        return replace(self, formats=tuple({known.name: known for known in (*formats, *self.formats)}.values()))


def wanted(index: str, formats: Sequence[Format], data_stream: bool = False) -> list[Wanted]:
    """The templates that an output needs: one for each pattern that its `index` option makes.

    With `%{[@metadata][format]}` in the option each format has its own, and `auto` costs a cluster only the templates
    of the formats that really come.

    Args:
        index: The option's text.
        formats: Those that may come.
        data_stream: Whether the option names data streams.
    """
    found: dict[str, list[Format]] = {}
    for known in formats:
        if pattern := pattern_of(index, known.name):
            found.setdefault(pattern, []).append(known)
    return [Wanted(pattern, tuple(of_it), data_stream) for pattern, of_it in found.items()]


def bodies(needed: Iterable[Wanted], cluster: Cluster) -> dict[str, dict[str, Any]]:
    """All templates by their names, as they are in the cluster when every output has installed its own."""
    joined: dict[str, Wanted] = {}
    for each in needed:
        before = joined.get(each.pattern)
        joined[each.pattern] = each if before is None else each.joined(before.formats)
    return {name_of(pattern): joined[pattern].body(cluster) for pattern in sorted(joined)}


class Templates:
    """Installs what one output needs.

    Args:
        client: The cluster, and
        cluster: what it runs.
        needed: The templates.
    """

    def __init__(self, client: Client, cluster: Cluster, needed: Iterable[Wanted]) -> None:
        self._client = client
        self._cluster = cluster
        self._missing = {each.pattern: each for each in needed}

    def ensure(self, index: str) -> None:
        """Install what matches an index, unless that was done before. One thread at a time.

        Raises:
            Busy: The cluster can't say now; call again.
            Sick: It refuses, with what to do.
        """
        for pattern in [pattern for pattern in self._missing if fnmatch.fnmatchcase(index, pattern)]:
            with _installing:
                self._install(pattern, index)
            del self._missing[pattern]

    def _install(self, pattern: str, index: str) -> None:
        path = f"/_index_template/{quote(name_of(pattern), safe='')}"
        template = self._missing[pattern].joined(self._others(path, pattern))
        answer = self._put(path, template)
        if answer.status == 400 and f"No handler for type [{self._cluster.open_ended['type']}]" in answer.text:
            self._cluster = replace(self._cluster, has_open_ended=False)
            answer = self._put(path, template)
        if answer.status != 200:
            raise _fault(answer, pattern, index)

    def _put(self, path: str, template: Wanted) -> Answer:
        return self._client.request("PUT", path, orjson.dumps(template.body(self._cluster)))

    def _others(self, path: str, pattern: str) -> Iterator[Format]:
        """The formats for which other outputs have installed the template of this pattern, in this program or another.

        Whoever may not read templates sees none.
        """
        content = self._client.request("GET", path).content
        for entry in content.get("index_templates", ()) if isinstance(content, dict) else ():
            template: dict[str, Any] = entry["index_template"]
            ours = (template.get("_meta") or {}).get("managed_by") == "logsluice"
            if not ours or template.get("index_patterns") != [pattern]:
                continue
            for name in template["template"]["mappings"].get("_meta", {}).get("formats", ()):
                try:
                    yield find("formats", name).build()
                except (UnknownComponent, TypeError, ValueError):  # not installed here, or made by options
                    continue


def _fault(answer: Answer, pattern: str, index: str) -> Busy | Sick:
    error = answer.content.get("error") if isinstance(answer.content, dict) else answer.text
    refused = f"the index template {name_of(pattern)} can't be installed: {answer.status} {describe(error)}"
    if answer.status in (408, 429) or answer.status >= 500:
        return Busy(refused)
    return Sick(
        f"{refused}; allow it (indices:admin/index_template/put), or set `manage_template: false` and have "
        "installed what `logsluice templates CONFIG` prints",
        index,
    )
