"""AWS clients: one for each service and set of options, shared by all workers.

Everything that boto3 finds by itself works as usual: environment variables, profiles, container and instance roles,
`AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` (AWS SDKs and Tools Reference Guide). Options only narrow it.
"""

from __future__ import annotations

import os
import threading
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field

from logsluice._version import __version__
from logsluice.components import Options

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 40
"""Longer than SQS's longest poll of 20 s, short enough that a stalled download is soon taken up again."""

POOL_CONNECTIONS = 50

_clients: dict[tuple[AwsOptions, str], Any] = {}
_lock = threading.Lock()


class AwsOptions(Options):
    """How to reach AWS; every option may be left out."""

    region: str | None = Field(
        default=None, description="The region, such as eu-central-1; else that of the environment."
    )
    endpoint: str | None = Field(
        default=None, description="A URL to use instead of AWS's own (VPC endpoint, emulator)."
    )
    profile: str | None = Field(default=None, description="A profile of ~/.aws/config.")
    role_arn: str | None = Field(default=None, description="A role to assume with the credentials found.")
    external_id: str | None = Field(default=None, description="The external id that the role asks for.")

    def client(self, service: str) -> Any:
        """The boto3 client for a service; the same one for every caller with equal options. Does no I/O.

        Raises:
            UsageError: The profile, the region or the credentials for a role are missing, with what to do.
        """
        with _lock:
            client = _clients.get((self, service))
            if client is None:
                client = _clients[(self, service)] = _make(self, service)
            return client


def endpoint_of(options: AwsOptions, service: str) -> str | None:
    """The endpoint that options or the environment set for a service, or None for AWS's own."""
    return (
        options.endpoint
        or os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        or os.environ.get("AWS_ENDPOINT_URL")
        or None
    )


def forget_clients() -> None:
    """Drop every client, so that changed credentials in the environment are seen. For tests and `fork`."""
    with _lock:
        _clients.clear()


def _make(options: AwsOptions, service: str) -> Any:
    import boto3
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    from logsluice.aws.faults import explain

    endpoint = endpoint_of(options, service)
    config = Config(
        connect_timeout=CONNECT_TIMEOUT_SECONDS,
        read_timeout=READ_TIMEOUT_SECONDS,
        retries={"mode": "standard", "total_max_attempts": 3},
        max_pool_connections=POOL_CONNECTIONS,
        user_agent_extra=f"logsluice/{__version__}",
        # Objects are read by If-Match and by length, and a resumed one can't be checked against a whole checksum.
        response_checksum_validation="when_required",
        request_checksum_calculation="when_required",
        s3={"addressing_style": "path"} if endpoint and not _is_aws(endpoint) else None,
    )
    try:
        session: Any = boto3.Session(profile_name=options.profile, region_name=options.region)
        region = session.region_name or ("us-east-1" if endpoint and not _is_aws(endpoint) else None)
        if options.role_arn:
            _assume(session, options.role_arn, options.external_id)
        return session.client(service, region_name=region, endpoint_url=endpoint, config=config)
    except BotoCoreError as error:
        raise explain(error, f"can't make a client for {service}") from error
    except ValueError as error:  # botocore's answer to an endpoint that is no URL
        raise explain(error, f"can't make a client for {service}") from error


def _assume(session: Any, role_arn: str, external_id: str | None) -> None:
    """Let a session use a role's temporary credentials, fetched at first use and renewed before they end."""
    from botocore.credentials import AssumeRoleCredentialFetcher, DeferredRefreshableCredentials
    from botocore.exceptions import NoCredentialsError

    extra = {"RoleSessionName": "logsluice"} | ({"ExternalId": external_id} if external_id else {})
    core = session._session
    own = core.get_credentials()
    if own is None:
        raise NoCredentialsError
    fetcher = AssumeRoleCredentialFetcher(core.create_client, own, role_arn, extra_args=extra)
    core._credentials = DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


def _is_aws(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".api.aws"))
