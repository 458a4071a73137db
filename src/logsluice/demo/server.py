"""The child process of the demo: moto's server, for as long as whoever started it holds its standard input open."""

from __future__ import annotations

import os
import sys
import threading


def main(port: str) -> None:
    """Serve on loopback. Ends with the parent, however that ends."""
    from moto.server import main as serve

    threading.Thread(target=_end_with_parent, daemon=True).start()
    serve(["-H", "127.0.0.1", "-p", port])


def _end_with_parent() -> None:
    sys.stdin.read()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1])
