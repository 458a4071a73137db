"""Installs the generated index template of an index before the first document of that index is sent."""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from urllib.parse import quote

import orjson

from logsluice.cluster.client import Client
from logsluice.cluster.templates import Cluster, index_template, name_of, pattern_of
from logsluice.errors import Busy, Sick
from logsluice.formats.fields import Field
from logsluice.model import Format
from logsluice.sinks.opensearch.verdicts import describe


class Templates:
    """The templates that one output needs: one for each pattern that its `index` option makes.

    With `%{[@metadata][format]}` in the option each format has its own, and `auto` costs a cluster only the templates
    of the formats that really come.
    """

    def __init__(self, client: Client, cluster: Cluster, index: str, formats: Sequence[Format]) -> None:
        self._client = client
        self._cluster = cluster
        self._missing: dict[str, list[Field]] = {}
        for known in formats:
            if pattern := pattern_of(index, known.name):
                self._missing.setdefault(pattern, []).extend(known.fields)

    def ensure(self, index: str) -> None:
        """Install what matches an index, unless that was done before. One thread at a time.

        Raises:
            Busy: The cluster can't say now; call again.
            Sick: It refuses, with what to do.
        """
        for pattern in [pattern for pattern in self._missing if fnmatch.fnmatchcase(index, pattern)]:
            self._install(pattern, self._missing[pattern], index)
            del self._missing[pattern]

    def _install(self, pattern: str, fields: Sequence[Field], index: str) -> None:
        name = name_of(pattern)
        body = orjson.dumps(index_template(pattern, fields, self._cluster))
        answer = self._client.request("PUT", f"/_index_template/{quote(name, safe='')}", body)
        if answer.status == 200:
            return
        error = answer.content.get("error") if isinstance(answer.content, dict) else answer.text
        refusal = f"the index template {name} can't be installed: {answer.status} {describe(error)}"
        if answer.status in (408, 429) or answer.status >= 500:
            raise Busy(refusal, index)
        raise Sick(
            f"{refusal}; allow it (indices:admin/index_template/put), or set `manage_template: false` and install "
            "one of your own",
            index,
        )
