"""toxiproxy: a TCP proxy that fails on request. Needs Go and, the first time, its module proxy.

Facts: its README, "Toxics" and "HTTP API".
"""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests.parts import PartError, Server, cache_folder, run_tool, unavailable
from tests.parts.java_tools import only_one

VERSION = "2.5.0"
_PACKAGE = f"github.com/Shopify/toxiproxy/v2/cmd/server@v{VERSION}"
_NAME = "it"


class Toxiproxy(Server):
    """One proxy before one server; `port` and `url` are where clients connect.

    Args:
        folder: For its log.
        upstream: The port of the server, on 127.0.0.1.
    """

    name = "toxiproxy"

    def __init__(self, folder: Path, upstream: int) -> None:
        super().__init__(folder)
        self._upstream = upstream
        self._api = f"http://127.0.0.1:{self.port}"

    def prepare(self) -> None:
        self._program = _program()

    def command(self) -> Sequence[str | Path]:
        return [self._program, "-host", "127.0.0.1", "-port", self._api.rpartition(":")[2]]

    def healthy(self) -> bool:
        try:
            self._call("GET", "/version")
        except (OSError, urllib.error.URLError):
            return False
        return True

    def start(self) -> None:
        """Start, with the proxy in it and nothing failing. Raises PartError."""
        super().start()
        wanted = {"name": _NAME, "listen": "127.0.0.1:0", "upstream": f"127.0.0.1:{self._upstream}", "enabled": True}
        made = json.loads(self._call("POST", "/proxies", wanted))
        self.port = int(made["listen"].rpartition(":")[2])

    def down(self) -> None:
        """Connections are refused, and those that are open are closed."""
        self._call("POST", f"/proxies/{_NAME}", {"enabled": False})

    def black_hole(self) -> None:
        """Connections are accepted, and nothing ever passes, on those that are open neither."""
        self.toxic("timeout", "upstream", timeout=0)

    def reset_answers(self) -> None:
        """Requests arrive, and instead of its answer a client gets a reset connection."""
        self.toxic("reset_peer", "downstream", timeout=0)

    def toxic(self, kind: str, stream: str, **attributes: int) -> None:
        """Any other fault, as toxiproxy calls it; `stream` is "upstream" or "downstream"."""
        self._call("POST", f"/proxies/{_NAME}/toxics", {"type": kind, "stream": stream, "attributes": attributes})

    def heal(self) -> None:
        """Nothing fails any more."""
        self._call("POST", "/reset")

    def _call(self, method: str, path: str, body: Any = None) -> bytes:
        data = None if body is None else json.dumps(body).encode()
        with urllib.request.urlopen(urllib.request.Request(self._api + path, data, method=method), timeout=5) as answer:
            said: bytes = answer.read()
            return said


@contextmanager
def before(upstream: int, folder: Path) -> Iterator[Toxiproxy]:
    """A proxy before a port, started and ended again; without it the test ends (`unavailable`)."""
    proxy = Toxiproxy(folder, upstream)
    try:
        proxy.start()
    except PartError as error:
        unavailable(str(error))
    try:
        yield proxy
    finally:
        proxy.crash()


def _program() -> Path:
    """Compiled once. Raises PartError."""
    folder = cache_folder(f"toxiproxy-{VERSION}")
    with only_one(folder):
        if not (folder / "server").exists():
            run_tool("env", f"GOBIN={folder}", "go", "install", _PACKAGE)
    return folder / "server"
