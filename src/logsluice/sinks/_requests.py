"""Documents sent by HTTP, a request for each or for several: what the outputs `http` and `datadog` have in common."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from logsluice.components import Options
from logsluice.config.secrets import Secret
from logsluice.config.types import Duration
from logsluice.errors import Busy, Sick, SinkFault, UsageError
from logsluice.model import Encoded, Sent
from logsluice.sinks._documents import Documents, DocumentSink

if TYPE_CHECKING:
    import urllib3

SICK = frozenset({401, 403, 407})
"""Statuses that mean who asks, whatever the document."""

WRONG_PLACE = frozenset({404, 405, 410, 421})
"""Statuses that mean the URL: the configuration's fault, unless the document's values made it."""

RETRIED = frozenset({408, 425, 429})

ANSWER_CHARACTERS = 300
ANSWER_BYTES = 2000
"""What is looked at of an answer; its connection is not used again where it is longer than SHORT_BYTES."""

SHORT_BYTES = 64 * 1024


class RequestOptions(Options):
    """How a server is reached, and what TLS trusts."""

    ca_file: Path | None = Field(None, description="Authorities to trust instead of the system's, in PEM form.")
    verify_certificates: bool = Field(True, description="false trusts any certificate; for tests.")
    client_certificate: Path | None = Field(None, description="Shown to a server that asks for one, in PEM form.")
    client_key: Path | None = Field(None, description="Its private key, when that is in another file.")
    proxy: Secret | None = Field(None, description="A proxy's URL, such as `http://user:password@proxy:3128`.")
    compress: bool = Field(False, description="Send requests as gzip.")
    timeout: Duration = Field(60.0, gt=0, description="How long to wait for an answer.")
    connections: int = Field(8, ge=1, le=64, description="Requests under way at once; their order is not kept.")

    @model_validator(mode="after")
    def _key_has_a_use(self) -> RequestOptions:
        if self.client_key is not None and self.client_certificate is None:
            raise ValueError("`client_key` belongs to a `client_certificate`")
        return self


@dataclass(frozen=True, slots=True)
class Target:
    """Where a document goes.

    Attributes:
        url: With its query.
        headers: Those that its values made.
    """

    url: str
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(slots=True)
class Requests(Documents):
    """Documents, and the target of each."""

    targets: list[Target] = field(default_factory=list)


class RequestSink(DocumentSink):
    """The half of a `Sink` that sends. A repeat is sent again.

    Args:
        options: How the server is reached.
        base: The folder that relative paths start from.
        method: HTTP's.
        content_type: Of bodies.
        headers: Of every request.
        user: For basic authentication, with
        password: its password.
        together: Whether documents of one target go in one request, as a JSON array.
        own_urls: Whether a document's values make its URL.
        ignored: Statuses that count as success.
        retried: Statuses that are tried again, beside those that always are.
    """

    idempotent = False
    request_bytes = 1024 * 1024
    request_events = 500

    def __init__(
        self,
        options: RequestOptions,
        base: Path,
        *,
        method: str = "POST",
        content_type: str = "application/json",
        headers: dict[str, Secret] | None = None,
        user: str | None = None,
        password: Secret | None = None,
        together: bool = False,
        own_urls: bool = False,
        ignored: Iterable[int] = (),
        retried: Iterable[int] = (),
    ) -> None:
        self._options = options
        self._base = base
        self._method = method
        self._content_type = content_type
        self._headers = headers or {}
        self._user = user
        self._password = password
        self._together = together
        self._own_urls = own_urls
        self._ignored = frozenset(ignored)
        self._retried = RETRIED | frozenset(retried)
        self._pool: urllib3.PoolManager | None = None
        self._workers: ThreadPoolExecutor | None = None

    def open(self) -> None:
        """Read what TLS needs; the first request connects. Raises UsageError."""
        import urllib3

        from logsluice.cluster.client import CONNECT_SECONDS, pool_of
        from logsluice.cluster.tls import Trust

        options = self._options
        placed = [
            None if path is None else self._base / path
            for path in (options.ca_file, options.client_certificate, options.client_key)
        ]
        tls = Trust(placed[0], None, options.verify_certificates, placed[1], placed[2]).context()
        timeout = urllib3.Timeout(connect=min(CONNECT_SECONDS, options.timeout), read=options.timeout)
        self._pool = pool_of(options.proxy, timeout, tls)
        self._workers = ThreadPoolExecutor(options.connections, thread_name_prefix="http-output")

    def join(self, parts: Sequence[Encoded]) -> Encoded:
        """See `logsluice.model.Sink`."""
        body, metadata = Requests(), list[dict[str, Any]]()
        for part in parts:
            body.add_all(part.body)
            body.targets += part.body.targets
            metadata += part.metadata
        return Encoded(body, metadata, len(body.data))

    def pick(self, encoded: Encoded, indexes: Sequence[int]) -> Encoded:
        """See `logsluice.model.Sink`."""
        picked = super().pick(encoded, indexes)
        targets = [encoded.body.targets[index] for index in indexes]
        return Encoded(Requests(picked.body.data, picked.body.ends, targets), picked.metadata, picked.size)

    def send(self, encoded: Encoded) -> Sent:
        """A request for each document, or for each target; what one comes to does not touch the others."""
        assert self._workers is not None, "send before open"
        sent = Sent()
        groups = list(self._groups(encoded.body))
        tried = self._workers.map(lambda group: self._try(encoded.body, group), groups)
        for group, results in zip(groups, tried, strict=True):
            for index, result in zip(group, results, strict=True):
                if isinstance(result, SinkFault):
                    sent.failed[index] = result
                elif result:
                    sent.rejected[index] = result
        return sent

    def close(self) -> None:
        """Close the connections."""
        if self._workers is not None:
            self._workers.shutdown()
        if self._pool is not None:
            self._pool.clear()

    def _groups(self, body: Requests) -> Iterator[list[int]]:
        if not self._together:
            yield from ([index] for index in range(len(body.ends)))
            return
        by_target: dict[Target, list[int]] = {}
        for index, target in enumerate(body.targets):
            by_target.setdefault(target, []).append(index)
        yield from by_target.values()

    def _try(self, body: Requests, group: list[int]) -> list[SinkFault | str | None]:
        """One request, and the same result for each of its documents; halves where the server finds fault with it."""
        target = body.targets[group[0]]
        content = b"[" + b",".join(body[index] for index in group) + b"]" if self._together else body[group[0]]
        result = self._ask(target, content)
        if isinstance(result, str) and len(group) > 1:
            middle = len(group) // 2
            return self._try(body, group[:middle]) + self._try(body, group[middle:])
        return [result] * len(group)

    def _ask(self, target: Target, content: bytes) -> SinkFault | str | None:
        """The fault, why the document is refused, or None where all is well."""
        from urllib3.exceptions import HTTPError, LocationValueError, SSLError

        from logsluice.cluster.client import gzip
        from logsluice.cluster.tls import cause_of, is_final

        assert self._pool is not None, "send before open"
        place = _place(target.url)
        try:
            headers = {"content-type": self._content_type, "user-agent": "logsluice"}
            headers |= self._known_headers() | dict(target.headers)
            if self._options.compress:
                headers["content-encoding"] = "gzip"
                content = gzip(content)
            answer = self._pool.request(
                self._method, target.url, body=content, headers=headers, redirect=False, preload_content=False
            )
            said = _beginning(answer)
        except LocationValueError:
            text = f"{place}: no server can be asked at such a URL"
            return text if self._own_urls else Sick(text, place)
        except HTTPError as error:
            final = isinstance(error, SSLError) and is_final(error)
            return (Sick if final else Busy)(f"{self._method} {place}: {cause_of(error)}", place)
        except UsageError as error:
            return Sick(f"{error}; {error.hint}")
        return self._judged(place, answer.status, said)

    def _known_headers(self) -> dict[str, str]:
        """Those of every request, secrets read. Raises UsageError."""
        from logsluice.cluster.authorization import basic

        headers = {name.lower(): secret.reveal() for name, secret in self._headers.items()}
        for name, text in headers.items():
            if not is_header(text):
                raise UsageError(f"the header {name} holds a line end or no ASCII", "look for a blank at its end")
        if self._user is not None and self._password is not None:
            headers["authorization"] = basic(self._user, self._password).headers("", "", b"")["authorization"]
        return headers

    def _judged(self, place: str, status: int, data: bytes) -> SinkFault | str | None:
        if 200 <= status < 300 or status in self._ignored:
            return None
        said = " ".join(data.decode("utf-8", "replace").split())[:ANSWER_CHARACTERS]
        text = f"{place}: {status}{f' {said}' if said else ''}"
        if status in self._retried or status >= 500:
            return Busy(text)
        if 300 <= status < 400:
            return Sick(f"{text}: redirects are not followed; write the URL that it leads to", place)
        if status in SICK or (status in WRONG_PLACE and not self._own_urls):
            return Sick(text, place)
        return text


def is_header(text: str) -> bool:
    """Whether a text can stand in a header."""
    return text.isascii() and "\n" not in text and "\r" not in text and "\0" not in text


def _beginning(answer: urllib3.BaseHTTPResponse) -> bytes:
    """What an answer begins with: it may go on for ever."""
    try:
        return answer.read(SHORT_BYTES)[:ANSWER_BYTES]
    finally:
        if answer.closed:
            answer.release_conn()
        else:
            answer.close()


def _place(url: str) -> str:
    """Scheme and host alone: paths and queries may hold keys."""
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
