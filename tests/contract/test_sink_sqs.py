"""The output `sqs` passes the suite of sinks, against a real SQS server."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.model import Event, Sink
from logsluice.sinks import sqs
from logsluice.testing.sinks import SinkSuite
from tests.parts.elasticmq import ElasticMq


class TestSqs(SinkSuite):
    @pytest.fixture(autouse=True)
    def _queue(self, elasticmq: ElasticMq, sqs_queue: str) -> None:
        self.client = elasticmq.client()
        self.url = sqs_queue
        self.kept: list[Mapping[str, Any]] = []

    def make(self) -> Sink:
        return sqs.build(sqs.Config(queue=self.url), Context())

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        while messages := self.client.receive_message(QueueUrl=self.url, MaxNumberOfMessages=10).get("Messages", []):
            self.kept += [json.loads(message["Body"]) for message in messages]
            entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(messages)]
            self.client.delete_message_batch(QueueUrl=self.url, Entries=entries)
        return self.kept

    def unwanted(self) -> list[Event]:
        return [self.event(-1) | {"message": "x" * (1024 * 1024)}, self.event(-2) | {"message": "\ufffe"}]
