"""Credentials that are renewed while the program runs.

boto3 finds credentials (environment, profile, web identity token, container, instance) and renews those that say when
they end. Added here: a role on top of them, keys that are secrets by reference, and one renewal and one more try when
AWS refuses credentials before their time: a revoked session, a key that was rotated.
"""

from __future__ import annotations

import logging
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from botocore.credentials import (
    AssumeRoleCredentialFetcher,
    Credentials,
    DeferredRefreshableCredentials,
    ReadOnlyCredentials,
    RefreshableCredentials,
)
from botocore.exceptions import BotoCoreError, CredentialRetrievalError, NoCredentialsError

from logsluice.errors import UsageError

if TYPE_CHECKING:
    from logsluice.aws.session import AwsOptions
    from logsluice.config.secrets import Secret

RENEWABLE_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidToken",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""What AWS says of a key that it does not take, or no longer; newer ones may be there already."""

# Whoever asked is told what failed; without a handler, Python would print botocore's tracebacks between our lines.
logging.getLogger("botocore").addHandler(logging.NullHandler())

_LONG_AGO = datetime.fromtimestamp(0, UTC)
_RENEWED = "logsluice_renewed"


class SecretCredentials(Credentials):
    """Keys by reference: asked for at each signature, so that a rotated one is used without a restart."""

    def __init__(self, access_key_id: Secret, secret_access_key: Secret, session_token: Secret | None = None) -> None:
        super().__init__("", "", method="logsluice")  # whoever signs takes the frozen ones
        self._secrets = (access_key_id, secret_access_key, session_token)

    def get_frozen_credentials(self) -> ReadOnlyCredentials:
        """The keys of now.

        Raises:
            CredentialRetrievalError: One of them can't be read.
        """
        key, secret, token = self._secrets
        try:
            return ReadOnlyCredentials(key.reveal(), secret.reveal(), None if token is None else token.reveal())
        except UsageError as error:
            raise CredentialRetrievalError(provider="the configuration", error_msg=str(error)) from error

    def renew(self) -> bool:
        """Read them again; whether one of them has changed."""
        try:
            changed = [secret.refresh() for secret in self._secrets if secret is not None]
        except UsageError:
            return False
        return any(changed)


def credentials_of(options: AwsOptions) -> Credentials:
    """The credentials that clients with these options sign with, the same object for all of them.

    Take `get_frozen_credentials()` for each signature: it renews them in time.

    Raises:
        UsageError: There are none, or the profile is unknown; with what to do.
    """
    from logsluice.aws.faults import explain
    from logsluice.aws.session import session_of

    try:
        found: Credentials | None = session_of(options).get_credentials()
        if found is None:
            raise NoCredentialsError
    except BotoCoreError as error:
        raise explain(error, "no AWS credentials were found") from error
    return found


def use_credentials(core: Any, options: AwsOptions) -> None:
    """Let a botocore session sign with what the options say.

    Raises:
        NoCredentialsError: There are none to assume the role with.
    """
    if options.access_key_id and options.secret_access_key:
        core._credentials = SecretCredentials(options.access_key_id, options.secret_access_key, options.session_token)
    if options.role_arn:
        core._credentials = _assumed(core, options, options.role_arn)


def _assumed(core: Any, options: AwsOptions, role_arn: str) -> Credentials:
    """A role's temporary credentials, fetched at first use and renewed before they end."""
    own = core.get_credentials()
    if own is None:
        raise NoCredentialsError
    extra = {"RoleSessionName": options.role_session_name}
    if options.external_id:
        extra["ExternalId"] = options.external_id
    fetcher = AssumeRoleCredentialFetcher(core.create_client, own, role_arn, extra_args=extra)
    return DeferredRefreshableCredentials(fetcher.fetch_credentials, "assume-role")


def renew_when_refused(client: Any, credentials: Credentials | None) -> None:
    """Have a client fetch its credentials anew, and try once more, when AWS does not take those it has."""

    def again(response: Any, request_dict: dict[str, Any], **_: Any) -> int | None:
        code = response[1].get("Error", {}).get("Code") if response is not None else None
        if code not in RENEWABLE_CODES or request_dict["context"].get(_RENEWED):
            return None
        request_dict["context"][_RENEWED] = True
        return 0 if renew(credentials) else None  # seconds until botocore signs and sends it again

    client.meta.events.register("needs-retry", again)


def renew(credentials: Credentials | None) -> bool:
    """Have credentials fetched anew when they are next used; whether others than now may come of it."""
    if isinstance(credentials, SecretCredentials):
        return credentials.renew()
    if isinstance(credentials, RefreshableCredentials):
        _forget(credentials)
        return True
    return False


def _forget(credentials: Any) -> None:
    """botocore has no public way to say that credentials are no longer good; a role's are kept in a cache, too."""
    cache = getattr(getattr(credentials._refresh_using, "__self__", None), "_cache", None)
    if isinstance(cache, dict):
        cache.clear()
    credentials._expiry_time = _LONG_AGO
