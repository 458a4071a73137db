"""How a cluster is reached: the options of everything that talks to one, and the client made from them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import BeforeValidator, Field, field_validator, model_validator

from logsluice.aws.session import AwsOptions
from logsluice.cluster.hosts import host_of_cloud_id, host_url
from logsluice.components import Options
from logsluice.config.secrets import Secret
from logsluice.config.types import Duration

if TYPE_CHECKING:
    from logsluice.cluster.authorization import Authorization
    from logsluice.cluster.client import Client

_FINGERPRINT = re.compile(r"[0-9a-f]{64}")
_HEADER = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


class ConnectionOptions(Options):
    """Where the cluster is, who asks, and what TLS trusts."""

    hosts: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        (), description="URLs of the cluster, tried in turn."
    )
    cloud_id: str | None = Field(None, description="A deployment of Elastic Cloud, in the place of `hosts`.")
    auth: Literal["basic", "aws"] | None = Field(
        None, description="`aws` signs requests (Signature Version 4); `basic` is implied by `user`."
    )
    user: str | None = Field(None, description="For basic authentication.")
    password: Secret | None = Field(None, description="For basic authentication; best as a reference, or ${VARIABLE}.")
    api_key: Secret | None = Field(None, description="Elasticsearch: `id:key`, or as it is shown in base64.")
    bearer_token: Secret | None = Field(None, description="A JSON Web Token, or that of a service account.")
    region: str | None = Field(None, description="For `auth: aws`; else told by the host's name or the environment.")
    aws: AwsOptions | None = Field(None, description="For `auth: aws`: `profile`, `role_arn`, `external_id` …")
    ca_file: Path | None = Field(None, description="Authorities to trust instead of the system's, in PEM form.")
    ca_fingerprint: str | None = Field(
        None, description="SHA-256 of the one certificate to trust, as Elasticsearch prints it at its first start."
    )
    verify_certificates: bool = Field(True, description="false trusts any certificate; for tests.")
    client_certificate: Path | None = Field(None, description="Shown to a cluster that asks for one, in PEM form.")
    client_key: Path | None = Field(None, description="Its private key, when that is in another file.")
    client_key_password: Secret | None = Field(None, description="What the key is encrypted with.")
    proxy: Secret | None = Field(None, description="A proxy's URL, such as `http://user:password@proxy:3128`.")
    headers: dict[str, Secret] = Field(default_factory=dict, description="Sent with every request.")
    compress: bool = Field(True, description="Send requests as gzip.")
    timeout: Duration = Field(60.0, gt=0, description="How long to wait for an answer.")

    @property
    def urls(self) -> tuple[str, ...]:
        """The hosts, wherever they are said."""
        return self.hosts if self.cloud_id is None else (host_of_cloud_id(self.cloud_id),)

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(host_url, hosts))

    @field_validator("cloud_id")
    @classmethod
    def _cloud_id(cls, text: str | None) -> str | None:
        if text is not None:
            host_of_cloud_id(text)
        return text

    @field_validator("ca_fingerprint")
    @classmethod
    def _fingerprint(cls, text: str | None) -> str | None:
        if text is None:
            return None
        digits = text.replace(":", "").lower()
        if not _FINGERPRINT.fullmatch(digits):
            raise ValueError("a SHA-256 fingerprint has 64 hexadecimal digits, with or without colons")
        return digits

    @field_validator("headers")
    @classmethod
    def _headers(cls, headers: dict[str, Secret]) -> dict[str, Secret]:
        for name in headers:
            if not _HEADER.fullmatch(name):
                raise ValueError(f"{name!r} is no name of a header")
            if name.lower() == "authorization":
                raise ValueError("for `authorization` there are `user`, `api_key` and `bearer_token`")
        return headers

    @model_validator(mode="after")
    def _place(self) -> ConnectionOptions:
        if bool(self.hosts) == (self.cloud_id is not None):
            raise ValueError("say where the cluster is: either `hosts` or `cloud_id`")
        return self

    @model_validator(mode="after")
    def _credentials(self) -> ConnectionOptions:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together")
        if self.auth == "basic" and self.user is None:
            raise ValueError("`auth: basic` needs `user` and `password`")
        kinds = ["user"] * (self.user is not None) + [n for n in ("api_key", "bearer_token") if getattr(self, n)]
        if self.auth == "aws" and kinds:
            raise ValueError(f"`auth: aws` signs with AWS credentials: leave `{kinds[0]}` out")
        if len(kinds) > 1 or (self.auth == "basic" and kinds != ["user"]):
            raise ValueError(f"one way to say who you are is enough: {' or '.join(f'`{kind}`' for kind in kinds)}")
        for name in ("region", "aws"):
            if getattr(self, name) is not None and self.auth != "aws":
                raise ValueError(f"`{name}` is for `auth: aws`")
        return self

    @model_validator(mode="after")
    def _tls(self) -> ConnectionOptions:
        if self.ca_fingerprint is not None and (self.ca_file is not None or not self.verify_certificates):
            raise ValueError("`ca_fingerprint` says alone whom to trust: leave the others out")
        if self.client_certificate is None and (self.client_key or self.client_key_password):
            raise ValueError("`client_key` belongs to a `client_certificate`")
        return self


def connect(options: ConnectionOptions, base: Path) -> Client:
    """The client that the options describe; it connects at its first request. `base`: where relative paths start.

    Raises:
        UsageError: A file or a secret can't be read, there are no AWS credentials; with what to do.
    """
    from logsluice.cluster.client import Client
    from logsluice.cluster.tls import Trust

    def placed(path: Path | None) -> Path | None:
        return None if path is None else base / path

    return Client(
        options.urls,
        _authorization(options),
        trust=Trust(
            placed(options.ca_file),
            options.ca_fingerprint,
            options.verify_certificates,
            placed(options.client_certificate),
            placed(options.client_key),
            options.client_key_password,
        ),
        proxy=options.proxy,
        headers=options.headers,
        compress=options.compress,
        timeout=options.timeout,
    )


def _authorization(options: ConnectionOptions) -> Authorization | None:
    from logsluice.cluster.authorization import Signed, api_key, basic, bearer

    if options.auth == "aws":
        from logsluice.aws.signing import signer

        return Signed(signer(options.urls[0], options.region, options.aws))
    if options.user is not None and options.password is not None:
        return basic(options.user, options.password)
    if options.api_key is not None:
        return api_key(options.api_key)
    return None if options.bearer_token is None else bearer(options.bearer_token)
