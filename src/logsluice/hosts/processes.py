"""Several identical processes on one queue: started, watched, started again when they die, stopped in order.

Each child is this program again, with the same configuration. It tells us every second how it is, by a datagram on a
socket that it was given; that socket also tells it when we are gone, and then it stops.
"""

from __future__ import annotations

import errno
import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import FrameType, TracebackType

import structlog

from logsluice.hosts import notify
from logsluice.hosts.status import FRESH_SECONDS, Reason, Status, load, of_this_process, together
from logsluice.telemetry.metrics import Sample

TELL_SECONDS = 1.0
TICK_SECONDS = 0.1
BACKOFF_SECONDS = (1.0, 2.0, 5.0, 10.0, 30.0)
STABLE_SECONDS = 60.0
"""Who has run for so long is started again at once."""

KILL_SECONDS = 10.0
"""How much longer than its `shutdown_timeout` a child may take to end."""

DATAGRAM_BYTES = 1 << 20

log = structlog.get_logger("processes")


class Reporter:
    """In a child: tells the parent how it is, while it is entered.

    Args:
        descriptor: The socket that it was started with.
        status: Asked each time.
    """

    def __init__(self, descriptor: int, status: Callable[[], Status]) -> None:
        self._socket = socket.socket(fileno=descriptor)
        self._socket.setblocking(False)
        self._status = status
        self._due = 0.0

    def __enter__(self) -> Reporter:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._socket.close()

    def tick(self) -> None:
        """Called often from the main thread; tells when it is time. Without a parent it stops this process in order."""
        now = time.monotonic()
        if now < self._due:
            return
        self._due = now + TELL_SECONDS
        status = self._status()
        try:
            self._tell(status)
        except BlockingIOError:
            pass  # the parent is busy, or stopped: it will hear the next one
        except ConnectionError:
            self._due = float("inf")
            log.warning("the process that started this one is gone: stopping")
            signal.raise_signal(signal.SIGTERM)

    def _tell(self, status: Status) -> None:
        try:
            self._socket.send(status.dump())
        except OSError as error:
            if error.errno != errno.EMSGSIZE:
                raise
            log.warning("this process has more metrics than it can tell the one that started it: they are left out")
            self._socket.send(status.dump(with_samples=False))


@dataclass(slots=True)
class _Child:
    """One of the processes; a number is one place, taken by one after the other, and `has_worked` is of all of them."""

    number: int
    program: subprocess.Popen[bytes] | None = None
    line: socket.socket | None = None
    status: Status | None = None
    started: float = 0.0
    start_at: float = 0.0
    deaths: int = 0
    has_worked: bool = False
    code: int | None = None


