"""HTTP to a cluster: several hosts in turn, TLS, basic auth or AWS signatures, gzip, one try a request.

Only what can't have reached a host (no connection) is tried on the next host at once; everything else is the caller's
to judge. Thread-safe: urllib3 pools the connections.
"""

from __future__ import annotations

import base64
import ssl
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, InsecureRequestWarning, SSLError

try:
    from isal import isal_zlib as zlib
except ImportError:  # no wheel for this platform
    import zlib  # type: ignore[no-redef]

from logsluice._version import __version__
from logsluice.errors import Busy, UsageError

CONNECT_SECONDS = 5.0
DEAD_SECONDS = 10.0
"""How long a host that could not be reached is passed over while another one answers."""

CONNECTIONS = 32

Authorize = Callable[[str, str, bytes], Mapping[str, str]]
"""The headers that authorize one request: (method, URL, body as sent)."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What a host answered, whatever the status.

    Attributes:
        status: HTTP's.
        content: The parsed JSON, or None when the body is none (cut short, or not from a cluster at all).
        text: The beginning of the body, for messages.
        host: Which host it was.
    """

    status: int
    content: Any
    text: str
    host: str


class Client:
    """One cluster.

    Args:
        hosts: URLs such as `https://search.example.com`; a path is put before every request's.
        authorize: See `Authorize`.
        ca_file: Authorities to trust instead of the system's.
        verify: Whether certificates are checked at all.
        compress: Whether request bodies are sent as gzip.
        timeout: Seconds to wait for an answer.

    Raises:
        UsageError: `ca_file` can't be read.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        authorize: Authorize | None = None,
        *,
        ca_file: Path | None = None,
        verify: bool = True,
        compress: bool = True,
        timeout: float = 60.0,
    ) -> None:
        self._hosts = _Rotation([host.rstrip("/") for host in hosts])
        self._authorize = authorize
        self._compress = compress
        self._pool = urllib3.PoolManager(
            maxsize=CONNECTIONS,
            retries=False,
            timeout=urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout), read=timeout),
            ssl_context=_tls(ca_file, verify) if any(host.startswith("https:") for host in hosts) else None,
        )

    def request(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Answer:
        """Send one request and read the whole answer.

        Raises:
            Busy: No host could be reached, or the answer did not come or was cut: what became of it is not known.
            UsageError: The host's certificate can't be trusted.
        """
        headers = {"user-agent": f"logsluice/{__version__}", "accept": "application/json"}
        if body:
            headers["content-type"] = content_type
            if self._compress:
                headers["content-encoding"] = "gzip"
                body = gzip(body)
        unreachable: list[str] = []
        for host in self._hosts.in_turn():
            url = host + path
            signed = self._authorize(method, url, body) if self._authorize else {}
            try:
                answer = self._pool.request(
                    method, url, body=body or None, headers={**headers, **signed}, redirect=False
                )
            except ConnectTimeoutError as error:
                self._hosts.mark_dead(host)
                unreachable.append(f"{host}: {_cause(error)}")
                continue
            except SSLError as error:
                if _is_final(error):
                    raise untrusted(host, error) from None
                raise Busy(f"{method} {host}: {_cause(error)}") from None
            except HTTPError as error:
                self._hosts.mark_dead(host)
                raise Busy(f"{method} {host}: {_cause(error)}") from None
            self._hosts.mark_alive(host)
            return Answer(answer.status, _parsed(answer.data), answer.data[:2000].decode("utf-8", "replace"), host)
        raise Busy(f"no host can be reached ({'; '.join(unreachable)}): check `hosts`, the way there, and that it runs")

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()


class _Rotation:
    """Round robin over hosts; those marked dead come last, until DEAD_SECONDS are over."""

    def __init__(self, hosts: Sequence[str]) -> None:
        self._hosts = tuple(hosts)
        self._next = 0
        self._dead: dict[str, float] = {}
        self._lock = threading.Lock()

    def in_turn(self) -> list[str]:
        """Every host once, in the order to try them."""
        now = time.monotonic()
        with self._lock:
            start, self._next = self._next, (self._next + 1) % len(self._hosts)
            return sorted(
                self._hosts[start:] + self._hosts[:start], key=lambda host: max(0.0, self._dead.get(host, 0.0) - now)
            )

    def mark_dead(self, host: str) -> None:
        with self._lock:
            self._dead[host] = time.monotonic() + DEAD_SECONDS

    def mark_alive(self, host: str) -> None:
        with self._lock:
            self._dead.pop(host, None)


def basic(user: str, password: str) -> Authorize:
    """HTTP basic auth, in UTF-8 (RFC 7617)."""
    token = base64.b64encode(f"{user}:{password}".encode()).decode("ascii")
    return lambda *_: {"authorization": f"Basic {token}"}


def gzip(body: bytes) -> bytes:
    """At level 1: the CPU is better spent on parsing."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def untrusted(host: str, error: Exception) -> UsageError:
    """The sentence for a TLS failure, which no waiting cures."""
    if "WRONG_VERSION_NUMBER" in str(error) or "record layer" in str(error):
        return UsageError(f"{host} does not speak TLS", hint=f"write http://{urlsplit(host).netloc} in `hosts`")
    return UsageError(
        f"the certificate of {host} can't be trusted: {_cause(error)}",
        hint="set `ca_file` to the certificate of its authority, or, for a test, `verify_certificates: false`",
    )


def _is_final(error: SSLError) -> bool:
    """Whether no waiting cures it: a wrong certificate, a port without TLS. A cut connection is no such case."""
    return any(word in str(error) for word in ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "record layer"))


def _tls(ca_file: Path | None, verify: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=None if ca_file is None else str(ca_file))
    except (OSError, ssl.SSLError) as error:
        raise UsageError(
            f"ca_file {ca_file} can't be used: {error.strerror or error}",
            hint="name a file with one or several certificates in PEM form",
        ) from None
    if not verify:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        urllib3.disable_warnings(InsecureRequestWarning)
    return context


def _parsed(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None


def _cause(error: Exception) -> str:
    """urllib3's message without the connection object that it begins with."""
    return str(error).partition("): ")[2] or str(error)
