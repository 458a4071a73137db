"""What a message of a queue brings, without any queue."""

from __future__ import annotations

from datetime import UTC, datetime

from logsluice.components import Context
from logsluice.decode import Decoder
from logsluice.formats import load
from logsluice.model import Delivery
from logsluice.sources.s3_sqs.queue import Message, Queue
from logsluice.sources.sqs import Config, build

QUEUE = Queue(None, "http://127.0.0.1:1/events", "events")


def delivery(body: str, receive_count: int = 1) -> Delivery:
    source = build(Config.model_validate({"queue": "events", "quarantine_after": 3}), Context())
    return source._delivery(Message(QUEUE, "m-1", "receipt", body, receive_count, 0.0, 0.0, sent=1_000, md5="5d"))


def test_a_message_gives_the_events_of_its_body_under_the_same_ids_each_time() -> None:
    decoder = Decoder(load("lines"), with_origin=False)
    once, again = (
        [event for piece in decoder.decode(delivery("one\ntwo\n", count).payloads[0]) for event in piece.events]
        for count in (1, 2)
    )
    assert once == again
    assert [event["message"] for event in once] == ["one", "two"]
    about = {"queue": "events", "message_id": "m-1", "md5": "5d", "sent": datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)}
    assert once[0]["@metadata"]["sqs"] == about
    assert once[0]["@timestamp"] == about["sent"]


def test_what_is_put_aside_is_kept_whole_for_it_can_not_be_read_again() -> None:
    body = "x" * 1024 * 1024
    assert not delivery(body, 3).rejects
    put_aside = delivery(body, 10)
    (reject,) = put_aside.rejects
    assert (reject.excerpt, reject.truncated, put_aside.payloads) == (body.encode(), False, ())
    assert reject.reason == "quarantined: received 10 times and never used up"
