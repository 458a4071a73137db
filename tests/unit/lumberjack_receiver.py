"""A small receiver of the Lumberjack protocol on loopback, which answers as a test tells it."""

from __future__ import annotations

import json
import select
import socket
import socketserver
import struct
import threading
import time
import zlib
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from io import BufferedIOBase, BytesIO
from typing import Any


@dataclass(frozen=True)
class Window:
    """One request: its events by their number, and the kinds of the frames that they came in."""

    events: list[tuple[int, dict[str, Any]]]
    kinds: bytes


@dataclass
class Receiver:
    """What came to a receiver, and how it answers.

    Attributes:
        answer: For a window of so many events: the numbers to acknowledge one after the other; a negative one is a
            pause of so many seconds, and at the end the connection is closed unless all was acknowledged.
    """

    port: int = 0
    windows: list[Window] = field(default_factory=list)
    acknowledged: list[dict[str, Any]] = field(default_factory=list)
    connections: int = 0
    hang_up: threading.Event = field(default_factory=threading.Event)
    answer: Callable[[int], Iterable[float]] = lambda count: [count]

    @property
    def sizes(self) -> list[int]:
        """How many events each window had."""
        return [len(window.events) for window in self.windows]


@contextmanager
def lumberjack_receiver() -> Iterator[Receiver]:
    """One that acknowledges all."""
    receiver = Receiver()

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            receiver.connections += 1
            while not receiver.hang_up.is_set():
                if not select.select([self.connection], [], [], 0.02)[0]:
                    continue
                if not self.connection.recv(1, socket.MSG_PEEK):
                    return
                window = read_window(self.rfile)
                receiver.windows.append(window)
                if not self.acknowledge(window):
                    return

        def acknowledge(self, window: Window) -> bool:
            done = 0
            for number in receiver.answer(len(window.events)):
                if number < 0:
                    time.sleep(-number)
                    continue
                receiver.acknowledged += [event for _, event in window.events[done : int(number)]]
                done = max(done, int(number))
                try:
                    self.wfile.write(struct.pack(">2sI", b"2A", int(number)))
                except OSError:  # the sender has lost its patience
                    return False
            return done == len(window.events)

    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Handler) as server:
        server.daemon_threads = True
        receiver.port = server.server_address[1]
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield receiver
        finally:
            receiver.hang_up.set()
            server.shutdown()
            thread.join()


def read_window(stream: BufferedIOBase) -> Window:
    """The next request, whole."""
    kind, count = struct.unpack(">2sI", stream.read(6))
    assert kind == b"2W"
    events, kinds = list[tuple[int, dict[str, Any]]](), b""
    while len(events) < count:
        kind = stream.read(2)
        kinds += kind[1:]
        if kind == b"2C":
            (size,) = struct.unpack(">I", stream.read(4))
            stream = BytesIO(zlib.decompress(stream.read(size)))
            continue
        assert kind == b"2J"
        number, size = struct.unpack(">II", stream.read(8))
        events.append((number, json.loads(stream.read(size))))
    return Window(events, kinds)
