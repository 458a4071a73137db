"""The options of S3logsbeat with its names, and how their values are read.

Facts: S3logsbeat's README and its `config` package; Beats Platform Reference 6.8, "Load the Elasticsearch index
template", "Configure the internal queue", "Configure logging".
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainValidator, model_validator

from logsluice.compat.s3logsbeat.dotted import without_nulls
from logsluice.compat.s3logsbeat.output_options import Outputs
from logsluice.compat.s3logsbeat.values import Buckets, Flag, GoDuration, Moment, Pattern, Text, Texts, in_utc
from logsluice.components import Options, near
from logsluice.config.explain import refusals, validate


class LogFormatOptions(Options):
    """`log_format_options`, of `json`."""

    timestamp_field: Text = Field(min_length=1)
    timestamp_format: Text = Field(min_length=1)


class Input(Options):
    """What inputs of both types have."""

    enabled: Flag = True
    log_format: Literal["elb", "alb", "cloudfront", "waf", "json"]
    log_format_options: LogFormatOptions | None = None
    key_regex_fields: Pattern | None = None
    poll_frequency: GoDuration = 60.0
    fields: dict[str, Any] = Field(default_factory=dict)
    fields_under_root: Flag = False
    tags: Texts = ()

    @model_validator(mode="after")
    def _json_needs_options(self) -> Input:
        if self.log_format == "json" and self.log_format_options is None:
            raise ValueError("`log_format: json` needs `log_format_options` (timestamp_field and timestamp_format)")
        return self


class SqsInput(Input):
    """`type: sqs`."""

    type: Literal["sqs"] = "sqs"
    queues_url: Texts = Field(min_length=1)
    buckets: Texts = Field(default=(), description="Ours: what may be read. Else the buckets of the queue's owner.")


class S3Input(Input):
    """`type: s3`."""

    type: Literal["s3"]
    buckets: Buckets = Field(min_length=1)
    since: Moment | None = None
    to: Moment | None = None

    @model_validator(mode="after")
    def _times_in_order(self) -> S3Input:
        if self.since is not None and self.to is not None and in_utc(self.since) >= in_utc(self.to):
            raise ValueError("`since` is not before `to`: no object would be read")
        return self


class Flush(Options):
    """`queue.mem.flush`."""

    min_events: int | None = Field(default=None, ge=0)
    timeout: GoDuration | None = None


class QueueMem(Options):
    """`queue.mem`."""

    events: int = Field(default=4096, ge=1)
    flush: Flush = Flush()


class Queue(Options):
    """`queue`."""

    mem: QueueMem = QueueMem()
    spool: Any = None


class JsonTemplate(Options):
    """`setup.template.json`."""

    enabled: Flag = False
    path: Text = ""
    name: Text = ""

    @model_validator(mode="after")
    def _complete(self) -> JsonTemplate:
        if self.enabled and not (self.path and self.name):
            raise ValueError("a template of your own needs `path` and `name`")
        return self


class Template(Options):
    """`setup.template`."""

    enabled: Flag = True
    overwrite: Flag = False
    json_: JsonTemplate = Field(default=JsonTemplate(), alias="json")
    name: Any = None
    pattern: Any = None
    fields: Any = None
    settings: Any = None
    append_fields: Any = None
    type: Any = None
    order: Any = None


class Setup(Options):
    """`setup`: what is done in a cluster at the start."""

    template: Template = Template()
    kibana: Any = None
    dashboards: Any = None
    ilm: Any = None


class Logging(Options):
    """`logging`."""

    level: Annotated[
        Literal["critical", "error", "warning", "info", "debug"],
        BeforeValidator(lambda value: value.lower() if isinstance(value, str) else value),
    ] = "info"
    json_: Flag = Field(default=False, alias="json")
    selectors: Any = None
    to_files: Any = None
    to_syslog: Any = None
    to_stderr: Any = None
    to_eventlog: Any = None
    files: Any = None
    metrics: Any = None
    ecs: Any = None


class Paths(Options):
    """`path`."""

    data: Text | None = None
    home: Text | None = None
    config: Any = None
    logs: Any = None


def _input(value: object) -> object:
    if not isinstance(value, dict):
        raise ValueError("an input is a mapping with its type: sqs or s3")
    kind = str(value.get("type") or "sqs")
    if kind not in INPUTS:
        raise refusals([(("type",), f"must be sqs or s3{near(kind, INPUTS)}")])
    return validate(INPUTS[kind], without_nulls(value))


INPUTS: dict[str, type[Input]] = {"sqs": SqsInput, "s3": S3Input}


class S3logsbeat(Options):
    """`s3logsbeat`."""

    inputs: tuple[Annotated[SqsInput | S3Input, PlainValidator(_input)], ...] = Field(min_length=1)
    shutdown_timeout: GoDuration = 0.0
    beat_fields: Flag = Field(default=False, description="Ours: `beat: {hostname, name, version}` in every event.")


class Cloud(Options):
    """`cloud`: a deployment of Elastic Cloud."""

    id: Text | None = None
    auth: Text | None = None


class Root(Options):
    """A whole file."""

    s3logsbeat: S3logsbeat
    output: Outputs
    processors: tuple[Any, ...] = ()
    queue: Queue = Queue()
    setup: Setup = Setup()
    logging: Logging = Logging()
    path: Paths = Paths()
    name: Text | None = None
    tags: Texts = ()
    fields: dict[str, Any] = Field(default_factory=dict)
    fields_under_root: Flag = False
    cloud: Cloud = Cloud()
    max_procs: Any = None
    monitoring: Any = None
    xpack: Any = None
    http: Any = None
    keystore: Any = None
    seccomp: Any = None
    migration: Any = None
    timestamp: Any = None
