"""The Ruby process that runs the user's code: started when it is needed, ended when it does not answer."""

from __future__ import annotations

import json
import os
import secrets
import select
import shutil
import subprocess
import time
import weakref
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import orjson

from logsluice.errors import UsageError
from logsluice.filters.ruby import _offers
from logsluice.lang.as_json import AS_LOGSTASH, Json
from logsluice.lang.templates import template
from logsluice.lang.text import time_text
from logsluice.lang.times import read_iso8601
from logsluice.model import Event

_PROGRAM = Path(__file__).parent / "child" / "main.rb"
_START_SECONDS = 60.0
_END_SECONDS = 0.2
_PIECE = 1 << 20
_OPTIONS = orjson.OPT_PASSTHROUGH_DATETIME | orjson.OPT_NON_STR_KEYS
_NOTHING: Final[Mapping[str, Any]] = {}


class ChildFailed(Exception):
    """The process died, did not answer in time or could not be asked; it is started anew with the next question."""


@dataclass(frozen=True, slots=True)
class Code:
    """What a child runs.

    Attributes:
        code: The body of a method with `event`; run in an object in which `init` was run once.
        path: A script with `filter(event)` instead, and `params` for its `register`.
        internal: The names in `@metadata` that it does not see.
    """

    code: str | None = None
    init: str | None = None
    path: str | None = None
    params: Mapping[str, Any] = field(default_factory=dict)
    internal: Sequence[str] = ()


class Child:
    """One process; for one thread at a time."""

    def __init__(self, code: Code, timeout: float) -> None:
        self._code = code
        self._timeout = timeout
        self._mark = f"\0time:{secrets.token_hex(8)}"
        self._process: subprocess.Popen[bytes] | None = None
        self._end: Callable[[], object] = lambda: None
        self._to = self._from = -1
        self._left = b""
        self._seconds = self._until = 0.0

    def start(self) -> None:
        """Start the process and give it the code.

        Raises:
            UsageError: Ruby is not installed, or the code can't be used.
            ChildFailed: It died or hung while it ran `init`.
        """
        ruby = shutil.which("ruby")
        if ruby is None:
            raise UsageError(f"Ruby is not installed, and this code needs it: {_offers.instead(self._code.code)}")
        self._spawn(ruby)
        self._allow(_START_SECONDS)
        self._send(json.dumps({"mark": self._mark, **asdict(self._code)}).encode())
        answer = self._receive()
        if "refused" in answer:
            self.end()
            raise UsageError(f"Ruby refuses the code: {answer['refused']}")

    def _spawn(self, ruby: str) -> None:
        child_from, to_child = os.pipe()
        from_child, child_to = os.pipe()
        options = ("--disable=did_you_mean,error_highlight", "-EUTF-8")
        try:
            process = subprocess.Popen(  # noqa: S603 - to run it is what was asked
                [ruby, *options, str(_PROGRAM), str(child_from), str(child_to)],
                stdin=subprocess.DEVNULL,
                stdout=2,  # our standard output may be where the documents go
                pass_fds=(child_from, child_to),
                process_group=0,  # Ctrl-C is ours to answer, after the batch
            )
        except OSError:
            os.close(to_child)
            os.close(from_child)
            raise
        finally:
            os.close(child_from)
            os.close(child_to)
        os.set_blocking(to_child, False)
        self._process, self._to, self._from, self._left = process, to_child, from_child, b""
        self._end = weakref.finalize(self, _end, process, to_child, from_child)

    def end(self) -> None:
        """End the process; the next question starts another."""
        self._end()
        self._process = None

    def ask(self, events: Sequence[Event]) -> list[Mapping[str, Any]]:
        """What became of each event, as `child/main.rb` says it; empty where it is as it was.

        Raises:
            ChildFailed: No event has been changed.
        """
        try:
            question = self._question(events)
        except ValueError as error:
            raise ChildFailed(str(error)) from error
        try:
            if self._process is None:
                self.start()
            self._allow(self._timeout)
            self._send(question)
            answer = self._receive()
            while isinstance(answer, dict):
                self._send(json.dumps(_rendered(answer["render"], answer["event"])).encode())
                answer = self._receive()
        except (ChildFailed, UsageError, ValueError, OSError, RecursionError) as error:
            self.end()
            raise ChildFailed(str(error)) from error
        return [one or _NOTHING for one in answer]

    def _question(self, events: Sequence[Event]) -> bytes:
        times = 0

        def other(value: Any) -> Any:
            nonlocal times
            if isinstance(value, datetime):
                times += 1
                return {self._mark: time_text(value)}
            return value.decode("utf-8", "replace") if isinstance(value, bytes) else str(value)

        body = Json(_OPTIONS, other, AS_LOGSTASH.large).dumps(events)
        plain = times == sum(isinstance(event.get("@timestamp"), datetime) for event in events)
        return b'{"deep":%b,"events":%b}' % (b"false" if plain else b"true", body)

    def _allow(self, seconds: float) -> None:
        """The time until an answer must be there, whatever is asked in between."""
        self._seconds = seconds
        self._until = time.monotonic() + seconds

    def _send(self, line: bytes) -> None:
        left = memoryview(line + b"\n")
        poll = select.poll()
        poll.register(self._to, select.POLLOUT)
        while left:
            self._wait(poll)
            try:
                left = left[os.write(self._to, left[:_PIECE]) :]
            except BrokenPipeError:
                raise ChildFailed(self._how_it_died()) from None

    def _receive(self) -> Any:
        poll = select.poll()
        poll.register(self._from, select.POLLIN)
        pieces = [self._left]
        while b"\n" not in pieces[-1]:
            self._wait(poll)
            piece = os.read(self._from, _PIECE)
            if not piece:
                raise ChildFailed(self._how_it_died())
            pieces.append(piece)
        line, _, self._left = b"".join(pieces).partition(b"\n")
        if self._mark[1:].encode() in line:  # JSON writes its NUL in another way
            return json.loads(line, object_hook=self._revived)
        return json.loads(line)

    def _revived(self, found: dict[str, Any]) -> Any:
        moment = found.get(self._mark)
        return found if moment is None else read_iso8601(moment)

    def _wait(self, poll: select.poll) -> None:
        left = self._until - time.monotonic()
        if left <= 0 or not poll.poll(left * 1000):
            raise ChildFailed(f"the Ruby process did not answer within {self._seconds:g} s")

    def _how_it_died(self) -> str:
        assert self._process is not None, "it was started"
        try:
            status = self._process.wait(_END_SECONDS)
        except subprocess.TimeoutExpired:
            return "the Ruby process closed its pipe"
        return f"the Ruby process ended, by signal {-status}" if status < 0 else f"the Ruby process ended with {status}"


def _end(process: subprocess.Popen[bytes], *pipes: int) -> None:
    for pipe in pipes:
        os.close(pipe)
    try:
        process.wait(_END_SECONDS)  # it ends by itself when its pipe does
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()


def _rendered(text: str, event: Event) -> str:
    """`event.sprintf`; a text that is no template stays as it is."""
    try:
        return template(text).render(event)
    except ValueError:
        return text
