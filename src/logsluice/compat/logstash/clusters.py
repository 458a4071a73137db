"""What the outputs `elasticsearch`, `opensearch` and `amazon_es` have in common: most of their options.

Facts: Logstash Reference, "Elasticsearch output plugin", in the names of versions 7 to 9, old ones included; the
documentation of `logstash-output-opensearch` and `logstash-output-amazon_es`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, TypeAlias
from urllib.parse import SplitResult, unquote, urlsplit

from pydantic import AfterValidator, BeforeValidator, Field

from logsluice.aws.signing import place_of
from logsluice.compat.logstash.plugins import UNUSED, Flag, JavaStore, Output, OutputSettings, Pairs
from logsluice.components import near
from logsluice.filters._options import TemplateText, Text, Texts

DEFAULT_INDEX = "logstash-%{+yyyy.MM.dd}"
DEFAULT_ALIAS = "logstash"
DEFAULT_PORT = 9200

ACTIONS = ("index", "create")

TEMPLATE: dict[str, Any] = {
    "index_patterns": ["logstash-*"],
    "settings": {"index": {"refresh_interval": "5s"}},
    "mappings": {
        "dynamic_templates": [
            {
                "message_field": {
                    "path_match": "message",
                    "match_mapping_type": "string",
                    "mapping": {"type": "text", "norms": False},
                }
            },
            {
                "string_fields": {
                    "match": "*",
                    "match_mapping_type": "string",
                    "mapping": {
                        "type": "text",
                        "norms": False,
                        "fields": {"keyword": {"type": "keyword", "ignore_above": 256}},
                    },
                }
            },
        ],
        "properties": {
            "@timestamp": {"type": "date"},
            "@version": {"type": "keyword"},
            "geoip": {
                "dynamic": True,
                "properties": {
                    "ip": {"type": "ip"},
                    "location": {"type": "geo_point"},
                    "latitude": {"type": "half_float"},
                    "longitude": {"type": "half_float"},
                },
            },
        },
    },
}
"""What Logstash maps in indexes `logstash-*`: text with `.keyword` beside it, and geoip's location."""


def _changes(_: Any) -> Any:
    raise ValueError("this can't be done here: documents are created or replaced, never changed")


def _action(name: str) -> str:
    if name not in ACTIONS:
        raise ValueError(f"must be index or create, for documents are never changed here{near(name, ACTIONS)}")
    return name


Changes: TypeAlias = Annotated[Any, BeforeValidator(_changes)]
"""Options of updates, which are refused."""

Tristate: TypeAlias = Annotated[Literal["true", "false", "auto"], BeforeValidator(lambda value: str(value).lower())]


