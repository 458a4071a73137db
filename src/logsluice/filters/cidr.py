"""Tells whether an address lies in one of several networks: then the event gets the common options.

Options:

- `address`: addresses, with `%{…}`: `["%{client_ip}"]`; or `address_field`: the field with an address or a list of
  them.
- `network`: networks such as `10.0.0.0/8` or `2001:db8::/32`, also several in one text with commas, also `%{field}`.
- `network_path`: a file of networks instead, separated by `separator` (default: a line feed). It is looked at again
  every `refresh_interval` seconds (default 600) and read when it has changed.

It is enough that one address lies in one network. What is no address or no network counts as not found.

Example, in YAML::

    - cidr:
        address: "%{[source][ip]}"
        network: [10.0.0.0/8, 172.16.0.0/12, 192.168.0.0/16]
        add_tag: internal
"""

from __future__ import annotations

import ipaddress
import re
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any, TypeAlias

from pydantic import Field, model_validator

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRef, Text, Texts
from logsluice.lang.references import Reference
from logsluice.lang.templates import template
from logsluice.model import Event, Filter

Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Contains: TypeAlias = Callable[[str], bool]

_COMMA = re.compile(r"\s*,\s*")
_REMEMBERED = 4096


class Config(CommonOptions):
    """See this module's docstring."""

    address: Texts = ()
    address_field: FieldRef | None = None
    network: Texts = ()
    network_path: Text | None = None
    refresh_interval: float = Field(default=600, ge=0)
    separator: Text = "\n"

    @model_validator(mode="after")
    def _one_of_each(self) -> Config:
        if self.address and self.address_field is not None:
            raise ValueError("cidr takes either `address` or `address_field`")
        if self.network and self.network_path is not None:
            raise ValueError("cidr takes either `network` or `network_path`")
        return self


class Networks:
    """Some networks, and what was found out about addresses."""

    def __init__(self, texts: Iterable[str]) -> None:
        self._networks = [network for text in texts if (network := _network(text)) is not None]
        self.contain: Contains = lru_cache(maxsize=_REMEMBERED)(self._contain)

    def _contain(self, text: str) -> bool:
        try:
            address = ipaddress.ip_address(text.strip())
        except ValueError:
            return False
        return any(address in network for network in self._networks)


class FromFile:
    """The networks of a file, read again when it has changed."""

    def __init__(self, path: Path, separator: str, interval: float) -> None:
        self._path, self._separator, self._interval = path, separator, interval
        self._lock = threading.Lock()
        self._look_again = 0.0
        self._stamp: tuple[int, int] | None = None
        self._networks = Networks(())
        try:
            self._refresh()
        except OSError as error:
            raise UsageError(f"cidr: can't read {path}: {error.strerror}") from error

    def of(self, _: Event) -> Networks:
        """As of at most the interval ago; a file that can't be read now leaves the last ones."""
        if time.monotonic() >= self._look_again and self._lock.acquire(blocking=False):
            try:
                self._refresh()
            except OSError:
                self._look_again = time.monotonic() + self._interval
            finally:
                self._lock.release()
        return self._networks

    def _refresh(self) -> None:
        about = self._path.stat()
        if (stamp := (about.st_mtime_ns, about.st_size)) != self._stamp:
            text = self._path.read_text("utf-8", "replace")
            self._networks, self._stamp = Networks(text.split(self._separator)), stamp
        self._look_again = time.monotonic() + self._interval


class Cidr(EachEvent):
    """The filter."""

    def __init__(self, config: Config, networks: Callable[[Event], Networks]) -> None:
        super().__init__(config)
        self._addresses = [template(text) for text in config.address]
        self._field = None if config.address_field is None else Reference(config.address_field)
        self._networks = networks

    def change(self, event: Event) -> bool:
        """Whether an address lies in a network."""
        contain = self._networks(event).contain
        return any(contain(address) for address in self._texts(event))

    def _texts(self, event: Event) -> Sequence[str]:
        if self._field is None:
            return [each.render(event) for each in self._addresses]
        value: Any = self._field.get(event)
        return [one for one in (value if isinstance(value, list) else [value]) if isinstance(one, str)]


def build(config: Config, context: Context) -> Filter:
    """The filter of a configuration. Raises UsageError when the file of networks can't be read."""
    if config.network_path is not None:
        path = context.base / config.network_path
        return Cidr(config, FromFile(path, config.separator, config.refresh_interval).of)
    texts = [template(text) for text in config.network]
    if all(text.is_constant for text in texts):
        constant = _listed(tuple(text.text for text in texts))
        return Cidr(config, lambda _: constant)
    return Cidr(config, lambda event: _listed(tuple(text.render(event) for text in texts)))


@lru_cache(maxsize=256)
def _listed(texts: tuple[str, ...]) -> Networks:
    return Networks(part for text in texts for part in _COMMA.split(text))


def _network(text: str) -> Network | None:
    try:
        return ipaddress.ip_network(text.strip(), strict=False)
    except ValueError:
        return None
