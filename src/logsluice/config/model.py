"""What a configuration says, whatever language it was written in: pipelines, their components and policies.

The models hold validated values, but nothing is built yet: `logsluice.config.assemble` does that. Options of sources,
filters and outputs are checked by each component's own `Config`; a format checks their values when it is built.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Annotated, Any, Literal, TypeAlias, cast, get_args

import regex
from pydantic import Field, PlainValidator

from logsluice.components import Kind, Options, UnknownComponent, find, names, near
from logsluice.config.document import Path
from logsluice.config.explain import refusals, validate
from logsluice.config.types import Duration, Size
from logsluice.delivery.budget import DEFAULT_BUDGET
from logsluice.delivery.policies import DEFAULTS, Action
from logsluice.framing.limits import DEFAULT_LIMITS, Limits
from logsluice.lang.as_json import Timestamps
from logsluice.model import Event

_NOUNS: dict[Kind, str] = {"sources": "source", "filters": "filter", "sinks": "output"}
ACTIONS: tuple[str, ...] = get_args(Action)
OUTPUT_SETTINGS = frozenset({"name", "required"})


@dataclass(frozen=True, slots=True)
class Component:
    """A source, filter or output as it was configured.

    Attributes:
        type: The name of its module.
        options: Checked by its `Config`; a format's are a plain dict.
        place: Where its options stand, below the value that it was read from.
    """

    type: str
    options: Any
    place: Path = ()


@dataclass(frozen=True, slots=True)
class OutputSpec(Component):
    """An output, with what the pipeline itself wants to know of it."""

    name: str = ""
    required: bool = True


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition in Logstash's language, with our rules of comparing (see `logsluice.lang.conditions`)."""

    text: str
    holds: Callable[[Event], bool] = field(compare=False)


def _condition(value: object) -> Condition:
    from logsluice.lang.conditions import compile_condition

    if isinstance(value, dict) and value.keys() == {"logstash"} and isinstance(value["logstash"], str):
        return Condition(value["logstash"], compile_condition(value["logstash"], "logstash"))
    if not isinstance(value, str):
        raise ValueError("a condition is a text, such as '[elb_status_code] >= 500', or {logstash: text}")
    return Condition(value, compile_condition(value))


def _pattern(value: object) -> regex.Pattern[str]:
    if not isinstance(value, str):
        raise ValueError("must be a regular expression with named groups")
    try:
        pattern = regex.compile(value)
    except regex.error as error:
        raise ValueError(f"this regular expression can't be read: {error}") from None
    if not pattern.groupindex:
        raise ValueError("no group has a name, so no field would be made; write (?P<environment>[^/]+)")
    return pattern


def _options(kind: Kind, name: str, options: object, path: Path, name_path: Path) -> Any:
    try:
        config = find(kind, name).Config
    except UnknownComponent:
        raise refusals([(name_path, f"there is no {_NOUNS[kind]} {name!r}{near(name, names(kind))}")]) from None
    except ImportError as error:
        raise refusals([(name_path, f"{name!r} needs a package that is not installed: {error}")]) from None
    return validate(config, {} if options is None else options, path)


def _source(value: object) -> Component:
    if not isinstance(value, dict) or not isinstance(value.get("type"), str):
        raise ValueError("a source is a mapping with its type: {type: s3_sqs, ...}")
    options = {name: option for name, option in value.items() if name != "type"}
    return Component(value["type"], _options("sources", value["type"], options, (), ("type",)))


def _format(value: object) -> Component:
    named = {"type": value} if isinstance(value, str) else value
    if not isinstance(named, dict) or not isinstance(named.get("type"), str):
        raise ValueError("a format is a name (alb, auto), or a mapping with its type: {type: json, ...}")
    try:
        known = inspect.signature(find("formats", named["type"]).build).parameters
    except UnknownComponent as error:
        raise refusals([(("type",) if named is value else (), str(error))]) from None
    options = {name: option for name, option in named.items() if name != "type"}
    if not any(parameter.kind is parameter.VAR_KEYWORD for parameter in known.values()):
        wrong = [((name,), f"there is no option {name!r}{near(name, known)}") for name in options if name not in known]
        if wrong:
            raise refusals(wrong)
    return Component(named["type"], options)


def _policies(value: object) -> dict[str, Action]:
    if not isinstance(value, dict):
        raise ValueError("must be a mapping of policies to actions, such as {missing: discard}")
    wrong: list[tuple[Path, str]] = []
    for name, action in value.items():
        if name not in DEFAULTS:
            wrong.append(((name,), f"there is no policy {name!r}{near(str(name), DEFAULTS)}"))
        if action not in ACTIONS:
            wrong.append(((name,), f"must be one of {', '.join(ACTIONS)}{near(str(action), ACTIONS)}"))
    if wrong:
        raise refusals(wrong)
    return value


def _single(value: object, what: str, settings: frozenset[str] = frozenset()) -> tuple[str, object]:
    """The name and options of `{name: {options}}`, or of a bare `name`."""
    if isinstance(value, str):
        return value, None
    names = [name for name in value if name not in settings] if isinstance(value, dict) else []
    if not isinstance(value, dict) or len(names) != 1:
        raise ValueError(f"{what} is written as one name with its options: - name: {{option: value}}")
    return names[0], value[names[0]]


def _filter(value: object) -> Component | FilterBranch:
    if isinstance(value, dict) and "if" in value:
        return cast(FilterBranch, validate(FilterBranch, value))
    name, options = _single(value, "a filter")
    return Component(name, _options("filters", name, options, (name,), (name,)), (name,))


