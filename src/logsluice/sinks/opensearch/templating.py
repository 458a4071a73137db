"""Installs the generated index template of an index before the first document of that index is sent."""

from __future__ import annotations

import fnmatch
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
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


class Templates:
    """The templates that one output needs: one for each pattern that its `index` option makes.

    With `%{[@metadata][format]}` in the option each format has its own, and `auto` costs a cluster only the templates
    of the formats that really come.

    Args:
        client: The cluster, and
        cluster: what it runs.
        index: The option's text.
        formats: Those that may come.
        data_stream: Whether the option names data streams.
    """

    def __init__(
        self, client: Client, cluster: Cluster, index: str, formats: Sequence[Format], data_stream: bool = False
    ) -> None:
        self._client = client
        self._cluster = cluster
        self._data_stream = data_stream
        self._missing: dict[str, list[Format]] = {}
        for known in formats:
            if pattern := pattern_of(index, known.name):
                self._missing.setdefault(pattern, []).append(known)

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
        formats = {known.name: known for known in (*self._others(path, pattern), *self._missing[pattern])}
        answer = self._put(path, pattern, formats)
        if answer.status == 400 and f"No handler for type [{self._cluster.open_ended['type']}]" in answer.text:
            self._cluster = replace(self._cluster, has_open_ended=False)
            answer = self._put(path, pattern, formats)
        if answer.status != 200:
            raise _fault(answer, pattern, index)

    def _put(self, path: str, pattern: str, formats: dict[str, Format]) -> Answer:
        fields = [field for known in formats.values() for field in known.fields]
        body = index_template(pattern, fields, self._cluster, formats, self._data_stream)
        return self._client.request("PUT", path, orjson.dumps(body))

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
        f"{refused}; allow it (indices:admin/index_template/put), or set `manage_template: false` and install "
        "one of your own",
        index,
    )
