# ruff: noqa: E501 - tables of events
"""The output `cloudwatch`: what events measure, how it is added up, and what CloudWatch's answers mean."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import Busy, Sick, SinkFault
from logsluice.model import Event, Sent
from logsluice.sinks import cloudwatch
from logsluice.sinks.cloudwatch import CloudWatchSink, Config, build
from logsluice.testing.sinks import must_not_refuse

MINUTE = datetime.now(UTC).replace(second=0, microsecond=0) - timedelta(minutes=5)


class Client:
    """CloudWatch, which finds fault with the metrics that are named."""

    def __init__(self, *bad: str, error: Exception | None = None) -> None:
        self.bad = bad
        self.error = error
        self.puts: list[tuple[str, list[dict[str, Any]]]] = []

    def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - boto3's names
        if self.error is not None:
            raise self.error
        if any(datum["MetricName"] in self.bad for datum in MetricData):
            raise answer(400, "InvalidParameterValue")
        self.puts.append((Namespace, MetricData))


def answer(status: int, code: str) -> ClientError:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(response, "PutMetricData")


def event(name: Any = "hits", **fields: Any) -> Event:
    named = {} if name is None else {"CW_metricname": name}
    return {"@timestamp": MINUTE + timedelta(seconds=59), **named, **fields, "@metadata": {"_id": "1"}}


def make(client: Client, **options: Any) -> CloudWatchSink:
    sink = build(Config.model_validate(options), Context())
    vars(sink)["_client"] = client
    return sink


def send(client: Client, *events: Event, **options: Any) -> Sent:
    sink = make(client, **options)
    return sink.send(sink.encode(events, must_not_refuse))


def datum(
    name: str, *values: float, unit: str = "Count", minute: datetime = MINUTE, **dimensions: str
) -> dict[str, Any]:
    return {
        "MetricName": name,
        "Unit": unit,
        "Timestamp": minute,
        "Dimensions": [{"Name": name, "Value": value} for name, value in dimensions.items()],
        "StatisticValues": {
            "SampleCount": float(len(values)),
            "Sum": sum(values),
            "Minimum": min(values),
            "Maximum": max(values),
        },
    }


def test_values_of_one_metric_and_minute_are_added_up() -> None:
    client = Client()
    earlier = {"@timestamp": MINUTE - timedelta(seconds=1)}
    events = [
        event(), event(), event(None), event("seconds", CW_value="0.5", CW_unit="Seconds"), event(CW_namespace="Other"),
        event("seconds", CW_value=2, CW_unit="Seconds"), event(**earlier), event(CW_dimensions=["b", 1, "a", "x"]),
        event(CW_dimensions={"a": "x", "b": "1", "c": None}),
    ]  # fmt: skip
    assert send(client, *events) == Sent()
    assert client.puts == [
        (
            "logsluice",
            [
                datum("hits", 1.0, 1.0),
                datum("seconds", 0.5, 2.0, unit="Seconds"),
                datum("hits", 1.0, minute=MINUTE - timedelta(minutes=1)),
                datum("hits", 1.0, 1.0, a="x", b="1"),
            ],
        ),
        ("Other", [datum("hits", 1.0)]),
    ]


def test_what_events_do_not_say_comes_from_the_options() -> None:
    client = Client()
    options = {
        "namespace": "N", "metricname": "of-%{host}", "value": 5, "unit": "Bytes", "dimensions": {"h": "%{host}", "x": "%{no}"},
        "field_value": "[m][v]",
    }  # fmt: skip
    assert send(client, event(None, host="a"), event("own", m={"v": 7}), event(None), **options) == Sent()
    assert client.puts == [("N", [datum("of-a", 5.0, unit="Bytes", h="a"), datum("own", 7.0, unit="Bytes")])]


def test_an_event_whose_fields_can_not_be_used_is_refused() -> None:
    refused: dict[int, str] = {}
    events = [
        event(CW_value="x"), event(CW_value="nan"), event(CW_unit="Furlongs"), event(CW_dimensions=["a"]),
        event(CW_dimensions="a"), event(**{"@timestamp": "now"}),
    ]  # fmt: skip
    assert len(make(Client()).encode(events, refused.__setitem__)) == 0
    assert refused == {
        0: "CW_value holds no number: 'x'",
        1: "CW_value holds no number: 'nan'",
        2: "CW_unit holds no unit of CloudWatch: 'Furlongs'",
        3: "CW_dimensions holds no names and values, or more than 30",
        4: "CW_dimensions holds no names and values, or more than 30",
        5: "the event has no time",
    }


def test_times_that_cloudwatch_does_not_take_are_rejected() -> None:
    sent = send(Client(), event(), event(**{"@timestamp": datetime(2026, 1, 31, 12, 5, 7, tzinfo=UTC)}))
    assert sent == Sent(rejected={1: "CloudWatch takes the last two weeks only, and this is of 2026-01-31 12:05"})


def test_of_a_request_only_the_sets_that_are_refused_alone_are_rejected() -> None:
    client = Client("bad")
    events = [event("a"), event("bad"), event("b"), event("bad"), event("c")]
    assert send(client, *events) == Sent(rejected=dict.fromkeys((1, 3), "InvalidParameterValue: no"))
    assert [[datum["MetricName"] for datum in data] for _, data in client.puts] == [["a"], ["b", "c"]]


def test_a_request_that_is_too_large_is_sent_in_halves() -> None:
    class Narrow(Client):
        def put_metric_data(self, Namespace: str, MetricData: list[dict[str, Any]]) -> None:  # noqa: N803 - likewise
            if len(MetricData) > 2:
                raise answer(413, "413")
            super().put_metric_data(Namespace, MetricData)

    client = Narrow()
    assert send(client, *(event(str(number)) for number in range(5))) == Sent()
    assert [len(data) for _, data in client.puts] == [2, 1, 2]


def test_requests_hold_so_many_sets() -> None:
    client = Client()
    assert send(client, *(event(str(number)) for number in range(5)), batch_size=2) == Sent()
    assert [len(data) for _, data in client.puts] == [2, 2, 1]


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (answer(503, "ServiceUnavailable"), Busy),
        (answer(400, "Throttling"), Busy),
        (EndpointConnectionError(endpoint_url="http://127.0.0.1:9"), Busy),
        (answer(403, "AccessDenied"), Sick),
        (answer(403, "ExpiredToken"), Sick),
    ],
)
def test_what_passes_is_waited_for_and_what_must_be_mended_is_said(error: Exception, kind: type[SinkFault]) -> None:
    failed = send(Client(error=error), event(), event("b")).failed
    assert {index: type(fault) for index, fault in failed.items()} == {0: kind, 1: kind}


@pytest.mark.parametrize(
    "options",
    [{"namespace": "AWS/EC2"}, {"unit": "Furlongs"}, {"value": "nan"}, {"metricname": "%{[a}"}, {"batch_size": 1001}],
)
def test_options_that_can_not_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate(options)


def test_what_will_be_regretted_is_warned_about() -> None:
    config = Config(dimensions={"client": "%{ip}", "stage": "prod"})
    assert list(cloudwatch.concerns(config, Context())) == [
        ("dimensions", "each new value of client is a metric that is paid for by the month")
    ]
