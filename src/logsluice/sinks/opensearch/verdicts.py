"""What a refusal means: the document's fault, the cluster's or the configuration's, or only the moment's.

Judged by `error.type`, not by the status alone: 429 is a full queue (come again soon) as well as a full disk (a block
that somebody must lift), and 400 is a bad document as well as a cluster at its shard limit. The names are those of
OpenSearch 2 and 3 and Elasticsearch 7 to 9; what a real node answers is recorded by the integration tests. One was seen
in other projects' issues only: Serverless collections of the type time series refuse a "Document ID".
"""

from __future__ import annotations

import enum
from typing import Any

from logsluice.cluster.client import Answer
from logsluice.errors import Busy, Sick, SinkFault

REASON_CHARACTERS = 300
"""Of one reason: they may repeat much of the document."""


class Verdict(enum.Enum):
    """Whose fault a refusal is, and so what becomes of the document."""

    DUPLICATE = "there already under its id: as good as confirmed"
    REJECT = "the document's own fault: dead letter"
    SICK = "the cluster or the configuration must be mended: pause"
    BUSY = "not now: send again after a while"


BY_REASON: tuple[tuple[str, str, Verdict], ...] = (
    ("illegal_argument_exception", "limit of total fields", Verdict.SICK),
    ("document_parsing_exception", "limit of total fields", Verdict.SICK),
    ("illegal_argument_exception", "pipeline with id", Verdict.SICK),
    ("illegal_argument_exception", "allowed in data streams", Verdict.SICK),
    ("illegal_argument_exception", "no write index is defined", Verdict.SICK),
    ("illegal_argument_exception", "document id is not supported", Verdict.SICK),
    ("illegal_argument_exception", "number of documents in the index", Verdict.SICK),
    ("cluster_block_exception", "service_unavailable", Verdict.BUSY),
)
"""(error type, part of its reason in lower case, verdict): looked at before the type alone."""

BY_TYPE: dict[str, Verdict] = {
    # the document
    "mapper_parsing_exception": Verdict.REJECT,
    "document_parsing_exception": Verdict.REJECT,
    "strict_dynamic_mapping_exception": Verdict.REJECT,
    "illegal_argument_exception": Verdict.REJECT,
    "max_bytes_length_exceeded_exception": Verdict.REJECT,
    "invalid_index_name_exception": Verdict.REJECT,
    "fail_processor_exception": Verdict.REJECT,
    "ingest_processor_exception": Verdict.REJECT,
    "script_exception": Verdict.REJECT,
    # the cluster or the configuration
    "index_not_found_exception": Verdict.SICK,
    "index_closed_exception": Verdict.SICK,
    "index_create_block_exception": Verdict.SICK,
    "cluster_block_exception": Verdict.SICK,
    "validation_exception": Verdict.SICK,
    "routing_missing_exception": Verdict.SICK,
    "security_exception": Verdict.SICK,
    # the moment
    "rejected_execution_exception": Verdict.BUSY,
    "es_rejected_execution_exception": Verdict.BUSY,
    "circuit_breaking_exception": Verdict.BUSY,
    "unavailable_shards_exception": Verdict.BUSY,
    "process_cluster_event_timeout_exception": Verdict.BUSY,
    "resource_already_exists_exception": Verdict.BUSY,
}
"""What an error of a type means wherever its reason says nothing special."""

BY_STATUS: dict[int, Verdict] = {
    401: Verdict.SICK,
    403: Verdict.SICK,
    404: Verdict.SICK,
    408: Verdict.BUSY,
    409: Verdict.BUSY,
    429: Verdict.BUSY,
}
"""For types that are not known here; other 4xx are the document's, everything else is the moment's."""


def judge(status: int, error: dict[str, Any], creating: bool) -> Verdict:
    """The verdict on one item of a `_bulk` answer that was not done.

    Args:
        status: The item's own status.
        error: The item's `error`, {} when there is none.
        creating: Whether the action was `create`: then a version conflict means that the document is there.
    """
    kind = str(error.get("type", ""))
    if kind == "version_conflict_engine_exception":
        return Verdict.DUPLICATE if creating else Verdict.BUSY
    reason = str(error.get("reason", "")).lower()
    for type_, part, verdict in BY_REASON:
        if kind == type_ and part in reason:
            return verdict
    if kind in BY_TYPE:
        return BY_TYPE[kind]
    return BY_STATUS.get(status, Verdict.REJECT if 400 <= status < 500 else Verdict.BUSY)


def refusal(answer: Answer) -> SinkFault:
    """The fault of a whole request that was not answered with 200 or 413."""
    error: Any = answer.content.get("error") if isinstance(answer.content, dict) else None
    text = f"{answer.host}: {answer.status} {describe(error or answer.text or 'without a reason')}"
    details = error if isinstance(error, dict) else {}
    verdict = judge(answer.status, details, creating=False)
    # a whole request of 400 is no single document's fault: refusing them all would empty the source into rejects
    return Busy(text) if verdict is Verdict.BUSY else Sick(text)


def describe(error: object) -> str:
    """One sentence of an `error` object: its type, its reason, and the innermost cause, which is the telling one."""
    if not isinstance(error, dict):
        return str(error)[:REASON_CHARACTERS]
    text = _type_and_reason(error)
    cause = error
    while isinstance(cause.get("caused_by"), dict):
        cause = cause["caused_by"]
    if cause is not error:
        text = f"{text}; {_type_and_reason(cause)}"
    return text


def _type_and_reason(error: dict[str, Any]) -> str:
    reason = str(error.get("reason", "no reason given"))
    cut = "…" if len(reason) > REASON_CHARACTERS else ""
    return f"{error.get('type', 'error')}: {reason[:REASON_CHARACTERS]}{cut}"
