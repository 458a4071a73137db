"""Tells what program, system and device a `User-Agent` names (`pip install logsluice[ua]`).

Options:

- `source` (required): the field with the text; of a list the first.
- `target`: where the result goes. Default: the top of the event, with ECS `user_agent`. A target that is the source
  takes its place.
- `prefix`: put before the names of all fields; not with ECS.
- `regexes`: a `regexes.yaml` of the project uap-core. Default: the one that came with the package ua-parser.
- `lru_cache_size`: how many texts are remembered, default 100000; those of more than 1000 characters are not.
- `ecs_compatibility`: `disabled` (default), `v1`, `v8`.

Fields: `name version major minor patch os os_name os_version os_major os_minor os_patch os_full device`; with ECS
`[name] [version] [os][name] [os][version] [os][full] [device][name]`, and the parts of both versions below
`[@metadata][filter][user_agent]`. What is not known is left out; a name or a device that is not known is `Other`.

Example, in YAML::

    - useragent: {source: user_agent, target: ua}
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from sys import intern
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic import Field, model_validator

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters._common import CommonOptions, EachEvent, within
from logsluice.filters._options import FieldRef, Text
from logsluice.lang.as_json import scrubbed_text
from logsluice.lang.references import Reference
from logsluice.model import Event, Filter

if TYPE_CHECKING:
    from ua_parser import Parser
    from ua_parser.core import OS, UserAgent

_LONGEST = 10_000
"""Characters of a text that are looked at: expressions take their time, and nobody's browser says more."""
_LONGEST_REMEMBERED = 1000
"""Characters of a text that is remembered: anyone can send many long ones."""


class Config(CommonOptions):
    """See this module's docstring."""

    source: FieldRef
    target: FieldRef | None = None
    prefix: Text = ""
    regexes: Text | None = None
    lru_cache_size: Annotated[int, Field(gt=0)] = 100_000
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"

    @model_validator(mode="after")
    def _no_prefix_with_ecs(self) -> Config:
        if self.prefix and self.ecs:
            raise ValueError("a prefix can't be had with ECS")
        return self

    @property
    def ecs(self) -> bool:
        """Whether fields are named by the Elastic Common Schema."""
        return self.ecs_compatibility != "disabled"


class UserAgents(EachEvent):
    """The filter."""

    def __init__(self, config: Config, parser: Parser) -> None:
        super().__init__(config)
        self._source = Reference(config.source)
        self._parser = parser
        target = config.target or ("user_agent" if config.ecs else None)
        self._replaces = config.target is not None and Reference(config.target) == self._source
        names = _ECS if config.ecs else {name: config.prefix + name for name in _NAMES}
        self._fields = {
            name: Reference(field if field.startswith("[@metadata]") else within(target, field))
            for name, field in names.items()
        }
        self._remembered = lru_cache(maxsize=config.lru_cache_size)(self._look_up)

    def change(self, event: Event) -> bool:
        """Write what is known; an empty or missing text changes nothing."""
        value = self._source.get(event)
        if isinstance(value, list):
            value = value[0] if value else None
        if not isinstance(value, str) or not value:
            return False
        if self._replaces:
            self._source.delete(event)
        known = self._remembered(value) if len(value) <= _LONGEST_REMEMBERED else self._look_up(value[:_LONGEST])
        for field, found in known:
            field.set(event, found)
        return True

    def _look_up(self, text: str) -> tuple[tuple[Reference, str], ...]:
        found = self._parser.parse(scrubbed_text(text)).with_defaults()
        known = _known(found.user_agent, found.os, found.device.family)
        return tuple((field, intern(known[name])) for name, field in self._fields.items() if name in known)


_NAMES = (
    "name", "version", "major", "minor", "patch",
    "os", "os_name", "os_version", "os_major", "os_minor", "os_patch", "os_full", "device",
)  # fmt: skip
_ECS = {
    "name": "name",
    "version": "version",
    "os_name": "[os][name]",
    "os_version": "[os][version]",
    "os_full": "[os][full]",
    "device": "[device][name]",
    "major": "[@metadata][filter][user_agent][version][major]",
    "minor": "[@metadata][filter][user_agent][version][minor]",
    "patch": "[@metadata][filter][user_agent][version][patch]",
    "os_major": "[@metadata][filter][user_agent][os][version][major]",
    "os_minor": "[@metadata][filter][user_agent][os][version][minor]",
    "os_patch": "[@metadata][filter][user_agent][os][version][patch]",
}


def _known(agent: UserAgent, system: OS, device: str) -> dict[str, str]:
    """What was found, by Logstash's older names."""
    version, os_version = _version(agent), _version(system)
    fields = {
        "name": agent.family,
        "version": version,
        "major": agent.major,
        "minor": agent.minor,
        "patch": agent.patch,
        "os": system.family,
        "os_name": system.family,
        "os_version": os_version,
        "os_major": system.major,
        "os_minor": system.minor,
        "os_patch": system.patch,
        "os_full": f"{system.family} {os_version}" if os_version else system.family,
        "device": device,
    }
    return {name: value for name, value in fields.items() if value}


def _version(found: UserAgent | OS) -> str:
    parts = []
    for part in (found.major, found.minor, found.patch, found.patch_minor):
        if not part:
            break
        parts.append(part)
    return ".".join(parts)


def build(config: Config, context: Context) -> Filter:
    """The filter of a configuration.

    Raises:
        UsageError: The file of expressions can't be read.
        ImportError: The package ua-parser is not installed.
    """
    return UserAgents(config, _parser(context.base / config.regexes if config.regexes else None))


@lru_cache(maxsize=8)
def _parser(regexes: Path | None) -> Parser:
    """The compiled expressions, which several filters share: some megabytes."""
    from ua_parser import Parser, loaders
    from ua_parser.regex import Resolver

    if regexes is None:
        return Parser(Resolver(loaders.load_builtins()))
    from ruamel.yaml import YAML
    from ruamel.yaml.error import YAMLError

    try:
        data: Mapping[str, Any] = YAML(typ="safe").load(regexes.read_text("utf-8"))
        groups = [data.get(name) or [] for name in ("user_agent_parsers", "os_parsers", "device_parsers")]
        return Parser(Resolver(loaders.load_data((groups[0], groups[1], groups[2]))))
    except (OSError, ValueError, LookupError, TypeError, AttributeError, YAMLError, re.error) as error:
        raise UsageError(f"useragent: {regexes} is no regexes.yaml: {error}") from error
