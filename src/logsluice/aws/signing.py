"""AWS signatures (Signature Version 4) for services that boto3 has no client for: OpenSearch Service and Serverless."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Callable, Mapping
from urllib.parse import urlsplit

from logsluice.errors import Sick, UsageError

_ENDPOINT = re.compile(r"\.([a-z]{2}(?:-[a-z]+)+-\d)\.(es|aoss)\.amazonaws\.com(?:\.cn)?$")
_DUAL_STACK = re.compile(r"\.aos\.([a-z]{2}(?:-[a-z]+)+-\d)\.on\.aws$")


def place_of(host: str) -> tuple[str, str]:
    """(region, service) as an AWS endpoint's host name tells them, "" where it does not.

    Domains are `….us-east-1.es.amazonaws.com` or `….aos.us-east-1.on.aws` (service `es`), serverless collections
    `….us-east-1.aoss.amazonaws.com` (Amazon OpenSearch Service Developer Guide).
    """
    if found := _ENDPOINT.search(host):
        return found[1], found[2]
    if found := _DUAL_STACK.search(host):
        return found[1], "es"
    return "", ""


def signer(url: str, region: str | None = None) -> Callable[[str, str, bytes], Mapping[str, str]]:
    """What signs requests to the service behind a URL, with the credentials that boto3 would find.

    Args:
        url: A host of the cluster: region and service are read from it.
        region: For hosts that do not tell (a custom domain); else the environment's.

    Returns:
        (method, url with its query percent-encoded, body) to the headers to add. A role's credentials are renewed as
        they expire; it raises Sick when they can't be.

    Raises:
        UsageError: There are no credentials or there is no region, with what to do.
    """
    from botocore.auth import SigV4Auth
    from botocore.awsrequest import AWSRequest
    from botocore.exceptions import BotoCoreError
    from botocore.session import Session

    told_region, told_service = place_of(urlsplit(url).hostname or "")
    session = Session()
    found = region or told_region or session.get_config_variable("region") or os.environ.get("AWS_REGION")
    if not found:
        raise UsageError(f"no region to sign requests to {url} for", hint="set `region`, or AWS_REGION")
    credentials = session.get_credentials()
    if credentials is None:
        raise UsageError(
            "no AWS credentials were found",
            hint="set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or run with a role",
        )
    service = told_service or "es"

    def sign(method: str, url: str, body: bytes) -> Mapping[str, str]:
        # Serverless demands the digest as a header; it does no harm elsewhere
        request = AWSRequest(method, url, {"x-amz-content-sha256": hashlib.sha256(body).hexdigest()}, body)
        try:
            SigV4Auth(credentials.get_frozen_credentials(), service, found).add_auth(request)
        except BotoCoreError as error:
            raise Sick(f"AWS credentials can't be renewed: {error}") from error
        return dict(request.headers.items())

    return sign
