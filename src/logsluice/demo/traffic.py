"""A shop that does not exist, and the people and robots that visit it."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

ACCOUNT = "123456789012"
REGION = "eu-central-1"
HOST = "shop.example.com"

_AGENTS = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (X11; Linux x86_64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "curl/8.5.0",
)
_PAGES = (("/", 40), ("/products/1042", 18), ("/products/77?color=blue", 9), ("/search?q=winter+boots", 11))
_ASSETS = (("/static/app.css", 16), ("/static/app.js", 16), ("/images/boots%20brown.jpg", 9))
_CALLS = (("/api/cart", 10), ("/api/checkout", 4), ("/api/stock/1042", 7))
_PROBES = ("/wp-login.php", "/.env", "/products?id=1%20OR%201=1", "/admin/config.php")

_CLIENTS = (
    *((f"203.0.113.{n}", 400 // (n - 1) + 1) for n in range(2, 120)),
    *((f"198.51.100.{n}", 5) for n in range(10, 60)),
    *((f"2001:db8:85a3::{n:x}", 3) for n in range(1, 30)),
)
SCANNER = "192.0.2.66"
"""Asks for what is not there; every format that shows clients shows this one."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request as every log format would tell of it. Times are UTC, durations in seconds."""

    at: datetime
    client: str
    port: int
    target: str
    verb: str
    path: str
    status: int
    duration: float
    received: int
    sent: int
    agent: str
    id: str

    @property
    def hostile(self) -> bool:
        """Whether it came from the scanner."""
        return self.client == SCANNER


class Traffic:
    """Visits, the same ones for the same seed."""

    def __init__(self, seed: int = 1) -> None:
        self.random = random.Random(seed)  # noqa: S311 - made-up traffic
        paths = (*_PAGES, *_ASSETS, *_CALLS)
        self._paths, self._path_weights = zip(*paths, strict=True)
        self._clients, self._client_weights = zip(*_CLIENTS, strict=True)

    def visits(self, start: datetime, seconds: float, count: int) -> list[Visit]:
        """So many visits in a stretch of time, in order, with a bad few minutes in it."""
        offsets = sorted(self._moment() for _ in range(count))
        return list(self._all(start, seconds, offsets))

    def hex(self, digits: int) -> str:
        """Random hexadecimal digits, for ids."""
        return f"{self.random.getrandbits(digits * 4):0{digits}x}"

    def _all(self, start: datetime, seconds: float, offsets: list[float]) -> Iterator[Visit]:
        for offset in offsets:
            yield self._visit(start + timedelta(seconds=offset * seconds), 0.6 < offset < 0.68)

    def _moment(self) -> float:
        """Between 0 and 1, more often in the middle: traffic comes in waves."""
        while True:
            moment = self.random.random()
            if self.random.random() < 0.55 + 0.45 * math.sin(moment * math.pi):
                return moment

    def _visit(self, at: datetime, bad_times: bool) -> Visit:
        pick = self.random
        hostile = pick.random() < 0.03
        path = pick.choice(_PROBES) if hostile else pick.choices(self._paths, self._path_weights)[0]
        status = self._status(path, hostile, bad_times)
        sent = int(pick.lognormvariate(8.2, 1.1)) + 180 if status < 400 else pick.randint(150, 900)
        return Visit(
            at=at,
            client=SCANNER if hostile else pick.choices(self._clients, self._client_weights)[0],
            port=pick.randint(1025, 65535),
            target=f"10.0.{pick.randint(1, 2)}.{pick.choice((11, 24, 37))}",
            verb="POST" if path in ("/api/cart", "/api/checkout") else "GET",
            path=path,
            status=status,
            duration=round(pick.lognormvariate(-3.2, 0.8) * (20 if status >= 500 else 1), 3),
            received=pick.randint(120, 1400),
            sent=sent,
            agent="python-requests/2.32.3" if hostile else pick.choices(_AGENTS, (6, 4, 3, 1))[0],
            id=self.hex(24),
        )

    def _status(self, path: str, hostile: bool, bad_times: bool) -> int:
        if hostile:
            return self.random.choice((403, 404, 404))
        if self.random.random() < (0.35 if bad_times and path.startswith("/api") else 0.004):
            return self.random.choice((502, 503, 504))
        return self.random.choices((200, 304, 301, 404, 201 if path.startswith("/api") else 200), (80, 9, 3, 2, 6))[0]
