"""Into OpenSearch or Elasticsearch, each event once.

::

    outputs:
      - opensearch:
          hosts: ["https://search.example.com"]
          auth: aws
          index: "alb-%{+yyyy.MM.dd}"

Works with OpenSearch 1 to 3, Elasticsearch 7 to 9, Amazon OpenSearch Service (`auth: aws` signs requests with the
credentials that boto3 would find) and, for collections that take ids, Amazon OpenSearch Serverless.

**Each event once.** Documents are created under ids made from the origin (`[@metadata][_id]`), so a repeat meets
itself: 409 counts as delivered, and as a duplicate in the counters. With a `document_id` of your own the action is
`index`: the last one wins. An index made from anything but the event's own time, a rollover alias, a data stream, or
an index that retention has deleted can't see the earlier document: a repeat is then a second one.

**What a refusal means** is judged for each document by its error's type. The document's own fault (it does not fit the
mapping) goes to the dead letter. The cluster's or the configuration's fault (a shard limit, a block, a missing index)
pauses the output and is tried again until it is cured. A full queue or a broken connection is tried again soon. A
request that the cluster finds too large is split.

**Templates.** Before the first document of an index a template made from the format's declared fields is installed
(see `logsluice.cluster.templates`), so that addresses can be searched by CIDR. `manage_template: false` leaves that to
you. An index name that begins with a `%{field}` gets none.

An event whose `index` or `document_id` names a field that it lacks is rejected, never sent under a literal `%{field}`.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, Field, field_validator, model_validator

from logsluice.components import Context, Options
from logsluice.config.secrets import Secret
from logsluice.config.types import Duration, Size

if TYPE_CHECKING:
    from logsluice.model import Sink

DEFAULT_INDEX = "logsluice-%{[@metadata][format]}-%{+yyyy.MM.dd}"


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _host(text: str) -> str:
    """A URL without a trailing slash; `host:9200` is read as `http://host:9200`.

    Raises:
        ValueError: It is none, or holds a password.
    """
    url = text if "://" in text else f"http://{text}"
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("a host is a URL such as https://search.example.com or http://127.0.0.1:9200")
    if parts.username is not None:
        raise ValueError("write `user` and `password` as options of their own, not within the URL")
    if parts.query or parts.fragment:
        raise ValueError("a host's URL has no ? and no #")
    return url.rstrip("/")


class Config(Options):
    """Options of the `opensearch` output."""

    hosts: Annotated[tuple[str, ...], BeforeValidator(_as_list)] = Field(
        min_length=1, description="URLs of the cluster, tried in turn."
    )
    index: str = Field(DEFAULT_INDEX, min_length=1, description="An event's index, with %{field} and %{+yyyy.MM.dd}.")
    document_id: str | None = Field(None, description="Your own id, such as %{trace_id}; else one from the origin.")
    action: Literal["create", "index"] | None = Field(
        None, description="`create` keeps what is there (default), `index` replaces it (default with a document_id)."
    )
    pipeline: str | None = Field(None, description="An ingest pipeline of the cluster.")
    user: str | None = Field(None, description="For basic authentication.")
    password: Secret | None = Field(None, description="For basic authentication; best as a reference, or ${VARIABLE}.")
    auth: Literal["basic", "aws"] | None = Field(
        None, description="`aws` signs requests (Signature Version 4); `basic` is implied by `user`."
    )
    region: str | None = Field(None, description="For `auth: aws`; else told by the host's name or the environment.")
    ca_file: Path | None = Field(None, description="Authorities to trust instead of the system's, in PEM form.")
    verify_certificates: bool = Field(True, description="false trusts any certificate; for tests.")
    compress: bool = Field(True, description="Send requests as gzip.")
    manage_template: bool = Field(True, description="Install index templates made from the formats' fields.")
    request_bytes: Size = Field(5 * 1024 * 1024, ge=1024, description="Upper bound of a request, before compression.")
    request_events: int = Field(5000, ge=1, le=100_000, description="Upper bound of a request.")
    timeout: Duration = Field(60.0, gt=0, description="How long to wait for an answer.")

    @property
    def writes(self) -> tuple[str, ...]:
        """The index, on each host."""
        return tuple(f"{host}/{self.index}" for host in self.hosts)

    @property
    def resolved_action(self) -> Literal["create", "index"]:
        """The action that is meant when none is named."""
        return self.action or ("create" if self.document_id is None else "index")

    @field_validator("hosts")
    @classmethod
    def _hosts(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(map(_host, hosts))

    @field_validator("index", "document_id")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        from logsluice.lang.templates import Template

        if text is not None:
            Template(text)
        return text

    @field_validator("index")
    @classmethod
    def _index(cls, text: str) -> str:
        from logsluice.sinks.opensearch.indexes import PLACEHOLDER, problem_of

        if problem := problem_of(PLACEHOLDER.sub("0", text)):
            raise ValueError(problem)
        return text

    @field_validator("document_id")
    @classmethod
    def _document_id(cls, text: str | None) -> str | None:
        if text is not None and "%{" not in text:
            raise ValueError("without a %{field} every event would overwrite the same document")
        return text

    @model_validator(mode="after")
    def _credentials(self) -> Config:
        if (self.user is None) != (self.password is None):
            raise ValueError("`user` and `password` go together")
        if self.auth == "aws" and self.user is not None:
            raise ValueError("`auth: aws` signs with AWS credentials: leave `user` and `password` out")
        if self.auth == "basic" and self.user is None:
            raise ValueError("`auth: basic` needs `user` and `password`")
        if self.region is not None and self.auth != "aws":
            raise ValueError("`region` is for `auth: aws`")
        return self


def build(config: Config, context: Context) -> Sink:
    """Make the sink; it connects in `open`."""
    from logsluice.sinks.opensearch.sink import OpenSearchSink

    return OpenSearchSink(config, context)
