"""Where a cluster is: the URLs of its hosts, as users write them and as a Cloud ID says them."""

from __future__ import annotations

import base64
import binascii
from urllib.parse import urlsplit


def host_url(text: str) -> str:
    """A URL without a trailing slash; `host:9200` is read as `http://host:9200`.

    Raises:
        ValueError: It is none, or holds a password.
    """
    url = text if "://" in text else f"http://{text}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a host is a URL such as https://search.example.com or http://127.0.0.1:9200")
    if parts.username is not None:
        raise ValueError("write `user` and `password` as options of their own, not within the URL")
    if parts.query or parts.fragment:
        raise ValueError("a host's URL has no ? and no #")
    return url.rstrip("/")


def host_of_cloud_id(cloud_id: str) -> str:
    """The URL of a deployment of Elastic Cloud.

    A Cloud ID is a label, a colon, and in base64 `<domain>[:port]$<Elasticsearch>[:port]$<Kibana>` (Elastic Cloud
    documentation, "Find your Cloud ID"). The port is 443 unless it is named.

    Raises:
        ValueError: It is none.
    """
    try:
        text = base64.b64decode(cloud_id.rpartition(":")[2], validate=True).decode("ascii")
        domain, name = text.split("$")[:2]
    except (binascii.Error, UnicodeDecodeError, ValueError):
        raise ValueError("a Cloud ID is a name, a colon and a long text: copy it from the deployment's page") from None
    domain, _, common_port = domain.partition(":")
    name, _, port = name.partition(":")
    if not domain or not name:
        raise ValueError("this Cloud ID names no Elasticsearch: copy it again from the deployment's page")
    return host_url(f"https://{name}.{domain}:{port or common_port or 443}")


def advice_unreachable(host: str) -> str:
    """What may be wrong with a URL that nobody answers, or ""."""
    parts = urlsplit(host)
    if parts.port is None and parts.scheme == "https":
        return f"; {host} means port 443, and a cluster of your own listens on 9200 as a rule"
    if parts.port is None:
        return f"; {host} means port 80, and a cluster of your own listens on 9200 as a rule"
    return ""


def advice_cut(host: str) -> str:
    """What may be wrong with a URL whose host hangs up without an answer, or ""."""
    parts = urlsplit(host)
    return f"; if it speaks TLS, write https://{parts.netloc}" if parts.scheme == "http" else ""
