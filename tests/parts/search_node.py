"""What the nodes of OpenSearch and Elasticsearch have in common for the tests."""

from __future__ import annotations

import abc
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import urllib3

from tests.parts import Server, free_port
from tests.parts.java_tools import JAVA_OPTIONS, java_tool


class SearchNode(Server):
    """One node, single-node discovery, ingest role, on 127.0.0.1 only.

    A subclass gives `arguments()` (class path, main class and what comes before the settings), its `roles`, the oldest
    Java that it runs on, and what it lacks.

    Args:
        folder: Its data and logs.
        settings: What would stand in its yml file; a list as `[a,b]`.
    """

    version = ""
    roles = "[cluster_manager,data,ingest]"
    oldest_java = 17
    has_data_streams = True
    has_ingest_processors = True

    def __init__(self, folder: Path, settings: Mapping[str, str] | None = None) -> None:
        super().__init__(folder)
        self.transport_port = free_port()
        self.settings = dict(settings or {})
        self.http = urllib3.PoolManager(retries=False, timeout=30.0)

    @abc.abstractmethod
    def arguments(self) -> Sequence[str | Path]:
        """Java's, but for the memory and the settings."""

    def command(self) -> Sequence[str | Path]:
        settings = {
            "network.host": "127.0.0.1",
            "http.port": str(self.port),
            "transport.port": str(self.transport_port),
            "node.roles": self.roles,
            "discovery.type": "single-node",
            "cluster.routing.allocation.disk.threshold_enabled": "false",
            **self.settings,
        }
        pairs = [f"{name}={value}" for name, value in settings.items()]
        return [java_tool("java", self.oldest_java), *JAVA_OPTIONS, *self.arguments(), *pairs]

    def healthy(self) -> bool:
        try:
            return bool(self.call("GET", "/_cluster/health?wait_for_status=yellow&timeout=1s")[0] == 200)
        except urllib3.exceptions.HTTPError:
            return False

    def call(self, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """One request with a JSON body, past all that is tested: the status, and the answer (text if not JSON)."""
        data = None if body is None else json.dumps(body).encode()
        answer = self.http.request(method, self.url + path, body=data, headers=self.headers())
        is_json = "json" in answer.headers.get("content-type", "")
        return answer.status, json.loads(answer.data) if is_json else answer.data.decode()

    def headers(self) -> dict[str, str]:
        """Sent with every `call`."""
        return {"content-type": "application/json"}

    def clean(self) -> None:
        """As if freshly started, in milliseconds: no index, template or setting of a test before."""
        none = {"transient": {"*": None}, "persistent": {"*": None}}
        self.call("PUT", "/_cluster/settings", none)
        self.call("DELETE", "/_data_stream/*")
        indices = self.call("GET", "/_cat/indices?format=json&h=index&expand_wildcards=all")[1]
        names = [row["index"] for row in indices if not row["index"].startswith(".")]
        for name in names:
            # a blocked index can't be deleted before its block is lifted, a read-only one takes nothing beside that
            for blocks in (("read_only",), ("read_only_allow_delete", "write", "metadata")):
                self.call("PUT", f"/{name}/_settings", {f"index.blocks.{block}": None for block in blocks})
            self.call("DELETE", f"/{name}")
        self.call("DELETE", "/_index_template/*")

    def settings_now(self, **transient: Any) -> None:
        """Change cluster settings while it runs; `__` in a name stands for the dot. None takes a setting back."""
        named = {name.replace("__", "."): value for name, value in transient.items()}
        status, answer = self.call("PUT", "/_cluster/settings", {"transient": named})
        assert status == 200, answer

    def documents(self, index: str) -> dict[str, dict[str, Any]]:
        """All documents of an index (or pattern) by `_id`, freshly refreshed; none when there is no such index."""
        self.call("POST", f"/{index}/_refresh?ignore_unavailable=true")
        query = {"size": 10000, "sort": [{"_doc": "asc"}]}
        status, answer = self.call("POST", f"/{index}/_search?ignore_unavailable=true", query)
        assert status == 200, answer
        assert answer["hits"]["total"]["value"] <= 10000, "too many documents for one page"
        return {hit["_id"]: hit["_source"] for hit in answer["hits"]["hits"]}
