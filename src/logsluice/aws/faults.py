"""What boto3's errors mean: a sentence with what to do for the user, or a fault of one object."""

from __future__ import annotations

from collections.abc import Callable

from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
    ProfileNotFound,
    SSLError,
)

from logsluice.errors import (
    Archived,
    Busy,
    Denied,
    Missing,
    MissingOrDenied,
    Sick,
    SinkFault,
    SourceFault,
    Superseded,
    Unavailable,
    UsageError,
)

DENIED_CODES = frozenset(
    {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation", "Forbidden", "AuthorizationError"}
)
CREDENTIAL_CODES = frozenset(
    {
        "ExpiredToken",
        "ExpiredTokenException",
        "IncompleteSignature",
        "InvalidAccessKeyId",
        "InvalidClientTokenId",
        "InvalidSignatureException",
        "InvalidToken",
        "RequestExpired",
        "RequestTimeTooSkewed",
        "SignatureDoesNotMatch",
        "TokenRefreshRequired",
        "UnrecognizedClientException",
    }
)
"""A 400 or 403 that says nothing of the object: the whole process has lost its credentials."""

_HINTS: dict[type[Exception], str] = {
    NoCredentialsError: "set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, AWS_PROFILE, or run with a role",
    PartialCredentialsError: "set both AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY",
    NoRegionError: "set `region` in the aws options, or AWS_REGION",
    ProfileNotFound: "see the names in ~/.aws/config, or leave `profile` out",
    EndpointConnectionError: "check the region, the endpoint and the way to it (VPC endpoint, proxy, firewall)",
    ConnectTimeoutError: "check the region, the endpoint and the way to it (VPC endpoint, proxy, firewall)",
    SSLError: "check the endpoint's certificate; AWS_CA_BUNDLE names a file of trusted authorities",
}


_BUCKET = "check the bucket's name, and that `region` and `endpoint` are those where it is"
_CODES = {
    "NoSuchBucket": _BUCKET,
    "InvalidBucketName": _BUCKET,
    "PermanentRedirect": _BUCKET,
    "AuthorizationHeaderMalformed": _BUCKET,
}


def status_of(error: ClientError) -> int:
    """The HTTP status of an answer, 0 when unknown."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: ClientError) -> str:
    """The error code of an answer; some emulators give the bare status here."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: ClientError) -> str:
    """What the service said, on one line."""
    return " ".join(str(error.response.get("Error", {}).get("Message", "")).split())


def is_denied(error: ClientError) -> bool:
    """Whether the answer is a missing permission, and not bad credentials or another kind of 403."""
    code = code_of(error)
    if code in DENIED_CODES or code.endswith(".AccessDenied"):
        return True
    return status_of(error) == 403 and code in {"403", ""}


def is_passing(error: ClientError) -> bool:
    """Whether the same call may succeed later by itself: throttling or the service's own trouble."""
    code = code_of(error)
    return status_of(error) >= 500 or status_of(error) == 429 or "Throttl" in code or code in {"SlowDown", "503"}


def explain(error: Exception, doing: str) -> UsageError:
    """One sentence for the user, and what to do next.

    Args:
        error: What boto3 raised.
        doing: What was being done, to what: "can't open the queue alb-logs".
    """
    if isinstance(error, ClientError):
        code, said = code_of(error), message_of(error)
        if code in CREDENTIAL_CODES:
            return UsageError(f"{doing}: AWS refuses the credentials ({code}: {said})", "renew them, or mend the clock")
        if is_denied(error):
            return UsageError(f"{doing}: access denied ({said or code})", "grant the action to this role or user")
        return UsageError(f"{doing}: {code}: {said}", _CODES.get(code, ""))
    hint = next((text for kind, text in _HINTS.items() if isinstance(error, kind)), "")
    return UsageError(f"{doing}: {' '.join(str(error).split())}", hint)


def object_fault(error: Exception, what: str, may_list: Callable[[], bool]) -> SourceFault:
    """What an error of GetObject says of the object (Amazon S3 API Reference, GetObject and Error responses).

    Args:
        error: A ClientError, or whatever the transport raised.
        what: The object's URI.
        may_list: Whether the bucket may be listed, or S3's answer raised; called only for a 403 whose text leaves
            that open.
    """
    if not isinstance(error, ClientError):
        return Unavailable(f"{what}: {type(error).__name__}: {' '.join(str(error).split())}")
    code, status, said = code_of(error), status_of(error), message_of(error)
    text = f"{what}: {code}: {said}"
    if error.operation_name == "AssumeRole":
        return Unavailable(text)  # the role's credentials could not be renewed: it says nothing of the object
    if status == 412 or code == "PreconditionFailed":
        return Superseded(f"{what}: replaced since it was announced")
    if status == 404 or code in {"NoSuchKey", "NoSuchBucket", "NoSuchVersion"} or status == 405:
        return Missing(text)
    if code == "InvalidObjectState":
        return Archived(f"{what}: archived and not restored ({said})")
    if code.startswith("KMS.") or (status in {400, 403} and "kms:" in said.lower()):
        return Denied(f"{what}: its KMS key can't be used: {said} (grant kms:Decrypt, here and in the key's policy)")
    if code in CREDENTIAL_CODES or is_passing(error):
        return Unavailable(text)
    if code == "InvalidRequest" and "encryption" in said.lower():
        return Denied(f"{what}: stored with a key that only its writer has (SSE-C), so it can't be read: {said}")
    if code in {"PermanentRedirect", "AuthorizationHeaderMalformed", "IllegalLocationConstraintException"}:
        return Unavailable(f"{text} (the bucket is in another region: set `region` for it in `bucket_options`)")
    if is_denied(error):
        return _denied(text, said, may_list)
    return Unavailable(text)


def _denied(text: str, said: str, may_list: Callable[[], bool]) -> SourceFault:
    """403: S3 names the action it refused; `s3:ListBucket` there means that the key may simply not exist."""
    if "s3:ListBucket" in said:
        return MissingOrDenied(text)
    if "s3:GetObject" in said:
        return Denied(text)
    try:
        return Denied(text) if may_list() else MissingOrDenied(text)
    except (ClientError, BotoCoreError):
        return MissingOrDenied(text)


def output_fault(error: Exception, doing: str) -> SinkFault:
    """What an error says of the place that an output writes to: wait, or have it mended.

    Args:
        error: What boto3 raised.
        doing: What was being done, to what: "can't write s3://bucket/key".
    """
    said = explain(error, doing)
    message = f"{said}; {said.hint}" if said.hint else str(said)
    passing = is_passing(error) if isinstance(error, ClientError) else type(error) not in _HINTS
    reachable = isinstance(error, EndpointConnectionError | ConnectTimeoutError)
    return Busy(message) if passing or reachable else Sick(message)
