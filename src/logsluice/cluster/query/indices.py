"""The indices that are asked: requests for searches, counts and aggregations, and what is mapped in them."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

import orjson

from logsluice.cluster.client import Client
from logsluice.cluster.query.dsl import Clause, all_of
from logsluice.cluster.query.mapping import Group, groups
from logsluice.cluster.query.pages import KEPT_MINUTES, IdsUnsorted, Page
from logsluice.errors import Busy, UsageError

MAPPINGS_SECONDS = 30.0
"""How long mappings are taken for what they were; a new day's index is soon known."""


class Indices:
    """Indices of OpenSearch or Elasticsearch, by a name or a pattern.

    Every method raises UsageError where the cluster can't answer, and IdsUnsorted where it does not sort by `_id`.

    Args:
        client: Closed with this.
        pattern: A name or a pattern such as `alb-*`, or several with commas.
    """

    def __init__(self, client: Client, pattern: str) -> None:
        self._client = client
        self._pattern = pattern
        self._path = f"/{quote(pattern, safe='*,')}"
        self._known: tuple[float, list[Group]] | None = None

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def groups(self) -> list[Group]:
        """All of them, those with the same fields together."""
        now = time.monotonic()
        if self._known is None or now - self._known[0] > MAPPINGS_SECONDS:
            self._known = now, groups(self._request("GET", f"{self._path}/_mapping"))
        return self._known[1]

    def search(self, body: dict[str, Any], within: Sequence[Group]) -> Any:
        """One search of some groups' indices; their names go into the body, for a URL can't hold many."""
        if len(within) == len(self.groups()):
            answer = self._request("POST", f"{self._path}/_search", orjson.dumps(body))
        else:
            header = {"index": [index for group in within for index in group.indices], "ignore_unavailable": True}
            lines = b"".join(orjson.dumps(line) + b"\n" for line in (header, body))
            (answer,) = self._request("POST", "/_msearch", lines)["responses"]
        return self._whole(answer)

    def count(self, clause: Clause, within: Sequence[Group]) -> int:
        """How many documents of some groups match."""
        answer = self.search({"query": clause, "size": 0, "track_total_hits": True}, within)
        return int(answer["hits"]["total"]["value"])

    def aggregate(self, clause: Clause, within: Sequence[Group], wanted: dict[str, Any]) -> Any:
        """Aggregations over the documents of some groups that match; empty ones where there is no index."""
        answer = self.search({"query": clause, "size": 0, "track_total_hits": False, "aggs": wanted}, within)
        none: dict[str, Any] = {"value": None, "buckets": []}
        return answer.get("aggregations") or dict.fromkeys(wanted, none)

    def hold(self, page: Page) -> None:
        """Open a point in time for a page, and for those after it."""
        page.moment = self._request("POST", f"{self._path}/_pit?keep_alive={KEPT_MINUTES}m")["id"]

    def search_held(self, page: Page, body: dict[str, Any], members: Sequence[Group]) -> Any:
        """One search of some groups' indices at a page's point in time, which is of all indices."""
        asked = {
            **body,
            "query": all_of([within(members), body["query"]]),
            "pit": {"id": page.moment, "keep_alive": f"{KEPT_MINUTES}m"},
        }
        answer = self._whole(self._request("POST", "/_search", orjson.dumps(asked)))
        page.moment = answer.get("pit_id", page.moment)
        return answer

    def release(self, page: Page) -> None:
        """Close a page's point in time, if the cluster lets us: it ends by itself, a little later."""
        with contextlib.suppress(UsageError):
            self._request("DELETE", "/_pit", orjson.dumps({"id": page.moment}))

    def _whole(self, answer: Any) -> Any:
        """An answer to which every shard has given its part."""
        shards = answer.get("_shards", {})
        if "error" in answer or shards.get("failed") or answer.get("timed_out"):
            reasons = [failure.get("reason", {}).get("reason", "") for failure in shards.get("failures", [])]
            reason = _reason(answer) or next(iter(reasons), "too slow")
            if IdsUnsorted.SIGN in reason:
                raise IdsUnsorted
            raise UsageError(f"a part of {self._pattern} did not answer: {reason}")
        return answer

    def _request(self, method: str, path: str, body: bytes = b"") -> Any:
        try:
            answer = self._client.request(method, path, body)
        except Busy as error:
            raise UsageError(str(error)) from None
        reason = _reason(answer.content)
        if IdsUnsorted.SIGN in reason:
            raise IdsUnsorted
        if answer.status == 404 and "search context" in reason:
            raise UsageError(f"the page before is more than {KEPT_MINUTES} minutes old", "start again from the first")
        if answer.status == 404:
            raise UsageError(f"{answer.host} has no index {self._pattern}", "name one, or a pattern such as alb-*")
        if answer.status in (401, 403):
            raise UsageError(
                f"{answer.host} does not let you search {self._pattern} ({answer.status})",
                "check the user, its password and its right to read these indices and their mappings",
            )
        if answer.status != 200 or not isinstance(answer.content, dict):
            raise UsageError(f"{answer.host} can't answer ({answer.status}): {reason or answer.text}")
        return answer.content


def within(members: Sequence[Group]) -> Clause:
    """The documents of some groups' indices."""
    return {"terms": {"_index": [index for group in members for index in group.indices]}}


def _reason(content: Any) -> str:
    error = content.get("error") if isinstance(content, dict) else None
    causes = error.get("root_cause") if isinstance(error, dict) else None
    return str(causes[0].get("reason", "")) if causes else ""
