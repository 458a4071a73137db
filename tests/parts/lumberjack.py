"""A receiver of the Lumberjack protocol, made with go-lumber. Needs Go and, the first time, its module proxy."""

from __future__ import annotations

import hashlib
import json
import socket
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.parts import PartError, Server, cache_folder, run_tool, unavailable
from tests.parts.java_tools import only_one
from tests.parts.opensearch import make_certificates

_MODULE = Path(__file__).parent / "go" / "lumberjack"


class LumberjackReceiver(Server):
    """One receiver; what it acknowledged is in its folder, and outlives a crash.

    Args:
        folder: For its events, log and certificates.
        delay: How long a batch takes, such as `50ms`.
        tls: Whether it speaks TLS; its authority is `ca.pem`.
        asks: Whether clients must show a certificate of that authority; `node.pem` is one.
    """

    name = "go-lumber"

    def __init__(self, folder: Path, delay: str = "0s", tls: bool = False, asks: bool = False) -> None:
        super().__init__(folder)
        self._delay = delay
        self._tls = tls
        self._asks = asks

    def prepare(self) -> None:
        self._program = _program()
        if self._tls and not (self.folder / "node.pem").exists():
            make_certificates(self.folder)

    def command(self) -> Sequence[str | Path]:
        out = self.folder / "events.ndjson"
        words: list[str | Path] = [
            self._program,
            "-listen",
            f"127.0.0.1:{self.port}",
            "-out",
            out,
            "-delay",
            self._delay,
        ]
        if self._tls:
            words += ["-certificate", self.folder / "node.pem", "-key", self.folder / "node.key"]
        if self._asks:
            words += ["-clients", self.folder / "ca.pem"]
        return words

    def healthy(self) -> bool:
        try:
            socket.create_connection(("127.0.0.1", self.port), 1).close()
        except OSError:
            return False
        return True

    def events(self) -> list[dict[str, Any]]:
        """What has arrived, with `@metadata`."""
        path = self.folder / "events.ndjson"
        lines = path.read_bytes().splitlines() if path.exists() else []
        return [json.loads(line) for line in lines]


@contextmanager
def receiving(receiver: LumberjackReceiver) -> Iterator[LumberjackReceiver]:
    """It, started and ended again; without it the test ends (`unavailable`)."""
    try:
        receiver.start()
    except PartError as error:
        unavailable(str(error))
    try:
        yield receiver
    finally:
        receiver.crash()


def _program() -> Path:
    """Compiled once for each state of its source. Raises PartError."""
    sources = sorted(_MODULE.iterdir())
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in sources)).hexdigest()[:16]
    folder = cache_folder("lumberjack")
    program = folder / f"receiver-{digest}"
    with only_one(folder):
        if not program.exists():
            run_tool("go", "build", "-buildvcs=false", "-o", program, ".", folder=_MODULE)
    return program
