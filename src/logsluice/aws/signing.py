"""AWS signatures (Signature Version 4) for services that boto3 has no client for: OpenSearch Service and Serverless."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from logsluice.aws.session import AwsOptions, region_of, session_of
from logsluice.errors import Sick, UsageError

if TYPE_CHECKING:
    from botocore.credentials import Credentials

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


class Signer:
    """Signs requests with credentials that are renewed as they expire. Thread-safe.

    Args:
        credentials: What boto3 knows of who asks.
        service: `es` or `aoss`.
        region: Where the service is.
    """

    def __init__(self, credentials: Credentials, service: str, region: str) -> None:
        self._credentials = credentials
        self._service = service
        self._region = region

    def __call__(self, method: str, url: str, body: bytes) -> Mapping[str, str]:
        """The headers to add to a request, whose URL has its query percent-encoded.

        Raises:
            Sick: The credentials can't be renewed.
        """
        from botocore.auth import SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.exceptions import BotoCoreError, ClientError

        # Serverless demands the digest as a header; it does no harm elsewhere
        request = AWSRequest(method, url, {"x-amz-content-sha256": hashlib.sha256(body).hexdigest()}, body)
        try:
            SigV4Auth(self._credentials.get_frozen_credentials(), self._service, self._region).add_auth(request)
        except (BotoCoreError, ClientError) as error:
            raise Sick(f"AWS credentials can't be renewed: {error}") from error
        return dict(request.headers.items())

    def renew(self) -> bool:
        """After a refusal of credentials before their time: whether others may be had now."""
        from logsluice.aws.credentials import renew

        return renew(self._credentials)


def signer(url: str, region: str | None = None, options: AwsOptions | None = None) -> Signer:
    """What signs requests to the service behind a URL.

    Args:
        url: A host of the cluster: region and service are read from it.
        region: For hosts that do not tell (a custom domain); else that of the options or of the environment.
        options: The credentials to sign with; else those that boto3 finds.

    Raises:
        UsageError: There are no credentials or there is no region, with what to do.
    """
    from logsluice.aws.credentials import credentials_of

    options = options or AwsOptions()
    told_region, told_service = place_of(urlsplit(url).hostname or "")
    options = options.in_region(region or options.region or told_region)  # the role's own requests go there as well
    credentials = credentials_of(options)
    found = region_of(session_of(options))
    if not found:
        raise UsageError(f"no region to sign requests to {url} for", hint="set `region`, or AWS_REGION")
    return Signer(credentials, told_service or "es", found)
