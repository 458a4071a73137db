"""Server access logs of S3.

Fields as in AWS's "Amazon S3 server access log format". `key` is as S3 writes it, percent-encoded (some operations
encode it twice); `operation` tells requests of clients (`REST.…`) from S3's own (`S3.EXPIRE.OBJECT`, …).
"""

from __future__ import annotations

from collections.abc import Sequence

from logsluice.formats.columns import Column, clf_time, code, integer, ip, keyword, request, text
from logsluice.formats.positional import positional, recogniser
from logsluice.formats.table import Table

_HOST_ID = 18
_SIGNATURES = frozenset({"SigV2", "SigV4", "SigV4A", "-"})


def _mend_host_id(tokens: list[str]) -> list[str]:
    """A host id may hold a space; the signature version, a word of a few, comes after it."""
    for end in range(_HOST_ID + 1, min(_HOST_ID + 3, len(tokens))):
        if tokens[end] in _SIGNATURES:
            return [*tokens[:_HOST_ID], " ".join(tokens[_HOST_ID:end]), *tokens[end:]]
    return tokens


class _SignatureVersion(Column):
    """What tells a host id with a space: a line without a known version here is for the exact parser."""

    __slots__ = ()

    def source(self, token: str, column: str) -> Sequence[str]:
        return [f"if not {column}.is_known({token}): raise ValueError", *super().source(token, column)]

    def is_known(self, token: str) -> bool:
        return token in _SIGNATURES


TABLE = Table(
    (
        keyword("bucket_owner", about="Canonical user id"),
        keyword("bucket", about="The bucket that was asked"),
        clf_time("time", "@timestamp", ecs="@timestamp", about="When the request was received"),
        ip("remote_ip", ecs="client.ip", about="Address of who asked"),
        keyword("requester", ecs="user.id", about="Canonical user id, or the IAM user or role"),
        keyword("request_id", about="Names the request"),
        keyword("operation", ecs="event.action", about="Such as REST.GET.OBJECT"),
        text("key", about="The object's key"),
        request("request_uri", decode=False),
        code("http_status", ecs="http.response.status_code", about="Status of the answer"),
        keyword("error_code", ecs="error.code", about="S3's error code"),
        integer("bytes_sent", ecs="http.response.body.bytes", about="Bytes of the answer without headers"),
        integer("object_size", about="Size of the whole object"),
        integer("total_time", about="Milliseconds from receiving the request to sending the last byte"),
        integer("turn_around_time", about="Milliseconds that S3 spent on the request"),
        text("referer", ecs="http.request.referrer", about="The Referer header"),
        text("user_agent", ecs="user_agent.original", about="What the client calls itself"),
        keyword("version_id", about="The object's version"),
        keyword("host_id", about="The extended request id"),
        _SignatureVersion("signature_version", keyword("signature_version", about="SigV2 or SigV4").fields),
        keyword("cipher_suite", ecs="tls.cipher", about="Cipher of the connection"),
        keyword("authentication_type", about="AuthHeader, QueryString, or none"),
        keyword("host_header", ecs="url.domain", about="The endpoint that was asked"),
        keyword("tls_version", ecs="tls.version", about="TLS version of the connection"),
        keyword("access_point_arn", about="The access point that was used"),
        keyword("acl_required", about="Yes when the request needed an ACL"),
        keyword("source_region", about="Region from which the request came"),
    ),
    brackets=True,
    at_least=17,
    mend=_mend_host_id,
)

build = positional("s3_access", TABLE)
recognise = recogniser(
    path=r"\d{4}-\d\d-\d\d-\d\d-\d\d-\d\d-[0-9A-F]+$",
    line=rb"[0-9a-f]{64} \S+ \[\d\d/\w{3}/\d{4}:\d\d:\d\d:\d\d [+-]\d{4}\] ",
)
