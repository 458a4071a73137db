"""Writes a fingerprint of fields: for ids, for anonymous addresses, to find what is the same.

Options:

- `source`: the fields, default `message`. Of several the last that is there wins, unless they are concatenated.
- `target`: default `fingerprint`, or `[event][hash]` with ECS.
- `method`: `SHA1` (default), `SHA256`, `SHA384`, `SHA512`, `MD5`; `MURMUR3` (32 bits, a number: too few for ids),
  `MURMUR3_128`; `IPV4_NETWORK`: the network of an address, of as many bits as `key` says; `PUNCTUATION`: only the
  punctuation of a text; `UUID`: as the filter `uuid`.
- `key`: makes of the SHAs and MD5 an HMAC with this key.
- `base64encode`: base64 instead of hexadecimal digits; default false.
- `concatenate_sources`: one fingerprint of all sources with their names; `concatenate_all_fields`: of the whole event.
- `ecs_compatibility`: `disabled` (default), `v1`, `v8`.

A list gives a list of fingerprints. What has none, such as a text that is no address for `IPV4_NETWORK`, tags the
event `_fingerprint_failure`.

Example, in YAML::

    - fingerprint: {source: [client_ip, time], concatenate_sources: true, method: SHA256, target: "[@metadata][digest]"}
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Callable
from typing import Any, Literal, TypeAlias

import regex
from pydantic import model_validator

from logsluice.components import Context
from logsluice.filters import uuid
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRef, FieldRefs, Text
from logsluice.filters.fingerprint._murmur import murmur3_32, murmur3_128
from logsluice.lang.references import METADATA, MISSING, Reference
from logsluice.lang.ruby_text import inspect
from logsluice.lang.text import ruby_text
from logsluice.model import Event, Filter

Method: TypeAlias = Literal[
    "SHA1", "SHA256", "SHA384", "SHA512", "MD5", "MURMUR3", "MURMUR3_128", "IPV4_NETWORK", "UUID", "PUNCTUATION"
]
Fingerprint: TypeAlias = Callable[[Any], Any]
"""From a value that is no list to its fingerprint. Raises ValueError."""

_NO_PUNCTUATION = regex.compile(r"[^\p{P}\p{S}]+")
_SEED_128 = 2
"""Logstash's choice."""


class Config(CommonOptions):
    """See this module's docstring."""

    source: FieldRefs = ("message",)
    target: FieldRef | None = None
    method: Method = "SHA1"
    key: Text | None = None
    base64encode: bool = False
    concatenate_sources: bool = False
    concatenate_all_fields: bool = False
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"

    @model_validator(mode="after")
    def _has_prefix_length(self) -> Config:
        if self.method == "IPV4_NETWORK" and not (self.key or "").isdecimal():
            raise ValueError("IPV4_NETWORK needs the length of the network's prefix as `key`, such as 24")
        return self

    @property
    def target_field(self) -> str:
        """The target, or its default."""
        return self.target or ("fingerprint" if self.ecs_compatibility == "disabled" else "[event][hash]")


class Fingerprints(EachEvent):
    """The filter."""

    def __init__(self, config: Config) -> None:
        super().__init__(config, error_tags=("_fingerprint_failure",))
        self._target = Reference(config.target_field)
        self._sources = [Reference(source) for source in config.source]
        self._fingerprint = _fingerprint(config)
        self._work = self._each
        if config.method == "PUNCTUATION" or config.concatenate_sources:
            self._sources.sort(key=lambda source: source.text)
        if config.method != "PUNCTUATION":
            if config.concatenate_all_fields:
                self._work = self._all_fields
            elif config.concatenate_sources:
                self._work = self._concatenated

    def change(self, event: Event) -> bool:
        """Write the fingerprint."""
        self._work(event)
        return True

    def _each(self, event: Event) -> None:
        for source in self._sources:
            value = source.find(event)
            if value is MISSING:
                continue
            if isinstance(value, list):
                self._target.set(event, [self._fingerprint(_sorted(one)) for one in value])
            else:
                self._target.set(event, self._fingerprint(_sorted(value)))

    def _concatenated(self, event: Event) -> None:
        parts = [f"|{source.text}|{_text(_sorted(source.get(event)))}" for source in self._sources]
        self._target.set(event, self._fingerprint("".join(parts) + "|"))

    def _all_fields(self, event: Event) -> None:
        names = sorted(name for name in event if name != METADATA)
        parts = [f"|{name}|{_text(_sorted(event[name]))}" for name in names]
        self._target.set(event, self._fingerprint("".join(parts) + "|"))


def build(config: Config, context: Context) -> Filter:
    """The filter of a configuration."""
    if config.method == "UUID":
        common = {name: getattr(config, name) for name in CommonOptions.model_fields}
        return uuid.build(uuid.Config(target=config.target_field, overwrite=True, **common), context)
    return Fingerprints(config)


def _fingerprint(config: Config) -> Fingerprint:
    """The function of a method."""
    if config.method == "MURMUR3":
        return lambda value: murmur3_32(_number(value, 8) if _is_number(value) else _bytes(value))
    if config.method == "IPV4_NETWORK":
        return _network(int(config.key or 0))
    if config.method == "PUNCTUATION":
        return lambda value: _NO_PUNCTUATION.sub("", _text(value))
    digest = _murmur3_128 if config.method == "MURMUR3_128" else _digest(config.method.lower(), config.key)
    if config.base64encode:
        return lambda value: base64.b64encode(digest(value)).decode()
    return lambda value: digest(value).hex()


def _digest(name: str, key: str | None) -> Callable[[Any], bytes]:
    if key is not None:
        secret = key.encode()
        return lambda value: hmac.digest(secret, _bytes(value), name)
    new = getattr(hashlib, name)
    return lambda value: bytes(new(_bytes(value), usedforsecurity=False).digest())


def _murmur3_128(value: Any) -> bytes:
    data = _number(value, 4 if value.bit_length() < 32 else 8) if _is_number(value) else _bytes(value)
    return b"".join(half.to_bytes(8, "little") for half in murmur3_128(data, _SEED_128))


def _network(prefix: int) -> Fingerprint:
    def fingerprint(value: Any) -> str:
        address = ipaddress.ip_address(_text(value).strip())
        return str(ipaddress.ip_network((address, prefix), strict=False).network_address)

    return fingerprint


def _is_number(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**64


def _number(value: int, size: int) -> bytes:
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def _bytes(value: Any) -> bytes:
    return _text(value).encode("utf-8", "surrogatepass")


def _text(value: Any) -> str:
    return value if isinstance(value, str) else inspect(value) if isinstance(value, list | dict) else ruby_text(value)


def _sorted(value: Any) -> Any:
    """Objects with their fields by name, at every depth."""
    if isinstance(value, dict):
        return {key: _sorted(value[key]) for key in sorted(value)}
    return [_sorted(inner) for inner in value] if isinstance(value, list) else value
