"""The source `files` with standard input that is followed.

The contract suite of sources asks for several deliveries at once, and here the order of lines forbids that.
"""

from __future__ import annotations

import errno
import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from logsluice.components import Context
from logsluice.decode import Decoder
from logsluice.errors import Unavailable, UsageError
from logsluice.formats.cloudfront import build as cloudfront
from logsluice.formats.lines import build as lines
from logsluice.framing.limits import DEFAULT_LIMITS
from logsluice.model import Delivery, Format, Outcome, Source
from logsluice.sources import files
from logsluice.sources.files import live


class Stdin:
    """A pipe as standard input."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.read, self.write = os.pipe()
        monkeypatch.setattr("sys.stdin", SimpleNamespace(fileno=lambda: self.read))

    def send(self, data: bytes) -> None:
        os.write(self.write, data)

    def end(self) -> None:
        with suppress(OSError):
            os.close(self.write)


@pytest.fixture
def stdin(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stdin]:
    pipe = Stdin(monkeypatch)
    yield pipe
    pipe.end()
    os.close(pipe.read)


def opened(**options: Any) -> Source:
    config = files.Config.model_validate({"paths": "-", "follow": True, "retry_delay": "10ms", **options})
    source = files.build(config, Context())
    source.open()
    return source


def received(source: Source, wait: float = 5.0) -> Delivery:
    taken = source.receive(wait)
    assert taken is not None
    (delivery,) = taken
    return delivery


def events(delivery: Delivery, parsed_as: Format) -> list[tuple[int, dict[str, Any]]]:
    (payload,) = delivery.payloads
    pieces = list(Decoder(parsed_as, with_origin=False).decode(payload))
    assert [reject for piece in pieces for reject in piece.rejects] == []
    return [(event.pop("@metadata")["position"], event) for piece in pieces for event in piece.events]


def messages(delivery: Delivery) -> list[tuple[int, str]]:
    return [(position, event["message"]) for position, event in events(delivery, lines())]


def test_complete_lines_come_before_the_stream_ends(stdin: Stdin) -> None:
    source = opened()
    stdin.send(b"one\ntw")
    first = received(source)
    assert messages(first) == [(0, "one")]
    source.settle(first, Outcome.DELIVERED)
    assert source.receive(0.01) == []
    stdin.send(b"o\nthree")
    second = received(source)
    assert messages(second) == [(4, "two")]
    source.settle(second, Outcome.DELIVERED)
    stdin.end()
    last = received(source)
    assert messages(last) == [(8, "three")]
    assert source.receive(0.01) == []
    source.settle(last, Outcome.REJECTED)
    assert source.receive(5.0) is None


def test_nothing_overtakes_what_is_not_settled(stdin: Stdin) -> None:
    source = opened()
    stdin.send(b"one\n")
    first = received(source)
    stdin.send(b"two\n")
    assert source.receive(0.05) == []
    source.settle(first, Outcome.RETRY)
    again = received(source)
    assert (messages(again), again.receive_count) == ([(0, "one")], 2)
    source.settle(again, Outcome.DELIVERED)
    assert messages(received(source)) == [(4, "two")]


def test_what_is_never_used_up_is_put_aside_whole_for_it_can_not_be_read_again(stdin: Stdin) -> None:
    source = opened(quarantine_after=1)
    stdin.send(b"one\n")
    source.settle(received(source), Outcome.DELIVERED)
    data = b"two\n" * 2000
    stdin.send(data)
    source.settle(received(source), Outcome.RETRY)
    again = received(source)
    (reject,) = again.rejects
    assert (list(again.payloads), reject.reason) == ([], "quarantined: read 1 times and never used up")
    assert (reject.position, reject.excerpt, reject.truncated) == (4, data, False)


def test_a_settlement_wakes_the_worker_that_waits(stdin: Stdin) -> None:
    source = opened()
    stdin.send(b"one\n")
    first = received(source)
    stdin.send(b"two\n")
    timer = threading.Timer(0.05, source.settle, (first, Outcome.DELIVERED))
    timer.start()
    assert messages(received(source, 30.0)) == [(4, "two")]
    timer.join()


def test_header_lines_are_known_to_all_later_lines(stdin: Stdin) -> None:
    sample = (Path(files.__file__).parents[2] / "formats" / "cloudfront" / "sample.log").read_bytes()
    source, found = opened(), []
    for line in sample.splitlines(keepends=True):
        stdin.send(line)
        delivery = received(source)
        found += events(delivery, cloudfront())
        source.settle(delivery, Outcome.DELIVERED)
    source = opened()
    stdin.send(sample)
    assert found == events(received(source), cloudfront())


def test_a_line_over_the_limit_is_cut_there_and_held_no_longer(stdin: Stdin) -> None:
    source = opened()
    writer = threading.Thread(target=stdin.send, args=(b"x" * (DEFAULT_LIMITS.record + 10) + b"\nnext\n",))
    writer.start()
    first = received(source, 30.0)
    (payload,) = first.payloads
    assert DEFAULT_LIMITS.record <= (payload.size or 0) < DEFAULT_LIMITS.record + live.BLOCK
    source.settle(first, Outcome.REJECTED)
    writer.join()
    source.settle(received(source, 30.0), Outcome.DELIVERED)


def test_each_run_has_ids_of_its_own(stdin: Stdin) -> None:
    prefixes = set()
    for _ in range(2):
        source = opened()
        stdin.send(b"the same\n")
        (payload,) = received(source).payloads
        prefixes.add(payload.origin.id_prefix)
    assert len(prefixes) == 2


def test_standard_input_is_followed_alone() -> None:
    with pytest.raises(ValueError, match="standard input is followed alone"):
        opened(paths=["-", "x.log"])


def test_a_program_without_standard_input_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", None)
    with pytest.raises(UsageError, match="there is no standard input"):
        opened()


def test_standard_input_is_read_by_one_pipeline_only() -> None:
    one, other = (files.Config.model_validate({"paths": paths}) for paths in ("-", ["x.log", "-"]))
    assert files.rivalry(one, other).startswith("each piece of standard input goes to only one of them")
    assert files.rivalry(one, files.Config.model_validate({"paths": "x.log"})) == ""


def test_what_came_before_an_error_is_handed_on(stdin: Stdin, monkeypatch: pytest.MonkeyPatch) -> None:
    source, pieces = opened(), [b"one\ntw"]

    def read(file: int, size: int) -> bytes:
        if pieces:
            return pieces.pop()
        raise OSError(errno.EIO, "the terminal has gone")

    monkeypatch.setattr(live, "os", SimpleNamespace(read=read))
    stdin.send(b"something to read")
    first = received(source)
    assert messages(first) == [(0, "one")]
    source.settle(first, Outcome.DELIVERED)
    with pytest.raises(Unavailable, match="stdin:: the terminal has gone"):
        source.receive(5.0)


def test_the_streams_first_lines_are_counted_once(stdin: Stdin) -> None:
    source, sizes = opened(), []
    for line in (b"one\n", b"second\n"):
        stdin.send(line)
        delivery = received(source)
        (payload,) = delivery.payloads
        sizes.append(sum(piece.size for piece in Decoder(lines()).decode(payload)))
        source.settle(delivery, Outcome.DELIVERED)
    assert sizes == [4, 7]
