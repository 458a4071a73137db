"""The output `s3` passes the suite of sinks, plain and compressed."""

from __future__ import annotations

import gzip
import json
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.model import Event, Sink
from logsluice.sinks import s3
from logsluice.testing.sinks import SinkSuite
from tests.parts.moto_server import MotoServer


class TestS3(SinkSuite):
    """The suite's first hundred events lie in no window, so each is an object of its own; then each hundred in one."""

    compress = False

    @pytest.fixture(autouse=True)
    def _bucket(self, aws: MotoServer) -> None:
        self.client = aws.client("s3")
        self.client.create_bucket(Bucket="texts")

    def make(self) -> Sink:
        config = s3.Config(to="s3://texts/%{[@metadata][format]}/%{+yyyy}", gzip=self.compress)
        return s3.build(config, Context(output="texts"))

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        listed = self.client.list_objects_v2(Bucket="texts").get("Contents", [])
        contents = [self.client.get_object(Bucket="texts", Key=entry["Key"])["Body"].read() for entry in listed]
        texts = [gzip.decompress(content) if self.compress else content for content in contents]
        return [json.loads(line) for text in texts for line in text.splitlines()]

    def event(self, number: int) -> Event:
        event = super().event(number)
        if number >= 100:
            event["@metadata"]["window"] = f"20260131.00112233445566778899.{number // 100 * 100}"
        return event

    def unwanted(self) -> list[Event]:
        no_format, no_time = self.event(-1), self.event(-2)
        del no_format["@metadata"]["format"]
        no_time["@timestamp"] = "not a time"
        return [no_format, no_time]


class TestCompressedS3(TestS3):
    compress = True
