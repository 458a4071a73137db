"""TLS to a cluster: whose certificates are trusted, and which one is shown to a cluster that asks for one.

A fingerprint names a certificate of the chain that the host shows: that of its authority, as Elasticsearch 8 prints it
at its first start, or of the host itself. It is compared once, on a connection that carries nothing; the certificate
found then is the only authority for every connection after it. So a chain that merely contains it is not enough: the
host's certificate must be signed by it, and be for the host's name.
"""

from __future__ import annotations

import hashlib
import ssl
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import urllib3
from urllib3.connection import HTTPSConnection
from urllib3.exceptions import InsecureRequestWarning, SSLError

from logsluice.config.secrets import Secret
from logsluice.errors import UsageError

_DER = 2
"""`_ssl.ENCODING_DER`."""


@dataclass(frozen=True, slots=True)
class Trust:
    """What TLS is to look at.

    Attributes:
        ca_file: Authorities to trust instead of the system's.
        ca_fingerprint: SHA-256 of the one certificate to trust, in lower case hex.
        verify: Whether certificates are checked at all.
        certificate: Shown to the cluster, in PEM form.
        key: Its private key; None when it is in the same file.
        key_password: What the key is encrypted with.
    """

    ca_file: Path | None = None
    ca_fingerprint: str | None = None
    verify: bool = True
    certificate: Path | None = None
    key: Path | None = None
    key_password: Secret | None = None

    def context(self) -> ssl.SSLContext:
        """For `urllib3`; without the authority of a fingerprint, which is still to be found (`find_authority`).

        Raises:
            UsageError: A file can't be read.
        """
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        if not self.verify:
            context.check_hostname = False
            context.verify_mode = ssl.CERT_NONE
            urllib3.disable_warnings(InsecureRequestWarning)
        elif self.ca_file is not None:
            self._load(context, self.ca_file)
        elif self.ca_fingerprint is None:
            context.load_default_certs()
        if self.certificate is not None:
            self._show(context, self.certificate)
        return context

    @staticmethod
    def _load(context: ssl.SSLContext, ca_file: Path) -> None:
        try:
            context.load_verify_locations(ca_file)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"ca_file {ca_file} can't be used: {error.strerror or error}",
                hint="name a file with one or several certificates in PEM form",
            ) from None

    def _show(self, context: ssl.SSLContext, certificate: Path) -> None:
        # a function: without one, OpenSSL would ask the terminal for the password
        password = self.key_password.reveal() if self.key_password else ""
        try:
            context.load_cert_chain(certificate, self.key, lambda: password)
        except (OSError, ssl.SSLError) as error:
            raise UsageError(
                f"client_certificate {certificate} with client_key {self.key or certificate} can't be used: "
                f"{error.strerror or error}",
                hint="name the certificate and its key in PEM form, and `client_key_password` where it is encrypted",
            ) from None


def find_authority(pool: urllib3.PoolManager, context: ssl.SSLContext, host: str, fingerprint: str) -> None:
    """Make the certificate of a fingerprint, which a host must show, the only authority of a context.

    Args:
        pool: A way to the host that checks no certificate. Nothing but `HEAD /` is sent.
        context: As `Trust.context` made it.
        host: Its URL.
        fingerprint: SHA-256, in lower case hex.

    Raises:
        HTTPError: The host can't be reached.
        UsageError: None of its certificates has that fingerprint.
    """
    shown = {hashlib.sha256(der).hexdigest(): der for der in _shown(pool, host)}
    if fingerprint not in shown:
        raise UsageError(
            f"no certificate of {host} has the SHA-256 fingerprint {fingerprint}; it shows {', '.join(shown)}",
            hint="take `ca_fingerprint` from the cluster's own output, or name its authority as `ca_file`",
        )
    context.load_verify_locations(cadata=shown[fingerprint])
    context.verify_flags |= ssl.VERIFY_X509_PARTIAL_CHAIN  # the host's own certificate may be the one that is named


def _shown(pool: urllib3.PoolManager, host: str) -> list[bytes]:
    """The chain that a host shows, its own certificate first, each in DER form."""
    shown: list[bytes] = []

    class Looking(HTTPSConnection):
        def connect(self) -> None:
            super().connect()
            shown.extend(_chain(self.sock))

    connections = pool.connection_from_url(host)
    connections.ConnectionCls = Looking
    connections.request("HEAD", "/", redirect=False)
    return shown


def _chain(sock: Any) -> list[bytes]:
    if hasattr(sock, "get_unverified_chain"):  # Python 3.13
        return list(sock.get_unverified_chain())
    return [certificate.public_bytes(_DER) for certificate in sock._sslobj.get_unverified_chain()]


def untrusted(host: str, error: Exception) -> UsageError:
    """The sentence for a TLS failure that no waiting cures."""
    if "WRONG_VERSION_NUMBER" in str(error) or "record layer" in str(error):
        return UsageError(f"{host} does not speak TLS", hint=f"write http://{urlsplit(host).netloc} in `hosts`")
    return UsageError(
        f"the certificate of {host} can't be trusted: {cause_of(error)}",
        hint="set `ca_file` to the certificate of its authority, or `ca_fingerprint`; or, for a test, "
        "`verify_certificates: false`",
    )


def is_final(error: SSLError) -> bool:
    """Whether no waiting cures it: a wrong certificate, a port without TLS. A cut connection is no such case."""
    return any(word in str(error) for word in ("CERTIFICATE_VERIFY_FAILED", "WRONG_VERSION_NUMBER", "record layer"))


def cause_of(error: Exception) -> str:
    """urllib3's message without the connection object that it begins with."""
    return str(error).partition("): ")[2] or str(error)
