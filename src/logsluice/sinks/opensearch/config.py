"""The options of the `opensearch` output."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from logsluice.cluster.connection import ConnectionOptions
from logsluice.cluster.templates import pattern_of
from logsluice.components import Options
from logsluice.config.types import Size
from logsluice.lang.templates import Template
from logsluice.sinks.opensearch.indexes import PLACEHOLDER, problem_of

DEFAULT_INDEX = "logsluice-%{[@metadata][format]}-%{+yyyy.MM.dd}"
DEFAULT_STREAM = "logsluice-%{[@metadata][format]}"


class StreamName(Options):
    """A data stream's name in Elastic's scheme: `<type>-<dataset>-<namespace>`, each with %{field}."""

    type: str = Field("logs", min_length=1, description="What it holds: logs, metrics, traces.")
    dataset: str = Field("%{[@metadata][format]}", min_length=1, description="Where it comes from: `aws.elb_logs`.")
    namespace: str = Field("default", min_length=1, description="Yours, such as the environment.")

    @field_validator("type", "dataset", "namespace")
    @classmethod
    def _part(cls, text: str) -> str:
        if "-" in PLACEHOLDER.sub("", text):
            raise ValueError("a hyphen divides the parts of the name, and can't be in one of them")
        return text


class Config(ConnectionOptions):
    """Options of the `opensearch` output."""

    index: str = Field(DEFAULT_INDEX, min_length=1, description="An event's index, with %{field} and %{+yyyy.MM.dd}.")
    data_stream: bool | StreamName = Field(
        False, description="Write to data streams: named by `index`, or by {type, dataset, namespace}."
    )
    document_id: str | None = Field(
        None, description="Your own id, such as %{trace_id}, or `none` for no id at all; else one from the origin."
    )
    action: Literal["create", "index"] | None = Field(
        None, description="`create` keeps what is there (default), `index` replaces it (default with a document_id)."
    )
    pipeline: str | None = Field(None, description="An ingest pipeline of the cluster, with %{field}.")
    routing: str | None = Field(None, description="What decides on a document's shard, with %{field}.")
    manage_template: bool = Field(True, description="Install index templates made from the formats' fields.")
    template: Path | dict[str, Any] | None = Field(
        None, description="Your own template instead: a JSON file, or the template itself; installed at the start."
    )
    template_name: str | None = Field(None, min_length=1, description="What the cluster calls it.")
    template_overwrite: bool = Field(False, description="Replace a template that the cluster has under that name.")
    request_bytes: Size = Field(5 * 1024 * 1024, ge=1024, description="Upper bound of a request, before compression.")
    request_events: int = Field(5000, ge=1, le=100_000, description="Upper bound of a request.")

    @property
    def writes(self) -> tuple[str, ...]:
        """The index, on each host."""
        return tuple(f"{url}/{self.target}" for url in self.urls) if self.with_ids else ()

    @property
    def target(self) -> str:
        """The index or data stream of an event, whichever way it is said."""
        if isinstance(self.data_stream, StreamName):
            return f"{self.data_stream.type}-{self.data_stream.dataset}-{self.data_stream.namespace}"
        return DEFAULT_STREAM if self.data_stream and "index" not in self.model_fields_set else self.index

    @property
    def with_ids(self) -> bool:
        """Whether documents have ids of ours or the user's, so that a repeat can meet itself."""
        return self.document_id != "none"

    @property
    def resolved_action(self) -> Literal["create", "index"]:
        """The action that is meant when none is named."""
        return self.action or ("create" if self.document_id in (None, "none") or self.data_stream else "index")

    @field_validator("index", "document_id", "pipeline", "routing")
    @classmethod
    def _template(cls, text: str | None) -> str | None:
        if text is not None:
            Template(text)
        return text

    @field_validator("index")
    @classmethod
    def _index(cls, text: str) -> str:
        return _usable(text)

    @field_validator("document_id")
    @classmethod
    def _document_id(cls, text: str | None) -> str | None:
        if text is not None and text != "none" and "%{" not in text:
            raise ValueError("without a %{field} every event would overwrite the same document")
        return text

    @model_validator(mode="after")
    def _target(self) -> Config:
        if isinstance(self.data_stream, StreamName) and "index" in self.model_fields_set:
            raise ValueError("a data stream has one name: either `index` or {type, dataset, namespace}")
        _usable(self.target)
        if self.data_stream and self.manage_template and self.template is None and not pattern_of(self.target, "any"):
            raise ValueError("a data stream needs a template: none can be made for a name that begins with %{field}")
        return self

    @model_validator(mode="after")
    def _own_template(self) -> Config:
        if (self.template is None) != (self.template_name is None):
            raise ValueError("`template` and `template_name` go together")
        if self.template is None and self.template_overwrite:
            raise ValueError("`template_overwrite` is for a `template` of your own")
        return self

    @model_validator(mode="after")
    def _action(self) -> Config:
        if self.action == "index" and self.data_stream:
            raise ValueError("a data stream takes the action `create` only")
        if self.action == "index" and not self.with_ids:
            raise ValueError("without ids nothing can be replaced: leave `action` out")
        return self


def _usable(name: str) -> str:
    """An index name with %{field} that a cluster may take. Raises ValueError."""
    if problem := problem_of(PLACEHOLDER.sub("0", name)):
        raise ValueError(problem)
    return name
