"""Whom a cluster's client trusts, what it shows of itself, and by which way it goes: a listener with real TLS."""

from __future__ import annotations

import base64
import hashlib
import http.server
import ssl
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from logsluice.cluster.connection import ConnectionOptions, connect
from logsluice.errors import Busy, UsageError
from tests.parts import free_port, run_tool
from tests.parts.opensearch import make_certificates


class Handler(http.server.BaseHTTPRequestHandler):
    """Answers anything with what it was asked."""

    refused: tuple[str, ...] = ()

    def do_GET(self) -> None:
        self.server.asked.append((self.path, dict(self.headers)))  # type: ignore[attr-defined]
        self.send_response(401 if self.headers["authorization"] in self.refused else 200)
        self.send_header("content-length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    do_HEAD = do_GET  # noqa: N815 - the base class's name

    def log_message(self, *_: object) -> None:
        pass


class Listener(http.server.ThreadingHTTPServer):
    """On loopback; notes the path and the headers of each request."""

    def __init__(self, handler: type[Handler]) -> None:
        super().__init__(("127.0.0.1", 0), handler)
        self.asked: list[tuple[str, dict[str, str]]] = []

    def handle_error(self, *_: object) -> None:
        """A handshake that fails is the client's business."""


@contextmanager
def listening(
    chain: Path | None = None, key: Path | None = None, ask_for: Path | None = None, refused: tuple[str, ...] = ()
) -> Iterator[Listener]:
    """With TLS where a chain is given; with client certificates by the authority `ask_for`."""
    with Listener(type("Told", (Handler,), {"refused": refused})) as server:
        if chain is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(chain, key)
            if ask_for is not None:
                context.load_verify_locations(ask_for)
                context.verify_mode = ssl.CERT_REQUIRED
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """`ca.pem`, `node.pem`, `node.key`, the chain of both as `chain.pem`, and a `foreign` authority's in a folder."""
    folder = tmp_path_factory.mktemp("certificates")
    (folder / "foreign").mkdir()
    make_certificates(folder)
    make_certificates(folder / "foreign")
    authority = (folder / "ca.pem").read_text()
    (folder / "chain.pem").write_text((folder / "node.pem").read_text() + authority)
    (folder / "foreign" / "chain.pem").write_text((folder / "foreign" / "node.pem").read_text() + authority)
    return folder


def fingerprint(certificate: Path) -> str:
    return hashlib.sha256(ssl.PEM_cert_to_DER_cert(certificate.read_text())).hexdigest()


def ask(server: Listener | str, scheme: str = "https", **options: Any) -> int:
    """The status of one request."""
    url = server if isinstance(server, str) else f"{scheme}://127.0.0.1:{server.server_port}"
    client = connect(ConnectionOptions.model_validate({"hosts": url, **options}), Path())
    try:
        return client.request("GET", "/").status
    finally:
        client.close()


@pytest.mark.parametrize("named", ["ca.pem", "node.pem"])
def test_the_certificate_of_a_fingerprint_is_trusted_alone(certificates: Path, named: str) -> None:
    digits = fingerprint(certificates / named).upper()
    with listening(certificates / "chain.pem", certificates / "node.key") as server:
        assert ask(server, ca_fingerprint=":".join(digits[i : i + 2] for i in range(0, 64, 2))) == 200
        with pytest.raises(UsageError, match="can't be trusted"):
            ask(server)


def test_a_chain_that_merely_contains_the_certificate_is_not_trusted(certificates: Path) -> None:
    foreign = certificates / "foreign"
    with (
        listening(foreign / "chain.pem", foreign / "node.key") as server,
        pytest.raises(UsageError, match="can't be trusted"),
    ):
        ask(server, ca_fingerprint=fingerprint(certificates / "ca.pem"), user="u", password="hush")
    assert [headers.get("authorization") for _, headers in server.asked] == [None], "nothing was told to it"


def test_an_unknown_fingerprint_is_one_sentence_with_those_that_are_shown(certificates: Path) -> None:
    with (
        listening(certificates / "chain.pem", certificates / "node.key") as server,
        pytest.raises(UsageError, match=f"it shows {fingerprint(certificates / 'node.pem')}, "),
    ):
        ask(server, ca_fingerprint="0" * 64)


def test_a_client_certificate_is_shown_to_a_cluster_that_asks_for_one(certificates: Path) -> None:
    ca_file = str(certificates / "ca.pem")
    own = {"client_certificate": str(certificates / "node.pem"), "client_key": str(certificates / "node.key")}
    with listening(certificates / "chain.pem", certificates / "node.key", certificates / "ca.pem") as server:
        assert ask(server, ca_file=ca_file, **own) == 200
        assert ask(server, ca_fingerprint=fingerprint(certificates / "ca.pem"), **own) == 200
        with pytest.raises(Busy):
            ask(server, ca_file=ca_file)


def test_the_key_of_a_client_certificate_may_be_encrypted(certificates: Path, tmp_path: Path) -> None:
    key = tmp_path / "client.key"
    run_tool("openssl", "rsa", "-aes256", "-passout", "pass:hush", "-in", certificates / "node.key", "-out", key)
    options = {
        "ca_file": str(certificates / "ca.pem"),
        "client_certificate": str(certificates / "node.pem"),
        "client_key": str(key),
    }
    with listening(certificates / "chain.pem", certificates / "node.key", certificates / "ca.pem") as server:
        assert ask(server, **options, client_key_password="hush") == 200
        with pytest.raises(UsageError, match=r"client_certificate .* can't be used"):
            ask(server, **options, client_key_password="guess")
        with pytest.raises(UsageError, match=r"client_certificate .* can't be used"):
            ask(server, **options)


def test_requests_go_by_the_proxy_with_its_password() -> None:
    with listening() as proxy:
        url = f"http://user:p%40ss@127.0.0.1:{proxy.server_port}"
        assert ask("http://cluster.example:9200", proxy=url) == 200
    ((path, headers),) = proxy.asked
    assert path == "http://cluster.example:9200/"
    assert headers["proxy-authorization"] == f"Basic {base64.b64encode(b'user:p@ss').decode()}"


def test_a_proxy_that_is_no_url_or_not_there_is_one_sentence() -> None:
    for wrong in ("proxy.example:3128", "http://user:hush@proxy.example:port", "http://[user:hush@proxy"):
        with pytest.raises(UsageError, match=r"^`proxy` is no URL$"):
            ask("http://cluster.example:9200", proxy=wrong)
    with pytest.raises(Busy, match="proxy"):
        ask("http://cluster.example:9200", proxy=f"http://127.0.0.1:{free_port()}")


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ({"user": "u", "password": "p"}, {"Authorization": "Basic dTpw"}),
        ({"api_key": "id:key"}, {"Authorization": "ApiKey aWQ6a2V5"}),
        ({"api_key": "aWQ6a2V5"}, {"Authorization": "ApiKey aWQ6a2V5"}),
        ({"bearer_token": "a.b.c"}, {"Authorization": "Bearer a.b.c"}),
        ({"headers": {"x-team": "logs"}}, {"x-team": "logs"}),
    ],
)
def test_a_request_says_who_asks(options: dict[str, Any], expected: dict[str, str]) -> None:
    with listening() as server:
        assert ask(server, "http", **options) == 200
    ((_, headers),) = server.asked
    lower = {name.lower(): value for name, value in headers.items()}
    assert {name: lower.get(name.lower()) for name in expected} == expected


def test_a_refused_secret_is_read_again_and_sent_once_more_only_when_it_has_changed(tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("old")
    with listening(refused=("ApiKey old",)) as server:
        url = f"http://127.0.0.1:{server.server_port}"
        client = connect(ConnectionOptions.model_validate({"hosts": url, "api_key": {"file": str(secret)}}), Path())
        assert client.request("GET", "/").status == 401
        assert len(server.asked) == 1
        secret.write_text("new")
        assert client.request("GET", "/").status == 200
        client.close()


def test_a_plain_request_to_a_port_with_tls_is_told_what_to_write(certificates: Path) -> None:
    with (
        listening(certificates / "chain.pem", certificates / "node.key") as server,
        pytest.raises(Busy, match=f"if it speaks TLS, write https://127.0.0.1:{server.server_port}"),
    ):
        ask(server, "http")
