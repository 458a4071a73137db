"""Deletions of SQS messages when the end comes while one is on its way."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from structlog.testing import capture_logs

from logsluice.sources.s3_sqs import Config
from logsluice.sources.s3_sqs.deletions import Deletions
from logsluice.sources.s3_sqs.queue import Message, Queue
from logsluice.sources.s3_sqs.source import S3SqsSource


class SlowClient:
    """The first DeleteMessageBatch waits to be let go, and then fails for a passing reason."""

    def __init__(self) -> None:
        self.called = threading.Event()
        self.go_on = threading.Event()
        self.deleted: list[str] = []

    def delete_message_batch(self, *, QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803
        if not self.called.is_set():
            self.called.set()
            assert self.go_on.wait(10)
            return {"Failed": [{"Id": entry["Id"], "Code": "InternalError", "SenderFault": False} for entry in Entries]}
        self.deleted += [entry["ReceiptHandle"] for entry in Entries]
        return {}


def test_closing_waits_for_a_deletion_on_its_way_and_carries_out_what_failed_of_it() -> None:
    client = SlowClient()
    queue = Queue(client, "http://127.0.0.1:1/queue", "queue")
    deletions = Deletions(queue)
    deletions.add(Message(queue, "id", "receipt", "", 1, 0.0, 0.0))
    assert client.called.wait(10), "the timer did not begin"
    closing = threading.Thread(target=deletions.close)
    closing.start()
    closing.join(0.1)
    assert closing.is_alive(), "closed while a deletion was on its way"
    client.go_on.set()
    closing.join(10)
    assert client.deleted == ["receipt"]


def test_closing_does_not_wait_for_a_queue_that_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logsluice.sources.s3_sqs.polling.PATIENCE_SECONDS", 0.05)
    client = SlowClient()
    queue = Queue(client, "http://127.0.0.1:1/queue", "queue")
    source = S3SqsSource(Config(queue="queue"))
    source._deletions = {queue: Deletions(queue)}
    source._deletions[queue].add(Message(queue, "id", "receipt", "", 1, 0.0, 0.0))
    with capture_logs() as logs:
        source.close()
    assert client.called.is_set()
    assert [entry["event"] for entry in logs] == [
        "SQS does not answer in time: some messages will come again, and add nothing"
    ]
    client.go_on.set()
