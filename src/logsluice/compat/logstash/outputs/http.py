"""Any server by HTTP.

Facts: Logstash Reference, "Http output plugin".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias

from pydantic import Field

from logsluice.compat.logstash.plugins import LISTED, UNUSED, Flag, JavaStore, Output, OutputSettings, Pairs
from logsluice.filters._options import TemplateText, Text, Texts

Codes: TypeAlias = Annotated[tuple[int, ...], LISTED]


class Settings(OutputSettings):
    """Options of `http`."""

    url: TemplateText = Field(description="Where to, with %{field}.")
    http_method: Literal["put", "post", "patch", "delete", "get", "head"] = Field(description="HTTP's.")
    format: Literal["json", "json_batch", "form", "message"] = Field(default="json", description="Of a body.")
    message: TemplateText | None = Field(default=None, description="The text, with `format => message`.")
    mapping: Pairs = Field(default_factory=dict, description="What is sent instead of the whole event.")
    content_type: Text | None = Field(default=None, description="Instead of what the format tells.")
    headers: Pairs = Field(default_factory=dict, description="With %{field}.")
    user: Text | None = Field(default=None, description="For basic authentication.")
    password: Text | None = Field(default=None, description="For basic authentication.")
    retryable_codes: Codes = Field(default=(), description="Tried again, beside 408, 425, 429 and all of 5xx.")
    ignorable_codes: Codes = Field(default=(), description="Statuses that count as success.")
    http_compression: Flag = Field(default=False, description="Send bodies as gzip.")
    request_timeout: float = Field(default=60, gt=0, description="Seconds to wait for an answer.")
    pool_max: int = Field(default=50, ge=1, description="Requests under way at once; 8 unless it is given, 64 at most.")
    proxy: Text | None = Field(default=None, description="A proxy's URL.")

    cacert: Text | None = Field(default=None, description="Authorities to trust, in PEM form.")
    client_cert: Text | None = Field(default=None, description="Shown to the server, in PEM form.")
    client_key: Text | None = Field(default=None, description="The certificate's private key.")
    ssl_certificate_authorities: Texts = Field(default=(), description="One file; as `cacert`.")
    ssl_certificate: Text | None = Field(default=None, description="As `client_cert`.")
    ssl_key: Text | None = Field(default=None, description="As `client_key`.")
    ssl_verification_mode: Literal["full", "none"] = Field(default="full", description="`none` trusts any certificate.")
    keystore: JavaStore = Field(default=None, description="Refused: see `client_cert`.")
    keystore_password: JavaStore = Field(default=None, description="Refused, as `keystore`.")
    keystore_type: JavaStore = Field(default=None, description="Refused, as `keystore`.")
    truststore: JavaStore = Field(default=None, description="Refused: see `cacert`.")
    truststore_password: JavaStore = Field(default=None, description="Refused, as `truststore`.")
    truststore_type: JavaStore = Field(default=None, description="Refused, as `truststore`.")
    ssl_keystore_path: JavaStore = Field(default=None, description="Refused: see `ssl_certificate`.")
    ssl_keystore_password: JavaStore = Field(default=None, description="Refused, as `ssl_keystore_path`.")
    ssl_keystore_type: JavaStore = Field(default=None, description="Refused, as `ssl_keystore_path`.")
    ssl_truststore_path: JavaStore = Field(default=None, description="Refused: see `ssl_certificate_authorities`.")
    ssl_truststore_password: JavaStore = Field(default=None, description="Refused, as `ssl_truststore_path`.")
    ssl_truststore_type: JavaStore = Field(default=None, description="Refused, as `ssl_truststore_path`.")
    ssl_supported_protocols: Any = Field(default=None, description=f"{UNUSED}TLS 1.2 and 1.3.")
    ssl_cipher_suites: Any = Field(default=None, description=f"{UNUSED}OpenSSL's own.")

    retry_failed: Flag = Field(default=True, description=f"{UNUSED}failed requests are always tried again.")
    follow_redirects: Flag = Field(default=True, description=f"{UNUSED}a redirect pauses the output.")
    automatic_retries: Any = Field(default=None, description=f"{UNUSED}failed requests are always tried again.")
    retry_non_idempotent: Any = Field(default=None, description=f"{UNUSED}failed requests are always tried again.")
    cookies: Any = Field(default=None, description=f"{UNUSED}cookies are not kept.")
    keepalive: Any = Field(default=None, description=f"{UNUSED}connections are kept.")
    connect_timeout: Any = Field(default=None, description=f"{UNUSED}five seconds.")
    socket_timeout: Any = Field(default=None, description=f"{UNUSED}as `request_timeout`.")
    pool_max_per_route: Any = Field(default=None, description=f"{UNUSED}as `pool_max`.")
    validate_after_inactivity: Any = Field(default=None, description=f"{UNUSED}dead connections are replaced.")


def translate(settings: Settings) -> Output:
    """The sink `http`."""
    files = [*([settings.cacert] if settings.cacert else []), *settings.ssl_certificate_authorities]
    if len(files) > 1:
        raise ValueError("there can be one file of authorities: put all of them into it")
    headers = {name: str(text) for name, text in settings.headers.items()}
    given: dict[str, Any] = {
        "url": settings.url,
        "method": settings.http_method,
        "format": settings.format,
        "message": settings.message if settings.format == "message" else None,
        "mapping": settings.mapping if settings.mapping and settings.format != "message" else None,
        "content_type": settings.content_type,
        "headers": {name: text for name, text in headers.items() if "%{" not in text},
        "event_headers": {name: text for name, text in headers.items() if "%{" in text},
        "user": settings.user,
        "password": settings.password,
        "retryable_codes": list(settings.retryable_codes),
        "ignorable_codes": list(settings.ignorable_codes),
        "compress": settings.http_compression or None,
        "timeout": f"{settings.request_timeout:g}s" if "request_timeout" in settings.model_fields_set else None,
        "connections": min(settings.pool_max, 64) if "pool_max" in settings.model_fields_set else None,
        "proxy": settings.proxy or None,
        "ca_file": files[0] if files else None,
        "client_certificate": settings.client_cert or settings.ssl_certificate,
        "client_key": settings.client_key or settings.ssl_key,
        "verify_certificates": False if settings.ssl_verification_mode == "none" else None,
    }
    options = {name: value for name, value in given.items() if value not in (None, [], {})}
    return Output("http", options, tuple(_warnings(settings)))


def _warnings(settings: Settings) -> Iterator[tuple[str, str]]:
    if not settings.retry_failed:
        yield "retry_failed", "no event is dropped: failed requests are tried again"
    if settings.follow_redirects and "follow_redirects" in settings.model_fields_set:
        yield "follow_redirects", "a redirect is not followed: it pauses the output, and its message says where to"
