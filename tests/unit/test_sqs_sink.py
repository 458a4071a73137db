"""The output `sqs`: batches, groups of FIFO queues, and what SQS's answers mean."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import Busy, Sick, SinkFault
from logsluice.model import Event, Sent
from logsluice.sinks import sqs
from logsluice.sinks.sqs import Config, SqsSink, build
from logsluice.testing.sinks import must_not_refuse
from tests.parts.moto_server import MotoServer

URL = "https://sqs.us-east-1.amazonaws.com/123456789012/events"


class Client:
    """SQS, answering as told."""

    def __init__(self, answer: Any = None) -> None:
        self.answer = answer or {}
        self.batches: list[list[dict[str, str]]] = []

    def send_message_batch(self, QueueUrl: str, Entries: list[dict[str, str]]) -> Any:  # noqa: N803 - boto3's names
        assert QueueUrl.startswith(URL)
        self.batches.append(Entries)
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


def event(number: int, **fields: Any) -> Event:
    return {"number": number, **fields, "@metadata": {"_id": f"20260131.{number}"}}


def make(client: Client, **options: Any) -> SqsSink:
    config = Config.model_validate({"queue": URL, **options})
    sink = build(config, Context())
    vars(sink)["_queue"] = SimpleNamespace(client=client, url=config.queue, name="events")
    return sink


def send(client: Client, *events: Event, **options: Any) -> Sent:
    sink = make(client, **options)
    return sink.send(sink.encode(events, must_not_refuse))


def test_requests_hold_ten_messages_and_a_mebibyte() -> None:
    client = Client()
    assert send(client, *map(event, range(23))) == Sent()
    assert [len(batch) for batch in client.batches] == [10, 10, 3]
    client = Client()
    assert send(client, *(event(number, text="x" * 400_000) for number in range(5))) == Sent()
    assert [[entry["Id"] for entry in batch] for batch in client.batches] == [["0", "1"], ["2", "3"], ["4"]]
    client = Client()
    assert send(client, event(0), event(1), batch=1, codec={"line": "<%{number}>"}) == Sent()
    assert client.batches == [[{"Id": "0", "MessageBody": "<0>\n"}], [{"Id": "1", "MessageBody": "<1>\n"}]]


def test_messages_of_a_fifo_queue_have_a_group_and_their_id() -> None:
    client = Client()
    assert send(client, event(1, team="a"), queue=f"{URL}.fifo", message_group_id="%{team}") == Sent()
    assert client.batches == [
        [
            {
                "Id": "0",
                "MessageBody": '{"number":1,"team":"a"}',
                "MessageGroupId": "a",
                "MessageDeduplicationId": "20260131.1",
            }
        ]
    ]
    refused: dict[int, str] = {}
    make(client, queue=f"{URL}.fifo", message_group_id="%{team}").encode([event(1)], refused.__setitem__)
    assert refused == {0: "the event lacks a field of `message_group_id`"}


def test_of_a_batch_only_what_failed_is_sent_again() -> None:
    def failure(number: int, code: str, mine: bool) -> dict[str, Any]:
        return {"Id": str(number), "Code": code, "Message": "no", "SenderFault": mine}

    failures = [failure(0, "InvalidMessageContents", True), failure(1, "InternalError", False)]
    sent = send(Client({"Failed": [*failures, failure(2, "KmsAccessDenied", True)]}), *map(event, range(4)))
    assert sent.rejected == {0: "events: InvalidMessageContents: no"}
    assert {index: type(fault) for index, fault in sent.failed.items()} == {1: Busy, 2: Sick}


@pytest.mark.parametrize(
    ("status", "code", "kind"), [(503, "ServiceUnavailable", Busy), (403, "AccessDenied", Sick), (400, "Gone", Sick)]
)
def test_a_whole_request_that_fails(status: int, code: str, kind: type[SinkFault]) -> None:
    response: Any = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    sent = send(Client(ClientError(response, "SendMessageBatch")), event(0), event(1))
    assert {index: type(fault) for index, fault in sent.failed.items()} == {0: kind, 1: kind}


def test_a_queue_is_found_by_its_name(aws: MotoServer) -> None:
    client = aws.client("sqs")
    client.create_queue(QueueName="events")
    sink = build(Config(queue="events"), Context())
    sink.open()
    assert sink.send(sink.encode([event(1)], must_not_refuse)) == Sent()
    messages = client.receive_message(QueueUrl=client.get_queue_url(QueueName="events")["QueueUrl"])["Messages"]
    assert [message["Body"] for message in messages] == ['{"number":1}']


@pytest.mark.parametrize("options", [{"queue": f"{URL}.fifo"}, {"message_group_id": "a"}, {"batch": 11}])
def test_options_that_can_not_work_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Config.model_validate({"queue": URL, **options})


def test_what_will_be_regretted_is_warned_about() -> None:
    config = Config(queue=f"{URL}.fifo", message_group_id="all", batch=1)
    assert [option for option, _ in sqs.concerns(config, Context())] == ["message_group_id", "batch"]
