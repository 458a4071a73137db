"""What `check --live` finds dangerous in a cluster: who may what, and what lies behind the index names.

Looks and writes nothing. The APIs are "Get aliases", "Data streams", "Get ingest pipeline", "Get index template" and
"Bulk" of OpenSearch's and Elasticsearch's references.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from urllib.parse import quote

import orjson

from logsluice.cluster.client import Client
from logsluice.cluster.connection import connect
from logsluice.cluster.templates import name_of, pattern_of
from logsluice.components import Context
from logsluice.sinks.opensearch.config import Config
from logsluice.sinks.opensearch.indexes import PLACEHOLDER
from logsluice.sinks.opensearch.sink import NDJSON, identify

Found = Iterator[tuple[str, str]]
_DENIED = (401, 403)


def probe(config: Config, context: Context) -> Found:
    """Raises UsageError or Busy where nobody answers, or not to us."""
    client = connect(config, context.base)
    try:
        identify(client)
        yield from _Look(client, config, "index" if not config.data_stream else "data_stream").all()
    finally:
        client.close()


@dataclass(frozen=True, slots=True)
class _Look:
    client: Client
    config: Config
    option: str

    def all(self) -> Found:
        if pattern := pattern_of(self.config.target):
            target = quote(pattern, safe="*,.-_")
            yield from self._aliases(target)
            yield from self._streams(target)
            if self.config.manage_template and self.config.template is None:
                yield from self._template(name_of(pattern))
        if self.config.pipeline is not None and "%{" not in self.config.pipeline:
            yield from self._pipeline(self.config.pipeline)
        yield from self._writing()

    def _aliases(self, target: str) -> Found:
        """Aliases that rollover moves, of those that the index names may meet."""
        answer = self.client.request("GET", f"/_alias/{target}")
        if answer.status in _DENIED:
            yield self.option, f"aliases may not be looked at, so whether {target} is one can't be told"
        if answer.status != 200 or not isinstance(answer.content, dict):
            return  # 404: there is none
        indices: dict[str, list[str]] = {}
        moved: set[str] = set()
        for index, said in answer.content.items():
            for alias, about in said["aliases"].items():
                indices.setdefault(alias, []).append(index)
                if "is_write_index" in about:
                    moved.add(alias)
        for alias in sorted(moved):
            yield (
                self.option,
                (
                    f"{alias} is an alias with a write index ({', '.join(sorted(indices[alias]))}): an id is unique"
                    " within one index, so a repeat that comes after a rollover is a second document; name indices by"
                    " the event's own time, such as %{+yyyy.MM.dd}"
                ),
            )
        for alias in sorted(alias for alias in indices.keys() - moved if len(indices[alias]) > 1):
            yield (
                self.option,
                f"{alias} is an alias of {len(indices[alias])} indices, none of which is to be written to",
            )

    def _streams(self, target: str) -> Found:
        if self.config.data_stream:
            return  # said without looking
        answer = self.client.request("GET", f"/_data_stream/{target}")
        if answer.status != 200 or not isinstance(answer.content, dict):
            return
        for name in sorted(stream["name"] for stream in answer.content["data_streams"]):
            yield (
                "index",
                (
                    f"{name} is a data stream: set `data_stream: true`; an id is unique within one backing index, so a"
                    " repeat that comes after a rollover is a second document"
                ),
            )

    def _template(self, name: str) -> Found:
        answer = self.client.request("GET", f"/_index_template/{quote(name, safe='')}")
        if answer.status in _DENIED:
            yield (
                "manage_template",
                (
                    "index templates may not be looked at, nor, it seems, installed: grant it to this user, or set"
                    " `manage_template: false` and install them yourself"
                ),
            )

    def _pipeline(self, name: str) -> Found:
        answer = self.client.request("GET", f"/_ingest/pipeline/{quote(name, safe='')}")
        if answer.status == 404:
            yield "pipeline", f"the cluster has no ingest pipeline {name!r}: every document would be refused"

    def _writing(self) -> Found:
        """A document that can't be written, for it asks for an alias that nobody has; Serverless may not know that."""
        if any(".aoss." in url for url in self.config.urls):
            return
        index = f"{PLACEHOLDER.sub('0', self.config.target)[:200]}-logsluice-check"
        action = {"create": {"_index": index, "_id": "check", "require_alias": True}}
        answer = self.client.request("POST", "/_bulk", orjson.dumps(action) + b"\n{}\n", NDJSON)
        items = answer.content.get("items", ()) if isinstance(answer.content, dict) else ()
        refused = [item["create"] for item in items if item["create"].get("status") in _DENIED]
        if answer.status in _DENIED or refused:
            said = refused[0].get("error", {}).get("reason", "") if refused else answer.text[:300]
            yield self.option, f"this user may not write by bulk requests: {said}"
