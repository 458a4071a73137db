"""The output `cloudwatch` passes the suite of sinks, as far as metrics can."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.model import Event, Sink
from logsluice.sinks import cloudwatch
from logsluice.testing.sinks import SinkSuite, must_not_refuse, opened
from tests.parts.moto_server import MotoServer

NOW = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)
MOST_QUERIES = 500


class TestCloudWatch(SinkSuite):
    """Each event counts for a metric of its own."""

    @pytest.fixture(autouse=True)
    def _cloudwatch(self, aws: MotoServer) -> None:
        self.client = aws.client("cloudwatch")

    def make(self) -> Sink:
        return cloudwatch.build(cloudwatch.Config(metricname="n%{number}"), Context())

    def event(self, number: int) -> Event:
        return super().event(number) | {"@timestamp": NOW}

    def arrived(self) -> Sequence[Mapping[str, Any]]:
        numbers = [
            number for start in (0, MOST_QUERIES) for number in self._counted(range(start, start + MOST_QUERIES))
        ]
        return [{"number": number} for number in numbers]

    def _counted(self, numbers: Sequence[int]) -> list[int]:
        queries = [
            {
                "Id": f"q{number}",
                "MetricStat": {
                    "Metric": {"Namespace": "logsluice", "MetricName": f"n{number}", "Dimensions": []},
                    "Period": 60,
                    "Stat": "SampleCount",
                },
            }
            for number in numbers
        ]
        answer = self.client.get_metric_data(
            MetricDataQueries=queries, StartTime=NOW - timedelta(hours=1), EndTime=NOW + timedelta(hours=1)
        )
        counts = {int(result["Id"][1:]): int(sum(result["Values"])) for result in answer["MetricDataResults"]}
        return [number for number, count in counts.items() for _ in range(count)]

    def unwanted(self) -> list[Event]:
        return [
            self.event(-1) | {"CW_value": "many"},
            self.event(-2) | {"@timestamp": datetime(2026, 1, 31, tzinfo=UTC)},
        ]

    def test_values_arrive_as_they_were(self) -> None:
        with opened(self.make()) as sink:
            sink.send(sink.encode(self.events(7), must_not_refuse))
        assert self.arrived() == [{"number": 7}]

    def test_a_document_can_be_taken_out_for_the_dead_letter(self) -> None:
        sink = self.make()
        document = json.loads(sink.document(sink.encode(self.events(1, 2), must_not_refuse), 1))
        assert document == {
            "namespace": "logsluice",
            "metricname": "n2",
            "unit": "Count",
            "dimensions": [],
            "time": int(NOW.timestamp()),
            "value": 1.0,
        }

    def test_joined_requests_keep_the_order_and_all_arrive(self) -> None:
        with opened(self.make()) as sink:
            assert sink.send(self._joined(sink)).failed == {}
        assert sorted(self._numbers()) == [0, 1, 2, 3, 4, 5]