@dataclass(slots=True)
class Processes:
    """The parent.

    Attributes:
        command: Starts a child, when `--child DESCRIPTOR` is added.
        count: How many.
        shutdown_timeout: Seconds that a child takes at most for what it has in hand.
    """

    command: Sequence[str]
    count: int
    shutdown_timeout: float
    _children: list[_Child] = field(init=False)
    _signals: int = 0
    _restarts: int = 0
    _stopped_at: float | None = None

    def __post_init__(self) -> None:
        self._children = [_Child(number) for number in range(1, self.count + 1)]

    def run(self, tick: Callable[[], None]) -> int:
        """Until all have ended. Returns the exit code: the worst of theirs.

        One that dies after it has worked is started again. One that ends with an error before that has said why, and
        would say it again: then all are stopped.

        Args:
            tick: Called about ten times a second.
        """
        is_ready = False
        with self._signal_handlers():
            while any(child.code is None for child in self._children):
                for child in self._children:
                    self._look_after(child)
                if not is_ready and all(child.has_worked for child in self._children):
                    is_ready = True
                    notify.notify("READY=1")
                tick()
                if self._signals and self._stopped_at is None:
                    log.info("stopping: every process drains what it has in hand")
                    notify.notify("STOPPING=1")
                    self._stop()
                time.sleep(TICK_SECONDS)
        return max(child.code or 0 for child in self._children)

    def status(self) -> Status:
        """All of them as one; from any thread."""
        whole = together({str(child.number): self._status_of(child) for child in self._children})
        running = sum(child.program is not None for child in self._children)
        own = [Sample("processes", {}, running), Sample("process_restarts_total", {}, self._restarts)]
        return Status(whole.dead, whole.unready, whole.urgent, [*whole.samples, *own, *self._of_parent()], time.time())

    def _of_parent(self) -> Iterator[Sample]:
        return (sample.of(process="parent") for sample in of_this_process())

    def _status_of(self, child: _Child) -> Status:
        status, deaths = child.status, child.deaths
        if status is None:
            again = f", for it died ({deaths} in a row)" if deaths else ""
            return Status(unready=[Reason("", "process", "", f"it is being started{again}")])
        if (age := time.time() - status.at) > FRESH_SECONDS:
            return Status(dead=[Reason("", "process", "", f"it has said nothing for {age:.0f} s")])
        return status

    # ------------------------------------------------------------------------------------------------- one child

    def _look_after(self, child: _Child) -> None:
        if child.code is not None:
            return
        if child.program is None:
            if self._stopped_at is not None:
                child.code = 0
            elif time.monotonic() >= child.start_at:
                self._start(child)
            return
        self._listen(child)
        code = child.program.poll()
        if code is not None:
            self._ended(child, code)
        elif (
            self._stopped_at is not None and time.monotonic() - self._stopped_at > self.shutdown_timeout + KILL_SECONDS
        ):
            log.warning("a process does not end, and is killed", process=child.number, pid=child.program.pid)
            child.program.kill()

    def _start(self, child: _Child) -> None:
        """In a process group of its own: Ctrl-C on a terminal is told by us, once."""
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        for end in (ours, theirs):
            end.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, DATAGRAM_BYTES)
        ours.setblocking(False)
        with theirs:
            child.program = subprocess.Popen(  # noqa: S603 - ourselves
                [*self.command, "--child", str(theirs.fileno())],
                pass_fds=[theirs.fileno()],
                stdin=subprocess.DEVNULL,
                process_group=0,
                env={name: value for name, value in os.environ.items() if name != notify.VARIABLE},
            )
        child.line, child.status, child.started = ours, None, time.monotonic()

    def _listen(self, child: _Child) -> None:
        assert child.line is not None
        try:
            while told := child.line.recv(DATAGRAM_BYTES):
                child.status, child.has_worked = load(told), True
        except (BlockingIOError, ConnectionError):
            pass  # that was all

    def _ended(self, child: _Child, code: int) -> None:
        assert child.line is not None
        had_worked = child.status is not None
        child.line.close()
        child.program = child.line = child.status = None
        if self._stopped_at is not None and code == -signal.SIGTERM and not had_worked:
            child.code = 0  # it was told to stop before it could hear that, with nothing in hand
        elif code == 0 or self._stopped_at is not None:
            child.code = code if code >= 0 else 1
        elif code > 0 and not child.has_worked:
            child.code = code
            self._stop()
        else:
            stable = time.monotonic() - child.started >= STABLE_SECONDS
            child.deaths = 0 if stable else child.deaths + 1
            wait = 0.0 if stable else BACKOFF_SECONDS[min(child.deaths, len(BACKOFF_SECONDS)) - 1]
            child.start_at = time.monotonic() + wait
            self._restarts += 1
            how = f"signal {signal.Signals(-code).name}" if code < 0 else f"exit code {code}"
            log.error("a process died, and is started again", process=child.number, by=how, again_in=wait)

    # -------------------------------------------------------------------------------------------------- stopping

    def _stop(self) -> None:
        self._stopped_at = time.monotonic()
        for child in self._children:
            if child.program is not None:
                child.program.terminate()

    @contextmanager
    def _signal_handlers(self) -> Iterator[None]:
        def handle(number: int, _: FrameType | None) -> None:
            self._signals += 1
            if self._signals > 1:
                for child in self._children:
                    if child.program is not None:
                        child.program.kill()
                os._exit(128 + number)

        before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
