"""S3logsbeat's inputs as sources: one for the queues of an input, one for each bucket."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from logsluice.compat.s3logsbeat.options import S3Input, SqsInput


def sources(given: SqsInput | S3Input, number: int) -> Iterator[tuple[str, dict[str, Any], dict[str, str]]]:
    """Names, sources, and for their options those of the input."""
    if isinstance(given, SqsInput):
        source = {"type": "s3_sqs", "queues": list(given.queues_url)}
        if given.buckets:
            source["buckets"] = list(given.buckets)
        yield f"sqs-{number + 1}", source, {"queues": "queues_url", "buckets": "buckets"}
        return
    buckets: dict[str, list[str]] = {}
    for bucket, prefix in given.buckets:
        buckets.setdefault(bucket, []).append(prefix)
    for bucket, prefixes in buckets.items():
        source = {"type": "s3_objects", "bucket": bucket, "prefixes": _outermost(prefixes), "interval": "once"}
        if given.since is not None:
            source["written_after"] = given.since
        if given.to is not None:
            source["written_before"] = given.to
        places = {"bucket": "buckets", "prefixes": "buckets", "written_after": "since", "written_before": "to"}
        yield f"s3-{number + 1}-{bucket}", source, places


def _outermost(prefixes: list[str]) -> list[str]:
    """Without prefixes that lie below others: their objects are read once."""
    found = sorted(set(prefixes))
    return [one for one in found if not any(one != other and one.startswith(other) for other in found)]
