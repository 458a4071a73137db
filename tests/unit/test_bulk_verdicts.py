"""What each refusal means, and how an answer becomes a result for each event."""

from __future__ import annotations

from typing import Any

import pytest

from logsluice.errors import Busy, Sick
from logsluice.model import Encoded, Sent
from logsluice.sinks._documents import Documents
from logsluice.sinks.opensearch.bulk import read_items
from logsluice.sinks.opensearch.verdicts import Verdict, describe, judge


def request(count: int) -> Encoded:
    """Documents for the indexes logs-t0, logs-t1 …"""
    body = Documents()
    for number in range(count):
        body.data += b'{"create":{"_index":"logs-t%d","_id":"%d"}}\n{}\n' % (number, number)
        body.end()
    return Encoded(body, [{"_id": str(number)} for number in range(count)], len(body.data))


@pytest.mark.parametrize(
    ("status", "kind", "reason", "expected"),
    [
        (400, "mapper_parsing_exception", "failed to parse", Verdict.REJECT),
        (400, "document_parsing_exception", "[1:17] failed to parse", Verdict.REJECT),
        (400, "strict_dynamic_mapping_exception", "", Verdict.REJECT),
        (400, "illegal_argument_exception", "Document contains at least one immense term", Verdict.REJECT),
        (400, "invalid_index_name_exception", "must be lowercase", Verdict.REJECT),
        (500, "fail_processor_exception", "no", Verdict.REJECT),
        (400, "something_new_exception", "", Verdict.REJECT),
        (413, "something_new_exception", "", Verdict.REJECT),
        (400, "illegal_argument_exception", "Limit of total fields [1000] has been exceeded", Verdict.SICK),
        (400, "document_parsing_exception", "[1:9] failed to parse: Limit of total fields [2] has been", Verdict.SICK),
        (400, "illegal_argument_exception", "Document ID is not supported in create/index operation", Verdict.SICK),
        (400, "illegal_argument_exception", "pipeline with id [x] does not exist", Verdict.SICK),
        (400, "illegal_argument_exception", "no write index is defined for alias [x]", Verdict.SICK),
        (
            400,
            "illegal_argument_exception",
            "only create is allowed in data streams",
            Verdict.SICK,
        ),
        (400, "validation_exception", "this action would add [2] total shards", Verdict.SICK),
        (400, "index_closed_exception", "closed", Verdict.SICK),
        (403, "cluster_block_exception", "blocked by: [FORBIDDEN/8/index write (api)]", Verdict.SICK),
        (429, "cluster_block_exception", "blocked by: [TOO_MANY_REQUESTS/12/disk usage exceeded]", Verdict.SICK),
        (503, "cluster_block_exception", "blocked by: [SERVICE_UNAVAILABLE/1/state not recovered]", Verdict.BUSY),
        (403, "security_exception", "no permissions", Verdict.SICK),
        (401, "something_new_exception", "", Verdict.SICK),
        (404, "index_not_found_exception", "no such index", Verdict.SICK),
        (429, "rejected_execution_exception", "", Verdict.BUSY),
        (429, "es_rejected_execution_exception", "", Verdict.BUSY),
        (429, "circuit_breaking_exception", "", Verdict.BUSY),
        (429, "something_new_exception", "", Verdict.BUSY),
        (503, "unavailable_shards_exception", "", Verdict.BUSY),
        (500, "something_new_exception", "", Verdict.BUSY),
    ],
)
def test_verdicts(status: int, kind: str, reason: str, expected: Verdict) -> None:
    assert judge(status, {"type": kind, "reason": reason}, creating=True) is expected


def test_a_conflict_is_a_duplicate_only_where_documents_are_created() -> None:
    error = {"type": "version_conflict_engine_exception", "reason": "document already exists"}
    assert judge(409, error, creating=True) is Verdict.DUPLICATE
    assert judge(409, error, creating=False) is Verdict.BUSY


@pytest.mark.parametrize(("status", "expected"), [(400, Verdict.REJECT), (403, Verdict.SICK), (502, Verdict.BUSY)])
def test_an_error_without_a_type_is_judged_by_its_status(status: int, expected: Verdict) -> None:
    assert judge(status, {}, creating=True) is expected


def test_the_description_names_the_innermost_cause() -> None:
    error = {"type": "a", "reason": "outer", "caused_by": {"type": "b", "reason": "x", "caused_by": {"type": "c"}}}
    assert describe(error) == "a: outer; c: no reason given"


def test_a_long_reason_is_cut() -> None:
    assert describe({"type": "a", "reason": "x" * 1000}) == f"a: {'x' * 300}…"


def test_every_item_gets_its_own_result() -> None:
    def refused(status: int, kind: str) -> dict[str, Any]:
        return {"create": {"status": status, "error": {"type": kind, "reason": "why"}}}

    items = [
        {"create": {"status": 201}},
        refused(409, "version_conflict_engine_exception"),
        refused(400, "mapper_parsing_exception"),
        refused(429, "rejected_execution_exception"),
        refused(403, "cluster_block_exception"),
    ]
    sent = read_items({"errors": True, "items": items}, request(5), creating=True)
    assert sent.duplicates == 1
    assert sent.rejected == {2: "mapper_parsing_exception: why"}
    assert {index: (type(fault), fault.scope, str(fault)) for index, fault in sent.failed.items()} == {
        3: (Busy, "", "logs-t3: 429 rejected_execution_exception: why"),
        4: (Sick, "logs-t4", "logs-t4: 403 cluster_block_exception: why"),
    }


@pytest.mark.parametrize(
    "content",
    [
        None,
        [],
        {},
        {"errors": False},
        {"errors": False, "items": []},
        {"errors": False, "items": [{"create": {"status": 201}}] * 2},
        {"errors": False, "items": [{}]},
        {"errors": False, "items": ["x"]},
        {"errors": False, "items": [{"create": {}}]},
        {"errors": False, "items": [{"create": {"status": "soon"}}]},
    ],
)
def test_an_answer_that_is_not_whole_confirms_nothing(content: Any) -> None:
    with pytest.raises(Busy):
        read_items(content, request(1), creating=True)


def test_an_item_refused_in_plain_text_is_told_as_it_is() -> None:
    items = [{"create": {"status": 400, "error": "old style"}}]
    assert read_items({"items": items}, request(1), creating=True) == Sent({0: "error: old style"})
