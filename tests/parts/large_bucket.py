"""A bucket as large as a test likes, in this process: S3's ListObjectsV2 and GetObject over HTTP, and nothing else.

moto takes 250 objects a second and gives them all the present time; here LastModified is what the test says.
"""

from __future__ import annotations

import bisect
import hashlib
import re
import threading
import time
from collections import Counter
from datetime import UTC, datetime
from email.utils import format_datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

_SIGNER = re.compile(r"Credential=([^/]+)/")
"""Whose access key signed a request (Signature Version 4)."""


class LargeBucket:
    """One bucket, `logs`, on a port of its own.

    Args:
        latency: Seconds until the answer to a read begins, as S3 has tens of milliseconds.

    Attributes:
        reads: How often each key was read.
        readers: How many reads each access key made, "" for requests without one.
        listings: How many requests listed something, by prefix.
    """

    name = "logs"

    def __init__(self, latency: float = 0.0) -> None:
        self.latency = latency
        self.reads: Counter[str] = Counter()
        self.readers: Counter[str] = Counter()
        self.listings: Counter[str] = Counter()
        self._objects: dict[str, tuple[bytes, str, float]] = {}
        self._keys: list[str] = []
        self._lock = threading.Lock()
        self._server = _Server(("127.0.0.1", 0), type("Handler", (_Handler,), {"bucket": self}))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05})

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> LargeBucket:
        self._thread.start()
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, _: TracebackType | None) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def put(self, key: str, content: bytes, modified: float) -> None:
        """An object as it was written then; it replaces an older one."""
        with self._lock:
            if key not in self._objects:
                bisect.insort(self._keys, key)
            self._objects[key] = (content, hashlib.md5(content, usedforsecurity=False).hexdigest(), modified)

    def found(self, key: str) -> tuple[bytes, str]:
        """The content of an object that is there, and its ETag without quotes."""
        with self._lock:
            return self._objects[key][:2]

    def read(self, key: str, reader: str = "") -> tuple[bytes, str, float] | None:
        with self._lock:
            self.reads[key] += 1
            self.readers[reader] += 1
            return self._objects.get(key)

    def list(self, prefix: str, after: str, delimiter: str, size: int) -> str:
        """A page, as S3 writes it."""
        with self._lock:
            self.listings[prefix] += 1
            start = bisect.bisect_left(self._keys, prefix)
            start = max(start, bisect.bisect_right(self._keys, after)) if after else start
            end = bisect.bisect_left(self._keys, prefix + chr(0x10FFFF))
            page = self._keys[start : end if delimiter else min(end, start + size)]
            objects = [(key, *self._objects[key]) for key in page if not delimiter]
        if delimiter:  # all folders in one page
            rests = (key.removeprefix(prefix) for key in page)
            folders = sorted({prefix + rest.partition(delimiter)[0] + delimiter for rest in rests if delimiter in rest})
            inner = "".join(f"<CommonPrefixes><Prefix>{escape(each)}</Prefix></CommonPrefixes>" for each in folders)
            return _result(inner, truncated=False)
        inner = "".join(
            f"<Contents><Key>{escape(key)}</Key><LastModified>{datetime.fromtimestamp(modified, UTC):%Y-%m-%dT%H:%M:%S}"
            f".000Z</LastModified><ETag>&quot;{etag}&quot;</ETag><Size>{len(content)}</Size>"
            "<StorageClass>STANDARD</StorageClass></Contents>"
            for key, content, etag, modified in objects
        )
        return _result(inner, truncated=start + size < end)


def _result(inner: str, truncated: bool) -> str:
    return (
        '<?xml version="1.0" encoding="UTF-8"?><ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<Name>logs</Name><IsTruncated>{str(truncated).lower()}</IsTruncated>{inner}</ListBucketResult>"
    )


class _Server(ThreadingHTTPServer):
    daemon_threads = True

    def handle_error(self, *_: object) -> None:
        """A client that was killed is what is wanted here."""


class _Handler(BaseHTTPRequestHandler):
    bucket: LargeBucket
    protocol_version = "HTTP/1.1"
    wbufsize = 1 << 16  # one packet for an answer

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        key = unquote(parts.path.removeprefix(f"/{LargeBucket.name}").removeprefix("/"))
        if not key:
            asked = {name: values[0] for name, values in parse_qs(parts.query).items()}
            size = int(asked.get("max-keys", 1000))
            page = self.bucket.list(
                asked.get("prefix", ""), asked.get("start-after", ""), asked.get("delimiter", ""), size
            )
            self._answer(200, page.encode(), {"Content-Type": "application/xml"})
            return
        signer = _SIGNER.search(self.headers.get("Authorization", ""))
        found = self.bucket.read(key, signer[1] if signer else "")
        time.sleep(self.bucket.latency)
        if found is None:
            self._answer(404, b"<Error><Code>NoSuchKey</Code></Error>", {})
            return
        content, etag, modified = found
        if self.headers.get("If-Match", f'"{etag}"') != f'"{etag}"':
            self._answer(412, b"<Error><Code>PreconditionFailed</Code></Error>", {})
            return
        written = format_datetime(datetime.fromtimestamp(modified, UTC), usegmt=True)
        self._answer(200, content, {"ETag": f'"{etag}"', "Last-Modified": written})

    def _answer(self, status: int, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(status)
        for name, value in {**headers, "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)
        self.wfile.flush()

    def log_message(self, *_: object) -> None:
        """Silent: pytest shows what a test says."""
