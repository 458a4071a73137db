"""Takes back what a cluster holds of an origin: `backfill --replace`.

By a search and a bulk request that deletes what it found, again and again until nothing is found: unlike
`_delete_by_query` this works on every cluster that takes documents, Serverless too, and no request of it lasts long.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import quote

import orjson

from logsluice.cluster.client import Client
from logsluice.cluster.templates import pattern_of
from logsluice.errors import Busy, UsageError
from logsluice.model import Format, Origin
from logsluice.sinks.opensearch.bulk import item_fault
from logsluice.sinks.opensearch.verdicts import judge, refusal

PAGE = 5000
FOUND = quote("hits.hits._index,hits.hits._id,hits.hits._routing,timed_out,_shards.failed", safe="")
DELETED = quote("items.*.status,items.*.error", safe="")
NONE_IS_FINE = "ignore_unavailable=true&allow_no_indices=true"


def forget(client: Client, index: str, formats: Sequence[Format], origin: Origin) -> int:
    """Delete every document of an origin from the indices that an `index` option makes.

    Returns:
        How many there were.

    Raises:
        SinkFault: It can't be done now.
        UsageError: The index option matches anything, or the documents don't say their origin.
    """
    patterns = sorted({pattern_of(index, known.name) for known in formats} or {pattern_of(index)})
    if "" in patterns:
        raise UsageError(
            f"the index {index!r} begins with a %{{field}}: which indices are ours can't be told",
            hint="begin the index with a text of your own, or delete by a query of your own on `origin.uri`",
        )
    target = quote(",".join(patterns), safe="*,.-_")
    count = sum(_delete(client, target, page) for page in _pages(client, target, origin))
    if not count and _has_events_without_origin(client, target):
        raise UsageError(
            f"the events in {target} don't say which origin they are of, so those of {origin.uri} can't be found",
            hint="with `origin: true`, the default, they do; delete these by a query of your own",
        )
    return count


def _pages(client: Client, target: str, origin: Origin) -> Iterator[list[dict[str, Any]]]:
    """What is still there, until that is nothing."""
    query = {"bool": {"filter": [_equals("origin.uri", origin.uri), _equals("origin.version", origin.version)]}}
    body = orjson.dumps({"size": PAGE, "_source": False, "sort": ["_doc"], "query": query})
    while True:
        client.request("POST", f"/{target}/_refresh?{NONE_IS_FINE}")  # Serverless has none: it refreshes by itself
        answer = client.request("POST", f"/{target}/_search?{NONE_IS_FINE}&filter_path={FOUND}", body)
        if answer.status == 404:
            return
        if answer.status != 200 or not isinstance(answer.content, dict):
            raise refusal(answer)
        if answer.content.get("timed_out") or answer.content.get("_shards", {}).get("failed"):
            raise Busy(f"{answer.host} did not search all of {target}")
        found = answer.content.get("hits", {}).get("hits", [])
        if not found:
            return
        yield found


def _has_events_without_origin(client: Client, target: str) -> bool:
    """Whether there are events, and none of them says its origin."""
    body = orjson.dumps({"size": 0, "aggs": {"origins": {"filter": {"exists": {"field": "origin.uri"}}}}})
    content = client.request("POST", f"/{target}/_search?{NONE_IS_FINE}", body).content
    if not isinstance(content, dict) or "aggregations" not in content:
        return False
    any_event = {"value": 0, **content["hits"]["total"]}["value"] > 0
    return any_event and not content["aggregations"]["origins"]["doc_count"]


def _equals(field: str, value: str) -> dict[str, Any]:
    """As our templates map it, or as a cluster does by itself: text with a keyword beside it."""
    return {"bool": {"should": [{"term": {name: value}} for name in (field, f"{field}.keyword")]}}


def _delete(client: Client, target: str, found: Sequence[dict[str, Any]]) -> int:
    """How many of the documents found were deleted by this request."""
    lines = [{"delete": {"_index": hit["_index"], "_id": hit["_id"]} | _routing(hit)} for hit in found]
    body = b"".join(orjson.dumps(line, option=orjson.OPT_APPEND_NEWLINE) for line in lines)
    answer = client.request("POST", f"/_bulk?filter_path={DELETED}", body, "application/x-ndjson")
    items = answer.content.get("items") if isinstance(answer.content, dict) else None
    if answer.status != 200 or not isinstance(items, list):
        raise refusal(answer)
    results = [item["delete"] for item in items]
    for result in results:
        if result["status"] not in (200, 404):
            error = result.get("error") or {}
            raise item_fault(judge(result["status"], error, creating=False), result["status"], error, target)
    deleted = [result["status"] for result in results].count(200)
    if not deleted:
        raise Busy(f"{answer.host} still finds documents that are deleted: it refreshes later")
    return deleted


def _routing(hit: dict[str, Any]) -> dict[str, str]:
    return {"routing": hit["_routing"]} if "_routing" in hit else {}
