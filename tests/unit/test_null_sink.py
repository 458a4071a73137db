"""The output `null`: every event counts as delivered, and nothing is kept."""

from __future__ import annotations

from logsluice.components import Context
from logsluice.model import Sent
from logsluice.sinks.null import Config, build
from logsluice.testing.sinks import must_not_refuse, opened


def test_everything_is_confirmed() -> None:
    events = [{"n": number, "@metadata": {"_id": str(number)}} for number in range(3)]
    with opened(build(Config(), Context())) as sink:
        encoded = sink.join([sink.encode(events[:1], must_not_refuse), sink.encode(events[1:], must_not_refuse)])
        assert [about["_id"] for about in encoded.metadata] == ["0", "1", "2"]
        assert (encoded.size, len(sink.pick(encoded, [1, 2]))) == (0, 2)
        assert sink.send(encoded) == Sent()
