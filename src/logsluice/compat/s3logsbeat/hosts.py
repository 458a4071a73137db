"""`hosts` of S3logsbeat's `output.elasticsearch` as URLs, and who they say we are.

Facts: Beats Platform Reference 6.8, "Configure the Elasticsearch output: hosts, protocol, path"; libbeat's client takes
user and password out of a URL, where they stand above `username` and `password`.
"""

from __future__ import annotations

from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from logsluice.compat.s3logsbeat.output_options import Elasticsearch

DEFAULT_PORT = 9200


@dataclass(frozen=True, slots=True)
class Host:
    """One host: its URL without a user, and the user and the password that it is asked with."""

    url: str
    user: str | None
    password: str | None


def hosts_of(given: Elasticsearch) -> list[Host]:
    """The hosts of an output, with one user and password for all.

    Raises:
        ValueError: One is none, or they differ in user or password. What is said holds no part of a host, which may be
            a password.
    """
    found = [_host(text, given) for text in given.hosts]
    if len({(host.user, host.password) for host in found}) > 1:
        raise ValueError("the hosts differ in user or password: write one `username` and `password` for all")
    return found


def _host(text: str, given: Elasticsearch) -> Host:
    try:
        parts = urlsplit(text if "://" in text else f"{given.protocol or 'http'}://{text}")
        port = parts.port or DEFAULT_PORT
    except ValueError:
        raise ValueError("a host is written as name:9200, [::1]:9200 or https://name:9200/path") from None
    if parts.query or parts.fragment:
        raise ValueError("a host's URL has no ? and no #")
    address = parts.netloc.rpartition("@")[2]
    way = parts.path.strip("/") or given.path.strip("/")
    url = f"{parts.scheme}://{address if parts.port else f'{address}:{port}'}" + (f"/{way}" if way else "")
    if parts.username is None:
        return Host(url, given.username, given.password)
    return Host(url, unquote(parts.username), None if parts.password is None else unquote(parts.password))
