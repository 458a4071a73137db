"""A large bucket beside a real SQS server: which objects are announced, when and how many a message, is the test's."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any
from urllib.parse import quote_plus

from tests.end_to_end.cloud import Programs
from tests.parts.elasticmq import ElasticMq
from tests.parts.large_bucket import LargeBucket


class AnnouncedBucket(Programs):
    """Objects of `LargeBucket`, and messages as S3 sends them (Amazon S3 User Guide, "Event message structure")."""

    def __init__(self, bucket: LargeBucket, elasticmq: ElasticMq, queue: str) -> None:
        self.bucket = bucket
        super().__init__(elasticmq.client(), queue, AWS_ENDPOINT_URL_S3=bucket.url, AWS_ENDPOINT_URL_SQS=elasticmq.url)

    def put(self, key: str, content: bytes) -> str:
        """Write an object now; its key."""
        self.bucket.put(key, content, time.time())
        return key

    def announce(self, *keys: str) -> None:
        """One message that says of these objects, as they are now, that they were created."""
        self.send(self._message(keys))

    def announce_all(self, keys: Sequence[str], records: int) -> None:
        """Messages of so many records each, ten in a call."""
        bodies = [json.dumps(self._message(keys[at : at + records])) for at in range(0, len(keys), records)]
        for at in range(0, len(bodies), 10):
            entries = [{"Id": str(n), "MessageBody": body} for n, body in enumerate(bodies[at : at + 10])]
            self.sqs.send_message_batch(QueueUrl=self.queue, Entries=entries)

    def _message(self, keys: Sequence[str]) -> dict[str, Any]:
        return {"Records": [self._record(key) for key in keys]}

    def _record(self, key: str) -> dict[str, Any]:
        content, etag = self.bucket.found(key)
        named = {"key": quote_plus(key, safe="/"), "size": len(content), "eTag": etag}
        return {
            "eventSource": "aws:s3",
            "eventName": "ObjectCreated:Put",
            "awsRegion": "us-east-1",
            "s3": {"bucket": {"name": LargeBucket.name}, "object": named},
        }


@contextmanager
def announced_bucket(elasticmq: ElasticMq, queue: str, latency: float = 0.0) -> Iterator[AnnouncedBucket]:
    """An empty one, with the latency of its reads; what a test has left running is ended."""
    with LargeBucket(latency) as bucket:
        here = AnnouncedBucket(bucket, elasticmq, queue)
        try:
            yield here
        finally:
            here.end_all()
