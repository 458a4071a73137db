"""Elasticsearch and Elastic Cloud; requests to domains of AWS are signed where no user is named.

Facts: Logstash Reference, "Elasticsearch output plugin".
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

from pydantic import Field

from logsluice.compat.logstash import clusters
from logsluice.compat.logstash.clusters import DEFAULT_ALIAS, Tristate
from logsluice.compat.logstash.plugins import UNUSED, Flag, JavaStore, Output
from logsluice.filters._options import Text, Texts

TEMPLATES = ("template", "template_name", "template_overwrite")
STREAM = {"type": "logs", "dataset": "generic", "namespace": "default"}


class Settings(clusters.ClusterSettings):
    """Options of `elasticsearch`."""

    cloud_id: Text | None = Field(default=None, description="A deployment of Elastic Cloud, in the place of `hosts`.")
    cloud_auth: Text | None = Field(default=None, description="`user:password`.")
    api_key: Text | None = Field(default=None, description="`id:key`, or as it is shown in base64.")
    compression_level: int | None = Field(default=None, ge=0, le=9, description="0 sends requests uncompressed.")

    ssl_enabled: Flag | None = Field(default=None, description="As `ssl`.")
    ssl_verification_mode: Literal["full", "none"] = Field(default="full", description="`none` trusts any certificate.")
    ssl_certificate_authorities: Texts = Field(default=(), description="One file of authorities, in PEM form.")
    ca_trusted_fingerprint: Texts = Field(default=(), description="SHA-256 of the one certificate to trust.")
    ssl_certificate: Text | None = Field(default=None, description="Shown to the cluster, in PEM form.")
    ssl_key: Text | None = Field(default=None, description="The certificate's private key.")
    ssl_keystore_path: JavaStore = Field(default=None, description="Refused: see `ssl_certificate`.")
    ssl_keystore_password: JavaStore = Field(default=None, description="Refused, as `ssl_keystore_path`.")
    ssl_keystore_type: JavaStore = Field(default=None, description="Refused, as `ssl_keystore_path`.")
    ssl_truststore_path: JavaStore = Field(default=None, description="Refused: see `ssl_certificate_authorities`.")
    ssl_truststore_password: JavaStore = Field(default=None, description="Refused, as `ssl_truststore_path`.")
    ssl_truststore_type: JavaStore = Field(default=None, description="Refused, as `ssl_truststore_path`.")
    ssl_supported_protocols: Any = Field(default=None, description=f"{UNUSED}TLS 1.2 and 1.3.")
    ssl_cipher_suites: Any = Field(default=None, description=f"{UNUSED}OpenSSL's own.")

    ilm_enabled: Tristate = Field(default="auto", description="true writes to `ilm_rollover_alias`; auto is false.")
    ilm_rollover_alias: Text = Field(default=DEFAULT_ALIAS, description="The alias, which must be there.")
    ilm_pattern: Any = Field(default=None, description=f"{UNUSED}indexes are not rolled over from here.")
    ilm_policy: Any = Field(default=None, description=f"{UNUSED}policies are the cluster's.")

    data_stream: Tristate = Field(default="auto", description="true writes to a data stream; auto is false.")
    data_stream_type: Text = Field(default=STREAM["type"], description="The first part of its name.")
    data_stream_dataset: Text = Field(default=STREAM["dataset"], description="The second part.")
    data_stream_namespace: Text = Field(default=STREAM["namespace"], description="The third part.")
    data_stream_auto_routing: Flag = Field(
        default=True, description=f"{UNUSED}`data_stream` fields of events are not looked at."
    )
    data_stream_sync_fields: Flag = Field(default=True, description=f"{UNUSED}no fields are added to events.")


def translate(settings: Settings) -> Output:
    """The sink `opensearch`, which knows Elasticsearch as well."""
    more = {**_cloud(settings), **_who(settings), **_trust(settings), **_target(settings)}
    return settings.output(more, tuple(_warnings(settings)))


def _cloud(settings: Settings) -> dict[str, Any]:
    if settings.cloud_id is not None and "hosts" in settings.model_fields_set:
        raise ValueError("either `hosts` or `cloud_id` says where the cluster is")
    if settings.cloud_id is None:
        return settings.place(_ssl(settings))
    return {"cloud_id": settings.cloud_id, "hosts": None, "user": settings.user, "password": settings.password}


def _who(settings: Settings) -> dict[str, Any]:
    if sum(named is not None for named in (settings.api_key, settings.cloud_auth, settings.user)) > 1:
        raise ValueError("one way to say who you are is enough: `user`, `cloud_auth` or `api_key`")
    if settings.api_key is not None:
        return {"api_key": settings.api_key, "auth": None}
    if settings.cloud_auth is not None:
        user, colon, password = settings.cloud_auth.partition(":")
        if not colon:
            raise ValueError("cloud_auth is written as user:password")
        return {"user": user, "password": password, "auth": None}
    return {}


def _ssl(settings: Settings) -> bool | None:
    return settings.ssl if settings.ssl_enabled is None else settings.ssl_enabled


def _trust(settings: Settings) -> dict[str, Any]:
    files = [*([settings.cacert] if settings.cacert else []), *settings.ssl_certificate_authorities]
    if len(files) > 1:
        raise ValueError("there can be one file of authorities: put all of them into it")
    if len(settings.ca_trusted_fingerprint) > 1:
        raise ValueError("there can be one ca_trusted_fingerprint")
    verify = settings.ssl_certificate_verification and settings.ssl_verification_mode == "full"
    return {
        "ca_file": files[0] if files else None,
        "ca_fingerprint": settings.ca_trusted_fingerprint[0] if settings.ca_trusted_fingerprint else None,
        "verify_certificates": None if verify else False,
        "client_certificate": settings.ssl_certificate,
        "client_key": settings.ssl_key,
        **({"compress": settings.compression_level > 0} if settings.compression_level is not None else {}),
    }


def _target(settings: Settings) -> dict[str, Any]:
    if settings.data_stream == "true":
        if settings.index is not None or settings.ilm_enabled == "true":
            raise ValueError("a data stream has its own name: leave `index` and `ilm_enabled` out")
        name = {part: getattr(settings, f"data_stream_{part}") for part in STREAM}
        return {
            "data_stream": name,
            "index": None,
            "action": None,
            **dict.fromkeys(TEMPLATES),
            "manage_template": False,
        }
    return {"index": settings.ilm_rollover_alias} if settings.ilm_enabled == "true" else {}


def _warnings(settings: Settings) -> Iterator[tuple[str, str]]:
    given = settings.model_fields_set
    if settings.ilm_enabled == "true":
        there = f"events go to the alias {settings.ilm_rollover_alias!r}, which must be there with its policy"
        yield "ilm_enabled", f"{there}; after a rollover a repeat is a second document"
    elif settings.ilm_enabled == "auto":
        for option in sorted({"ilm_rollover_alias", "ilm_pattern", "ilm_policy"} & given):
            yield option, "no effect: lifecycle management is not looked for; set ilm_enabled => true for an alias"
    if settings.data_stream == "true":
        for option in sorted({"data_stream_auto_routing", "data_stream_sync_fields"} & given):
            if getattr(settings, option):
                yield option, "no effect: `data_stream` fields of events are neither looked at nor written"
    elif settings.data_stream == "auto" and any(option.startswith("data_stream_") for option in given):
        yield "data_stream", "auto is false here: set data_stream => true"
