"""The options of S3logsbeat's outputs, with their names.

Facts: Beats Platform Reference 6.8, "Configure the output" and "Specify SSL settings".
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field

from logsluice.compat.s3logsbeat.values import Flag, GoDuration, Text, Texts
from logsluice.components import Options


class Ssl(Options):
    """`ssl` of an output."""

    enabled: Flag = True
    verification_mode: Literal["full", "strict", "certificate", "none"] = "full"
    certificate_authorities: Texts = ()
    certificate: Text | None = None
    key: Text | None = None
    key_passphrase: Text | None = None
    ca_trusted_fingerprint: Text | None = None
    ca_sha256: Any = None
    supported_protocols: Any = None
    cipher_suites: Any = None
    curve_types: Any = None
    renegotiation: Any = None


class Output(Options):
    """What every output has."""

    enabled: Flag = True


class Network(Output):
    """What outputs to hosts have."""

    hosts: Texts = ()
    ssl: Ssl | None = None
    worker: int | None = Field(default=None, ge=1, le=64)
    loadbalance: Flag | None = None
    compression_level: int | None = Field(default=None, ge=0, le=9)
    bulk_max_size: int | None = None
    timeout: GoDuration | None = None
    max_retries: Any = None
    backoff: Any = None
    slow_start: Any = None
    escape_html: Any = None


class Elasticsearch(Network):
    """`output.elasticsearch`."""

    hosts: Texts = ("localhost:9200",)
    protocol: Literal["http", "https"] | None = None
    path: Text = ""
    username: Text | None = None
    password: Text | None = None
    api_key: Text | None = None
    index: Text | None = None
    pipeline: Text | None = None
    proxy_url: Text | None = None
    headers: dict[str, Text] = Field(default_factory=dict)
    parameters: dict[str, Text] = Field(default_factory=dict)
    indices: tuple[Any, ...] = ()
    pipelines: tuple[Any, ...] = ()
    template: Any = None
    ilm: Any = None
    kerberos: Any = None


class Logstash(Network):
    """`output.logstash`."""

    index: Text | None = None
    ttl: Any = None
    pipelining: Any = None
    port: Any = None
    proxy_url: Any = None
    proxy_use_local_resolver: Any = None


class JsonCodec(Options):
    """`codec.json`."""

    pretty: Flag = False
    escape_html: Any = None


class FormatCodec(Options):
    """`codec.format`."""

    string: str = Field(min_length=1)


class Codec(Options):
    """`codec` of console and file."""

    json_: JsonCodec | None = Field(default=None, alias="json")
    format: FormatCodec | None = None


class Console(Output):
    """`output.console`."""

    pretty: Flag = False
    codec: Codec | None = None
    bulk_max_size: Any = None


class File(Output):
    """`output.file`."""

    path: Text = Field(min_length=1)
    filename: Text = "s3logsbeat"
    rotate_every_kb: int = Field(default=10240, ge=1)
    number_of_files: Any = None
    permissions: Text = "0600"
    codec: Codec | None = None


class Outputs(Options):
    """`output`: one of these."""

    elasticsearch: Elasticsearch | None = None
    logstash: Logstash | None = None
    console: Console | None = None
    file: File | None = None
