"""HTTP to a cluster: several hosts in turn, TLS, who asks, a proxy, gzip, one try a request.

Only what can't have reached a host (no connection) is tried on the next host at once; everything else is the caller's
to judge. Thread-safe: urllib3 pools the connections.
"""

from __future__ import annotations

import ssl
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any
from urllib.parse import unquote, urlsplit, urlunsplit

import orjson
import urllib3
from urllib3.exceptions import ConnectTimeoutError, HTTPError, ProtocolError, ProxyError, SSLError

try:
    from isal import isal_zlib as zlib
except ImportError:  # no wheel for this platform
    import zlib  # type: ignore[no-redef]

from logsluice._version import __version__
from logsluice.cluster.authorization import Authorization
from logsluice.cluster.hosts import advice_cut, advice_unreachable
from logsluice.cluster.rotation import Rotation
from logsluice.cluster.tls import Trust, cause_of, find_authority, is_final, untrusted
from logsluice.config.secrets import Secret
from logsluice.errors import Busy, UsageError

CONNECT_SECONDS = 5.0
CONNECTIONS = 32


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
        authorization: Who asks; None for nobody in particular.
        trust: What TLS looks at.
        proxy: The URL of a proxy, with its user and password where it asks for them.
        headers: Sent with every request.
        compress: Whether request bodies are sent as gzip.
        timeout: Seconds to wait for an answer.

    Raises:
        UsageError: A file of `trust` can't be read, or the proxy's URL is none.
    """

    def __init__(
        self,
        hosts: Sequence[str],
        authorization: Authorization | None = None,
        *,
        trust: Trust | None = None,
        proxy: Secret | None = None,
        headers: Mapping[str, Secret] | None = None,
        compress: bool = True,
        timeout: float = 60.0,
    ) -> None:
        self._hosts = Rotation([host.rstrip("/") for host in hosts])
        self._authorization = authorization
        self._headers = dict(headers or {})
        self._compress = compress
        self._trust = trust or Trust()
        self._make_pool = partial(pool_of, proxy, urllib3.Timeout(connect=min(CONNECT_SECONDS, timeout), read=timeout))
        self._tls = self._trust.context() if any(host.startswith("https:") for host in hosts) else None
        self._pool = self._make_pool(self._tls)
        self._authority_known = self._tls is None or self._trust.ca_fingerprint is None
        self._finding = threading.Lock()

    def request(self, method: str, path: str, body: bytes = b"", content_type: str = "application/json") -> Answer:
        """Send one request and read the whole answer.

        Refused for who asks, it is sent once more where the secret has changed since.

        Raises:
            Busy: No host could be reached, or the answer did not come or was cut: what became of it is not known.
            UsageError: The host's certificate can't be trusted, or a secret can't be read.
        """
        headers = {"user-agent": f"logsluice/{__version__}", "accept": "application/json"}
        headers |= {name: value.reveal() for name, value in self._headers.items()}
        if body:
            headers["content-type"] = content_type
            if self._compress:
                headers["content-encoding"] = "gzip"
                body = gzip(body)
        unreachable: list[str] = []
        for host in self._hosts.in_turn():
            try:
                answer = self._ask(method, host, path, body, headers)
            except ConnectTimeoutError as error:
                self._hosts.mark_dead(host)
                unreachable.append(f"{host}: {cause_of(error)}{advice_unreachable(host)}")
                continue
            except SSLError as error:
                if is_final(error):
                    raise untrusted(host, error) from None
                raise Busy(f"{method} {host}: {cause_of(error)}") from None
            except HTTPError as error:
                self._hosts.mark_dead(host)
                way = " by the proxy" if isinstance(error, ProxyError) else ""
                advice = advice_cut(host) if isinstance(error, ProtocolError) else ""
                raise Busy(f"{method} {host}{way}: {cause_of(error)}{advice}") from None
            self._hosts.mark_alive(host)
            return answer
        raise Busy(f"no host can be reached ({'; '.join(unreachable)}): check `hosts`, the way there, and that it runs")

    def close(self) -> None:
        """Close the idle connections."""
        self._pool.clear()

    def _ask(self, method: str, host: str, path: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        """One host; a second time with other credentials, where it refuses the first. Raises HTTPError."""
        if not self._authority_known and host.startswith("https:"):
            self._find_authority(host)
        url = host + path
        if self._authorization is None:
            return self._send(method, host, url, body, headers)
        shown = self._authorization.headers(method, url, body)
        answer = self._send(method, host, url, body, {**headers, **shown})
        if not self._authorization.renew(answer, shown):
            return answer
        return self._send(method, host, url, body, {**headers, **self._authorization.headers(method, url, body)})

    def _send(self, method: str, host: str, url: str, body: bytes, headers: Mapping[str, str]) -> Answer:
        answer = self._pool.request(method, url, body=body or None, headers=headers, redirect=False)
        return Answer(answer.status, _parsed(answer.data), answer.data[:2000].decode("utf-8", "replace"), host)

    def _find_authority(self, host: str) -> None:
        assert self._tls is not None
        assert self._trust.ca_fingerprint is not None
        with self._finding:
            if self._authority_known:
                return
            unchecked = self._make_pool(replace(self._trust, verify=False).context())
            try:
                find_authority(unchecked, self._tls, host, self._trust.ca_fingerprint)
            finally:
                unchecked.clear()
            self._authority_known = True


def pool_of(proxy: Secret | None, timeout: urllib3.Timeout, tls: ssl.SSLContext | None) -> urllib3.PoolManager:
    """Connections that retry nothing, by way of a proxy where one is named. Raises UsageError."""
    if proxy is None:
        return urllib3.PoolManager(maxsize=CONNECTIONS, retries=False, timeout=timeout, ssl_context=tls)
    try:
        parts = urlsplit(proxy.reveal())
        is_url = parts.scheme in ("http", "https") and parts.hostname and parts.port != 0
    except ValueError:  # a port that is no number; the text itself may hold a password and is not said
        is_url = False
    if not is_url:
        raise UsageError("`proxy` is no URL", hint="write it as http://proxy.example.com:3128")
    headers = None
    if parts.username is not None:
        user = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        headers = urllib3.make_headers(proxy_basic_auth=user)
    return urllib3.ProxyManager(
        urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], "", "", "")),
        proxy_headers=headers,
        maxsize=CONNECTIONS,
        retries=False,
        timeout=timeout,
        ssl_context=tls,
    )


def gzip(body: bytes) -> bytes:
    """At level 1: the CPU is better spent on parsing."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    return packer.compress(body) + packer.flush()


def _parsed(data: bytes) -> Any:
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
