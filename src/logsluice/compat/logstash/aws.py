"""The options that all plugins for AWS have in common: region and credentials.

Facts: Logstash Reference, "S3 input plugin" and "SQS input plugin", with the order in which credentials are looked for.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from pydantic import Field
from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from logsluice.compat.logstash.plugins import Flag, PluginSettings
from logsluice.components import near
from logsluice.filters._options import Text

DEFAULT_REGION = "us-east-1"

_WITHOUT_EFFECT = (
    "endpoint_discovery",
    "force_path_style",
    "follow_redirects",
    "http_open_timeout",
    "http_read_timeout",
    "retry_limit",
)
"""Of `additional_settings`: what the native client does anyway, or better."""


class AwsSettings(PluginSettings):
    """Options of every plugin that calls AWS."""

    region: Text | None = Field(default=None, description="us-east-1 unless it is named here or in a queue's URL.")
    access_key_id: Text | None = Field(default=None, description="Instead of the credentials that are found.")
    secret_access_key: Text | None = Field(default=None, description="The key's secret.")
    session_token: Text | None = Field(default=None, description="The key's token, where it is a temporary one.")
    aws_credentials_file: Text | None = Field(
        default=None, description="A YAML file with `:access_key_id:` and `:secret_access_key:`."
    )
    role_arn: Text | None = Field(default=None, description="A role to assume.")
    role_session_name: Text = Field(default="logstash", description="The name of the role's session.")
    external_id: Text | None = Field(default=None, description="The external id that the role asks for.")
    endpoint: Text | None = Field(default=None, description="A URL instead of AWS's own.")
    proxy_uri: Text | None = Field(default=None, description="Not here: set HTTPS_PROXY in the environment.")
    use_aws_bundled_ca: Flag = Field(default=False, description="Accepted, without effect: botocore has its own.")
    additional_settings: dict[str, Any] = Field(
        default_factory=dict, description="Of the client: force_path_style, endpoint, region and credentials."
    )

    def aws(self, default_region: str | None = DEFAULT_REGION) -> dict[str, Any]:
        """The native `aws` options.

        Args:
            default_region: Where no region is named; None leaves that open.

        Raises:
            ValueError: What can't be had, and what to do instead.
        """
        if self.proxy_uri:
            raise ValueError("proxy_uri can't be set for one plugin: set HTTPS_PROXY in the environment instead")
        given = {
            "region": self.region or default_region,
            "endpoint": self.endpoint,
            "access_key_id": self.access_key_id,
            "secret_access_key": self.secret_access_key,
            "session_token": self.session_token,
            "role_arn": self.role_arn,
            "role_session_name": self.role_session_name if self.role_arn else None,
            "external_id": self.external_id,
        }
        if self.aws_credentials_file and not (self.access_key_id and self.secret_access_key):
            given |= _from_file(self.aws_credentials_file)
        given |= client_settings(self.additional_settings)
        return {name: value for name, value in given.items() if value is not None}


def client_settings(settings: dict[str, Any]) -> dict[str, Any]:
    """The native `aws` options for settings of Ruby's client: those that ours has, too, or needs none for.

    Raises:
        ValueError: One that it has not.
    """
    ours = ("endpoint", "region", "access_key_id", "secret_access_key", "session_token")
    for name in settings:
        if name not in (*ours, *_WITHOUT_EFFECT, "use_accelerate_endpoint", "use_dualstack_endpoint"):
            raise ValueError(f"the client's setting {name!r} can't be set here{near(name, (*ours, *_WITHOUT_EFFECT))}")
    found = {name: settings[name] for name in ours if name in settings}
    if str(settings.get("use_dualstack_endpoint", "")).lower() == "true":
        found["use_dualstack"] = True
    return found


def _from_file(path: str) -> dict[str, str]:
    """Keys of a file with Ruby's symbols as keys."""
    try:
        content = YAML(typ="safe", pure=True).load(Path(path).read_text(encoding="utf-8"))
    except OSError as error:
        raise ValueError(f"aws_credentials_file {path} can't be read: {error.strerror}") from None
    except (UnicodeDecodeError, YAMLError):  # what they say would quote the keys
        raise ValueError(f"aws_credentials_file {path} is no YAML") from None
    names = ("access_key_id", "secret_access_key", "session_token")
    found = {name: content.get(f":{name}", content.get(name)) for name in names} if isinstance(content, dict) else {}
    if not found.get("access_key_id") or not found.get("secret_access_key"):
        raise ValueError(f"aws_credentials_file {path} needs `:access_key_id:` and `:secret_access_key:`")
    return {name: str(value) for name, value in found.items() if value}


def is_url(queue: str) -> bool:
    """Whether a queue is named by its URL, which says its region."""
    return bool(urlsplit(queue).scheme)


def queue_of(queue: str, owner: str | None, aws: dict[str, Any]) -> str:
    """The queue as native sources and outputs name it: another account's is named by its URL."""
    if owner is None or is_url(queue):
        return queue
    place = aws.get("endpoint") or f"https://sqs.{aws['region']}.amazonaws.com"
    return f"{place.rstrip('/')}/{owner}/{queue}"
