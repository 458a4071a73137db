"""What Logstash's settings mean here, wherever they are given: `logstash.yml`, `pipelines.yml`, flags, the environment.

Facts: Logstash Reference, "logstash.yml", "Multiple Pipelines", "Configuring Logstash for Docker".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from logsluice.components import near
from logsluice.config.document import Document, Mark

_UNBUFFERED = "batches are sized by bytes here"
_UNQUEUED = "there is no queue in between; what was sent is settled at once"
_NO_RELOAD = "the configuration is read once, at the start"
_API = "health and metrics have neither users nor TLS here; keep the port on a private address"
_NO_MONITORING = "there is no monitoring of Elastic's here; metrics are at /metrics"

WITHOUT_EFFECT = {
    "allow_superuser": "any user may run this program",
    "api.auth.basic.password": _API,
    "api.auth.basic.username": _API,
    "api.auth.type": _API,
    "api.environment": "health and metrics don't show it",
    "api.ssl.enabled": _API,
    "api.ssl.keystore.password": _API,
    "api.ssl.keystore.path": _API,
    "cloud.auth": "give the output its own cloud_id or hosts",
    "cloud.id": "give the output its own cloud_id or hosts",
    "config.debug": "`logsluice convert` shows what a configuration means",
    "config.field_reference.escape_style": "field references have no escapes here",
    "config.reload.automatic": _NO_RELOAD,
    "config.reload.interval": _NO_RELOAD,
    "dead_letter_queue.flush_interval": "dead letters are written at once",
    "dead_letter_queue.max_bytes": "dead letters are kept until somebody removes them",
    "dead_letter_queue.retain.age": "dead letters are kept until somebody removes them",
    "dead_letter_queue.storage_policy": "dead letters are kept until somebody removes them",
    "event_api.tags.illegal": "tags that are no texts are always renamed",
    "interactive": "there is no shell",
    "log.format.json.fix_duplicate_message_fields": "the log has no repeated fields",
    "metric.collect": "metrics are always there",
    "modules": "there are no modules; write the pipeline out",
    "node.name": "metrics get their names from whoever collects them",
    "path.logs": "the log goes to standard error",
    "path.plugins": "plugins are Python packages here: see examples/plugin",
    "pipeline.batch.delay": _UNBUFFERED,
    "pipeline.batch.metrics.sampling_mode": _UNBUFFERED,
    "pipeline.batch.size": _UNBUFFERED,
    "pipeline.buffer.type": _UNBUFFERED,
    "pipeline.plugin_classloaders": "there is no Java here",
    "pipeline.reloadable": _NO_RELOAD,
    "pipeline.separate_logs": "every line of the log names its pipeline",
    "pipeline.system": _NO_MONITORING,
    "pipeline.unsafe_shutdown": "stopping takes 30 seconds at most, and loses nothing",
    "queue.checkpoint.acks": _UNQUEUED,
    "queue.checkpoint.interval": _UNQUEUED,
    "queue.checkpoint.writes": _UNQUEUED,
    "queue.drain": _UNQUEUED,
    "queue.max_bytes": _UNQUEUED,
    "queue.max_events": _UNQUEUED,
    "queue.page_capacity": _UNQUEUED,
    "queue.type": _UNQUEUED,
    "path.queue": _UNQUEUED,
}
"""Settings that are accepted, and why they change nothing; said once, by name."""

FOREIGN = ("xpack.", "monitoring.", "slowlog.", "keystore.", "var.", "arcsight.", "netflow.")
"""How settings begin that belong to what is not here at all."""

PER_PIPELINE = frozenset(
    {
        "config.debug", "config.reload.automatic", "config.reload.interval", "config.string", "config.support_escapes",
        "dead_letter_queue.enable", "dead_letter_queue.flush_interval", "dead_letter_queue.max_bytes",
        "dead_letter_queue.retain.age", "dead_letter_queue.storage_policy", "metric.collect", "path.config",
        "path.dead_letter_queue", "path.queue", "pipeline.batch.delay", "pipeline.batch.size",
        "pipeline.ecs_compatibility", "pipeline.id", "pipeline.ordered", "pipeline.plugin_classloaders",
        "pipeline.reloadable", "pipeline.separate_logs", "pipeline.system", "pipeline.unsafe_shutdown",
        "pipeline.workers", "queue.checkpoint.acks", "queue.checkpoint.interval", "queue.checkpoint.writes",
        "queue.drain", "queue.max_bytes", "queue.max_events", "queue.page_capacity", "queue.type",
    }
)  # fmt: skip
"""What `pipelines.yml` may say of a pipeline."""

RENAMED = {"http.host": "api.http.host", "http.port": "api.http.port", "http.enabled": "api.enabled"}
"""Names of Logstash 7."""

LEVELS = {"fatal": "error", "error": "error", "warn": "warning", "info": "info", "debug": "debug", "trace": "debug"}
ECS = ("disabled", "v1", "v8")


class InvalidSetting(ValueError):
    """A value that a setting can't have."""


def _text(value: Any) -> str:
    if isinstance(value, bool | dict | list):
        raise InvalidSetting("must be a text")
    return str(value)


