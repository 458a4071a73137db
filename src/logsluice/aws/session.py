"""AWS clients: one for each service and set of options, shared by all workers.

Everything that boto3 finds by itself works as usual: environment variables, profiles, container and instance roles,
`AWS_ENDPOINT_URL` and `AWS_ENDPOINT_URL_<SERVICE>` (AWS SDKs and Tools Reference Guide). Options only narrow it. What
boto3 adds to botocore, its core, is not loaded: clients are the same without it, and 2 MB smaller.
"""

from __future__ import annotations

import os
import threading
from functools import cache
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field, model_validator

from logsluice._version import __version__
from logsluice.components import Options
from logsluice.config.secrets import Secret

CONNECT_TIMEOUT_SECONDS = 5
READ_TIMEOUT_SECONDS = 40
"""Longer than SQS's longest poll of 20 s, short enough that a stalled download is soon taken up again."""

POOL_CONNECTIONS = 50

_KEYS = {"profile", "access_key_id", "secret_access_key", "session_token"}
_ROLE = {"role_arn", "role_session_name", "external_id"}

_sessions: dict[AwsOptions, Any] = {}
_clients: dict[tuple[AwsOptions, str], Any] = {}
_lock = threading.RLock()


class AwsOptions(Options):
    """How to reach AWS; every option may be left out."""

    region: str | None = Field(
        default=None, description="The region, such as eu-central-1; else that of the environment."
    )
    endpoint: str | None = Field(
        default=None, description="A URL to use instead of AWS's own (VPC endpoint, emulator)."
    )
    profile: str | None = Field(default=None, description="A profile of ~/.aws/config.")
    access_key_id: Secret | None = Field(
        default=None, description="A key instead of the credentials found; a text, or where it is: {env: NAME}."
    )
    secret_access_key: Secret | None = Field(default=None, description="The key's secret, likewise.")
    session_token: Secret | None = Field(default=None, description="The key's token, where it is a temporary one.")
    role_arn: str | None = Field(default=None, description="A role to assume with the credentials found.")
    role_session_name: str = Field(
        default="logsluice",
        pattern=r"^[A-Za-z0-9_+=,.@-]{2,64}$",  # RoleSessionName; as `\w`, letters of all scripts, it is 6 MB
        description="The session's name in the other account's CloudTrail.",
    )
    external_id: str | None = Field(default=None, description="The external id that the role asks for.")
    use_fips: bool = Field(default=False, description="Use the FIPS endpoints.")
    use_dualstack: bool = Field(default=False, description="Use the endpoints with IPv6.")

    @model_validator(mode="after")
    def _keys_are_whole(self) -> AwsOptions:
        if (self.access_key_id is None) != (self.secret_access_key is None):
            raise ValueError("`access_key_id` and `secret_access_key` belong together")
        if self.session_token is not None and self.access_key_id is None:
            raise ValueError("a `session_token` belongs to an `access_key_id`")
        if self.access_key_id is not None and self.profile is not None:
            raise ValueError("give either a `profile` or an `access_key_id`")
        return self

    def client(self, service: str) -> Any:
        """The boto3 client for a service; the same one for every caller with equal options.

        Blocks for a request's time only where an instance or a container has to be asked for credentials.

        Raises:
            UsageError: The profile, the region or the credentials for a role are missing, with what to do.
        """
        with _lock:
            client = _clients.get((self, service))
            if client is None:
                client = _clients[(self, service)] = _make(self, service)
            return client

    def with_(self, own: AwsOptions) -> AwsOptions:
        """The same where `own` says nothing else; whoever names keys, a profile or a role wants no other ones."""
        given = {name: getattr(own, name) for name in own.model_fields_set}
        replaced: set[str] = set()
        if "profile" in given or "access_key_id" in given:
            replaced = {*_KEYS, *_ROLE}
        elif "role_arn" in given:
            replaced = _ROLE
        kept = {name: getattr(self, name) for name in self.model_fields_set - replaced}
        return AwsOptions(**(kept | given))

    def in_region(self, region: str) -> AwsOptions:
        """The same for another region; themselves where there is nothing to change."""
        return self if not region or region == self.region else self.model_copy(update={"region": region})


def session_of(options: AwsOptions) -> Any:
    """The botocore session of a set of options, whose credentials all clients with these options share.

    Raises:
        BotoCoreError: The profile or the credentials for a role are missing.
    """
    with _lock:
        session = _sessions.get(options)
        if session is None:
            session = _sessions[options] = _make_session(options)
        return session


def region_of(session: Any) -> str | None:
    """The region of a botocore session, wherever it was told; None without one."""
    region: str | None = session.get_config_variable("region")
    return region


def endpoint_of(options: AwsOptions, service: str) -> str | None:
    """The endpoint that options or the environment set for a service, or None for AWS's own."""
    return (
        options.endpoint
        or os.environ.get(f"AWS_ENDPOINT_URL_{service.upper()}")
        or os.environ.get("AWS_ENDPOINT_URL")
        or None
    )


@cache
def regions_beside(region: str) -> frozenset[str]:
    """The regions of S3 in the same partition (AWS, China, GovCloud) that boto3 knows; none for an unknown region."""
    from botocore.exceptions import BotoCoreError

    session = _bare_session()
    try:
        return frozenset(session.get_available_regions("s3", session.get_partition_for_region(region)))
    except BotoCoreError:
        return frozenset()


def forget_clients() -> None:
    """Drop every client, so that changed credentials in the environment are seen. For tests and `fork`."""
    with _lock:
        _clients.clear()
        _sessions.clear()


def _make_session(options: AwsOptions) -> Any:
    from logsluice.aws.credentials import use_credentials

    session = _bare_session()
    if options.profile:
        session.set_config_variable("profile", options.profile)
    region = options.region or os.environ.get("AWS_REGION")  # botocore itself looks at AWS_DEFAULT_REGION only
    if region:
        session.set_config_variable("region", region)
    if options.use_fips:
        session.set_config_variable("use_fips_endpoint", True)
    if options.use_dualstack:
        session.set_config_variable("use_dualstack_endpoint", True)
    use_credentials(session, options)
    return session


def _bare_session() -> Any:
    from botocore.session import Session

    from logsluice.aws.models import loader

    session = Session()
    session.lazy_register_component("data_loader", lambda: loader(session.get_config_variable("data_path")))
    return session


def _make(options: AwsOptions, service: str) -> Any:
    from botocore.config import Config
    from botocore.exceptions import BotoCoreError

    from logsluice.aws.credentials import renew_when_refused
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
        session = session_of(options)
        region = region_of(session) or ("us-east-1" if endpoint and not _is_aws(endpoint) else None)
        client = session.create_client(service, region_name=region, endpoint_url=endpoint, config=config)
        renew_when_refused(client, session.get_credentials())
    except BotoCoreError as error:
        raise explain(error, f"can't make a client for {service}") from error
    except ValueError as error:  # botocore's answer to an endpoint that is no URL
        raise explain(error, f"can't make a client for {service}") from error
    return client


def _is_aws(endpoint: str) -> bool:
    host = urlsplit(endpoint).hostname or ""
    return host.endswith((".amazonaws.com", ".amazonaws.com.cn", ".amazonaws.eu", ".api.aws"))