class ClusterSettings(OutputSettings):
    """Options of every output into a cluster."""

    # ----------------------------------------------------------------------------------- where, and who asks
    hosts: Texts = Field(default=("127.0.0.1",), description="URLs or hosts; port 9200 where none is named.")
    path: Text | None = Field(default=None, description="Where the cluster is below each host.")
    user: Text | None = Field(default=None, description="For basic authentication.")
    password: Text | None = Field(default=None, description="For basic authentication.")
    proxy: Text | None = Field(default=None, description="A proxy's URL.")
    custom_headers: Pairs = Field(default_factory=dict, description="Sent with every request.")
    http_compression: Flag | None = Field(default=None, description="Whether requests are compressed (they are).")
    timeout: float = Field(default=60, gt=0, description="Seconds to wait for an answer.")
    parameters: Changes = Field(default=None, description="Refused: no parameters can be added to requests.")

    # --------------------------------------------------------------------------------------------------- TLS
    ssl: Flag | None = Field(default=None, description="Whether hosts without a scheme are https.")
    ssl_certificate_verification: Flag = Field(default=True, description="false trusts any certificate.")
    cacert: Text | None = Field(default=None, description="Authorities to trust, in PEM form.")
    keystore: JavaStore = Field(default=None, description="Refused: a store of Java; see the certificate in PEM form.")
    keystore_password: JavaStore = Field(default=None, description="Refused, as `keystore`.")
    truststore: JavaStore = Field(default=None, description="Refused: a store of Java; see `cacert`.")
    truststore_password: JavaStore = Field(default=None, description="Refused, as `truststore`.")

    # --------------------------------------------------------------------------------------------- documents
    index: TemplateText | None = Field(default=None, description=f"An event's index; else {DEFAULT_INDEX}.")
    document_id: TemplateText | None = Field(default=None, description="An event's id; else one from its origin.")
    action: Annotated[Text, AfterValidator(_action)] = Field(
        default="index", description="`index` or `create`; without a document_id always `create`."
    )
    pipeline: TemplateText | None = Field(default=None, description="An ingest pipeline of the cluster.")
    routing: TemplateText | None = Field(default=None, description="What decides on a document's shard.")
    document_type: Any = Field(default=None, description=f"{UNUSED}clusters have no types any more.")
    ecs_compatibility: Literal["disabled", "v1", "v8"] | None = Field(
        default=None, description=f"{UNUSED}the same index and no template in each mode."
    )
    manage_template: Flag = Field(default=True, description="Whether a template is installed.")
    template: Text | None = Field(default=None, description="A file with the template to install.")
    template_name: Text | None = Field(default=None, description="The template's name; else `logstash`.")
    template_overwrite: Flag = Field(default=False, description="Replace a template of that name.")
    legacy_template: Any = Field(default=None, description=f"{UNUSED}the file itself tells which kind it is.")
    template_api: Any = Field(default=None, description=f"{UNUSED}the file itself tells which kind it is.")
    version: Changes = Field(default=None, description="Refused: versions of the user's own.")
    version_type: Changes = Field(default=None, description="Refused, as `version`.")
    upsert: Changes = Field(default=None, description="Refused: documents are not updated.")
    doc_as_upsert: Changes = Field(default=None, description="Refused, as `upsert`.")
    script: Changes = Field(default=None, description="Refused, as `upsert`.")
    script_lang: Changes = Field(default=None, description="Refused, as `upsert`.")
    script_type: Changes = Field(default=None, description="Refused, as `upsert`.")
    script_var_name: Changes = Field(default=None, description="Refused, as `upsert`.")
    scripted_upsert: Changes = Field(default=None, description="Refused, as `upsert`.")
    parent: Changes = Field(default=None, description="Refused: children of documents.")
    join_field: Changes = Field(default=None, description="Refused, as `parent`.")

    # ------------------------------------------------------------------------------- what needs no setting here
    retry_on_conflict: Any = Field(default=None, description=f"{UNUSED}it is for updates.")
    retry_initial_interval: Any = Field(default=None, description=f"{UNUSED}retries back off by themselves.")
    retry_max_interval: Any = Field(default=None, description=f"{UNUSED}retries back off by themselves.")
    resurrect_delay: Any = Field(default=None, description=f"{UNUSED}retries back off by themselves.")
    sniffing: Flag = Field(default=False, description=f"{UNUSED}requests go to the hosts that are named.")
    sniffing_delay: Any = Field(default=None, description=f"{UNUSED}as `sniffing`.")
    sniffing_path: Any = Field(default=None, description=f"{UNUSED}as `sniffing`.")
    healthcheck_path: Any = Field(default=None, description=f"{UNUSED}a host is asked by the requests themselves.")
    bulk_path: Any = Field(default=None, description=f"{UNUSED}requests go to `_bulk` below `path`.")
    pool_max: Any = Field(default=None, description=f"{UNUSED}a connection for each worker.")
    pool_max_per_route: Any = Field(default=None, description=f"{UNUSED}a connection for each worker.")
    validate_after_inactivity: Any = Field(default=None, description=f"{UNUSED}dead connections are replaced.")
    failure_type_logging_whitelist: Any = Field(default=None, description=f"{UNUSED}rejects go to the dead letter.")
    silence_errors_in_log: Any = Field(default=None, description=f"{UNUSED}rejects go to the dead letter.")
    flush_size: Any = Field(default=None, description=f"{UNUSED}requests are bounded by size.")
    idle_flush_time: Any = Field(default=None, description=f"{UNUSED}nothing waits for a time.")
    dlq_on_failed_indexname_interpolation: Any = Field(
        default=None, description=f"{UNUSED}such events always go to the dead letter."
    )
    dlq_custom_codes: Any = Field(default=None, description=f"{UNUSED}the error's type decides.")

    # ---------------------------------------------------------------------------------------- the translation

    def output(self, more: dict[str, Any], warnings: tuple[tuple[str, str], ...] = ()) -> Output:
        """The native output.

        Args:
            more: Native options of the plugin's own, in place of the common ones.
            warnings: Of the plugin's own.

        Raises:
            ValueError: What can't be done here.
        """
        given: dict[str, Any] = {
            "index": self.index or DEFAULT_INDEX,
            "document_id": self.document_id,
            "action": self.action if self.document_id or self.action == "create" else None,
            "pipeline": self.pipeline,
            "routing": self.routing,
            "proxy": self.proxy or None,
            "headers": {name: str(value) for name, value in self.custom_headers.items()} or None,
            "compress": self.http_compression,
            "timeout": f"{self.timeout:g}s" if "timeout" in self.model_fields_set else None,
            "ca_file": self.cacert,
            "verify_certificates": None if self.ssl_certificate_verification else False,
            **self._templates(more.get("index") or self.index or DEFAULT_INDEX),
            **self.place(self.ssl),
        }
        options = {name: value for name, value in (given | more).items() if value is not None}
        return Output("opensearch", options, (*warnings, *self._warnings()))

    def _warnings(self) -> Iterator[tuple[str, str]]:
        if self.sniffing:
            yield "sniffing", "the cluster's nodes are not looked up: requests go to the hosts that are named"
        if self.action == "index" and "action" in self.model_fields_set and self.document_id is None:
            yield "action", "without a document_id events are created, under ids made from their origin"

    def _templates(self, index: str) -> dict[str, Any]:
        """Logstash's own template is for indexes `logstash-*` only; a file of the user's is for any."""
        if not self.manage_template or not (self.template or index.startswith("logstash-")):
            return {"manage_template": False}
        return {
            "template": self.template or TEMPLATE,
            "template_name": self.template_name or "logstash",
            "template_overwrite": self.template_overwrite or None,
        }

    def place(self, ssl: bool | None, default_port: int = DEFAULT_PORT) -> dict[str, Any]:
        """Hosts, and who asks; signed where every host is of AWS and nobody is named."""
        parts = [urlsplit(host if "//" in host else f"//{host}") for host in self.hosts]
        named = next((part for part in parts if part.username), None)
        user = self.user or (unquote(named.username or "") if named else None)
        password = self.password or (unquote(named.password or "") if named else None)
        native: dict[str, Any] = {"hosts": [self._url(part, ssl, default_port) for part in parts]}
        if user or password:
            return {**native, "user": user, "password": password}
        return {**native, "auth": "aws"} if all(is_aws(part) for part in parts) else native

    def _url(self, parts: SplitResult, ssl: bool | None, default_port: int) -> str:
        scheme = parts.scheme or ("https" if ssl or (ssl is None and is_aws(parts)) else "http")
        if ssl is not None and (scheme == "https") is not ssl:
            raise ValueError(f"the host {parts.hostname} is {scheme}, and ssl says {'on' if ssl else 'off'}")
        if self.path and parts.path.strip("/"):
            raise ValueError(f"the host {parts.hostname} has a path already: leave `path` out")
        place = parts.netloc.rpartition("@")[2]
        try:
            port = parts.port
        except ValueError:
            raise ValueError(f"the host {place} has no port that is a number") from None
        if port is None:
            port = (443 if scheme == "https" else 80) if is_aws(parts) else default_port
            place = f"{place.rstrip(':')}:{port}"
        path = (self.path or parts.path).strip("/")
        return f"{scheme}://{place}/{path}".rstrip("/")


def is_aws(parts: SplitResult) -> bool:
    """Whether a host is a domain or a collection of Amazon OpenSearch Service: these listen on 443 only."""
    return bool(place_of(parts.hostname or "")[1])