def _paths(value: Any) -> tuple[str, ...]:
    values = value if isinstance(value, list) else [value]
    return tuple(path for each in values for path in _text(each).split(",") if path)


def _number(value: Any) -> int:
    try:
        if isinstance(value, bool | float):
            raise ValueError
        return int(value)
    except (TypeError, ValueError):
        raise InvalidSetting("must be a whole number") from None


def _flag(value: Any) -> bool:
    found = {"true": True, "false": False}.get(str(value).lower())
    if found is None:
        raise InvalidSetting("must be true or false")
    return found


def _port(value: Any) -> int:
    """A port, or the first one of a range such as 9600-9700."""
    return _number(str(value).partition("-")[0])


def _one_of(*known: str) -> Callable[[Any], str]:
    def read(value: Any) -> str:
        text = str(value).lower()
        if text not in known:
            raise InvalidSetting(f"must be one of {', '.join(known)}{near(text, known)}")
        return text

    return read


MEANT: dict[str, Callable[[Any], Any]] = {
    "api.enabled": _flag,
    "api.http.host": _text,
    "api.http.port": _port,
    "config.string": _text,
    "config.support_escapes": _flag,
    "config.test_and_exit": _flag,
    "dead_letter_queue.enable": _flag,
    "log.format": _one_of("plain", "json"),
    "log.level": _one_of(*LEVELS),
    "path.config": _paths,
    "path.data": _text,
    "path.dead_letter_queue": _text,
    "pipeline.ecs_compatibility": _one_of(*ECS),
    "pipeline.id": _text,
    "pipeline.ordered": _one_of("auto", "true", "false"),
    "pipeline.workers": _number,
}
"""Settings that mean something here, each with how its value is read."""


@dataclass(frozen=True, slots=True)
class Given:
    """A value, and where it was given."""

    value: Any
    mark: Mark


@dataclass
class Settings:
    """Settings from one or several places.

    Attributes:
        given: By name; only those that mean something here.
    """

    given: dict[str, Given] = field(default_factory=dict)

    def take(self, name: str, value: Any, mark: Mark, document: Document, *, of_pipeline: bool = False) -> None:
        """Take one more, over what was given before; what is wrong with it goes to the document."""
        name = RENAMED.get(name, name)
        path = (f"setting {name} of {mark}",)
        document.marks[path], document.names[path] = mark, name
        known = PER_PIPELINE if of_pipeline else MEANT.keys() | WITHOUT_EFFECT.keys()
        if name not in known:
            if of_pipeline and (name in MEANT or name in WITHOUT_EFFECT):
                reason = "it belongs into logstash.yml, and has no effect here"
            elif name.startswith(FOREIGN):
                reason = _NO_MONITORING if name.startswith(("xpack.", "monitoring.")) else "it has no meaning here"
            else:
                reason = f"there is no such setting{near(name, known)}"
            document.warn_once(path, reason)
        elif name in WITHOUT_EFFECT:
            document.warn_once(path, f"no effect: {WITHOUT_EFFECT[name]}")
        elif value is not None:
            try:
                self.given[name] = Given(MEANT[name](value), mark)
            except InvalidSetting as error:
                document.problems.append(document.problem(path, str(error)))

    def over(self, other: Settings) -> Settings:
        """These where they are given, else the others."""
        return Settings({**other.given, **self.given})

    def get(self, name: str, default: Any = None) -> Any:
        """The value of a setting."""
        found = self.given.get(name)
        return default if found is None else found.value

    def of_pipeline(self) -> Iterator[tuple[str, Any, str]]:
        """Native options of a pipeline: (option, value, the setting that it comes from)."""
        if self.get("pipeline.ordered") == "true":
            yield "workers", 1, "pipeline.ordered"
        elif "pipeline.workers" in self.given:
            yield "workers", self.get("pipeline.workers"), "pipeline.workers"
        if "path.data" in self.given:
            yield "state", self.get("path.data"), "path.data"
        if "path.dead_letter_queue" in self.given:
            yield "dead_letter", self.get("path.dead_letter_queue"), "path.dead_letter_queue"
        elif "path.data" in self.given:
            yield "dead_letter", f"{self.get('path.data').rstrip('/')}/dead_letter_queue", "path.data"

    def of_process(self) -> Mapping[str, Any]:
        """Native options beside the pipelines: `http` and `log`."""
        options: dict[str, Any] = {}
        asked = any(name.startswith("api.http.") for name in self.given)
        if self.get("api.enabled", asked):
            options["http"] = {"host": self.get("api.http.host", "127.0.0.1"), "port": self.get("api.http.port", 9600)}
        log = {}
        if "log.level" in self.given:
            log["level"] = LEVELS[self.get("log.level")]
        if "log.format" in self.given:
            log["format"] = "json" if self.get("log.format") == "json" else "readable"
        return {**options, **({"log": log} if log else {})}


def from_environment(environ: Mapping[str, str], document: Document) -> Settings:
    """Settings as Logstash's container takes them from its environment: `PIPELINE_WORKERS` is `pipeline.workers`."""
    settings = Settings()
    for name in MEANT:
        variable = name.upper().replace(".", "_")
        value = environ.get(name, environ.get(variable))
        if value is not None:
            settings.take(name, value, Mark(f"environment variable {variable}"), document)
    return settings