def _output(value: object) -> OutputSpec | OutputBranch:
    if isinstance(value, dict) and "if" in value:
        return cast(OutputBranch, validate(OutputBranch, value))
    name, options = _single(value, "an output", OUTPUT_SETTINGS)
    beside = {key: value[key] for key in OUTPUT_SETTINGS & value.keys()} if isinstance(value, dict) else {}
    settings = validate(OutputSettings, beside)
    checked = _options("sinks", name, options, (name,), (name,))
    required = not checked.is_alert if settings.required is None else settings.required
    return OutputSpec(name, checked, (name,), settings.name or name, required)


FilterNode: TypeAlias = Annotated["Component | FilterBranch", PlainValidator(_filter)]
OutputNode: TypeAlias = Annotated["OutputSpec | OutputBranch", PlainValidator(_output)]
FormatNode: TypeAlias = Annotated[Component, PlainValidator(_format)]
ConditionText: TypeAlias = Annotated[Condition, PlainValidator(_condition)]


class OutputSettings(Options):
    """What stands beside an output's name: the pipeline's own settings of it."""

    name: str = Field(default="", description="Its name, where two of one kind must be told apart.")
    required: bool | None = Field(
        default=None, description="Whether a delivery waits for it: true, but for what only tells people."
    )


class FilterBranch(Options):
    """`{if: condition, then: [...], else: [...]}` around filters."""

    condition: ConditionText = Field(alias="if")
    then: tuple[FilterNode, ...]
    otherwise: tuple[FilterNode, ...] = Field(default=(), alias="else")


class OutputBranch(Options):
    """`{if: condition, then: [...], else: [...]}` around outputs."""

    condition: ConditionText = Field(alias="if")
    then: tuple[OutputNode, ...]
    otherwise: tuple[OutputNode, ...] = Field(default=(), alias="else")


class LimitsModel(Options):
    """Bounds on one payload (see `logsluice.framing.limits.Limits`)."""

    record: Size = DEFAULT_LIMITS.record
    expansion: int = Field(default=DEFAULT_LIMITS.expansion, ge=1)

    def limits(self) -> Limits:
        """As framing wants them."""
        return replace(DEFAULT_LIMITS, record=self.record, expansion=self.expansion)


class PipelineModel(Options):
    """One pipeline: a source, a format, filters and outputs, and how it is run."""

    name: str = Field(
        default="main", pattern=r"^[A-Za-z0-9_.-]+$", description="In logs and metrics; unique in the file."
    )
    source: Annotated[Component, PlainValidator(_source)] = Field(description="Where deliveries come from.")
    format: FormatNode = Field(default=Component("auto", {}), description="`auto` finds it for each object.")
    key_fields: Annotated[regex.Pattern[str] | None, PlainValidator(_pattern)] = Field(
        default=None, description="A pattern over the object's key; its named groups become fields."
    )
    fields: dict[str, Any] = Field(default_factory=dict, description="Constant fields of every event.")
    defaults: dict[str, Any] = Field(default_factory=dict, description="Fields that events get where they lack them.")
    document_id: Literal["position", "content"] = Field(
        default="position", description="From bucket, key, ETag and place; or S3logsbeat's SHA-1 of the line."
    )
    origin: bool = Field(default=True, description="Whether events say which bytes they come from.")
    timestamps: Timestamps = Field(
        default="exact", description="How outputs write times: exact, `milliseconds`, or as Logstash."
    )
    filters: tuple[FilterNode, ...] = Field(default=(), description="Applied in order, named as in Logstash.")
    outputs: tuple[OutputNode, ...] = Field(min_length=1, description="Every event goes to each, or by conditions.")
    on: Annotated[dict[str, Action], PlainValidator(_policies)] = Field(
        default_factory=dict, description="What becomes of inputs that can't be used, by class of fault."
    )
    dead_letter: str = Field(
        default="dead-letter", min_length=1, description="Where rejects are kept: a folder or s3://bucket/prefix."
    )
    state: str = Field(
        default="state", min_length=1, description="Where sources keep positions: a folder or s3://bucket/prefix."
    )
    workers: int = Field(default=2, ge=1, le=64, description="Threads.")
    budget: Size = Field(default=DEFAULT_BUDGET, description="Bytes that its workers may hold in encoded events.")
    shutdown_timeout: Duration = Field(default=30.0, description="For what is in hand after SIGTERM.")
    limits: LimitsModel = Field(default=LimitsModel(), description="Bounds on one payload.")


class HttpModel(Options):
    """Where health and metrics are served."""

    host: str = Field(default="127.0.0.1", min_length=1, description="The address to listen on; 0.0.0.0 for any.")
    port: int = Field(default=8686, ge=0, le=65535, description="The port; 0 for any free one.")


class LogModel(Options):
    """The program's own log, on standard error."""

    format: Literal["auto", "json", "readable"] = Field(
        default="auto", description="`auto` is readable on a terminal and JSON elsewhere."
    )
    level: Literal["debug", "info", "warning", "error"] = Field(default="info", description="The least that is said.")


class ConfigModel(Options):
    """A whole configuration."""

    pipelines: tuple[PipelineModel, ...] = Field(min_length=1, description="What is run, side by side.")
    http: HttpModel | None = Field(default=None, description="Serve /health/live, /health/ready and /metrics.")
    log: LogModel = Field(default=LogModel(), description="The program's own log.")
    processes: int = Field(
        default=1, ge=1, le=64, description="Identical processes on the same queues, to use more than one core."
    )
