"""Adds where an IP address is, from a database in MaxMind's format (`pip install logsluice[geo]`).

Options:

- `source` (required): the field with the address; of a list the first.
- `target`: where the result goes, default `geoip`. With ECS it defaults to the parent of a source like `[client][ip]`.
- `database`: the path of an `.mmdb` file. Without it `GeoLite2-City.mmdb` (or `-ASN`) is looked for where
  `geoipupdate` puts it: the folder in `GEOIPUPDATE_DB_DIR`, else `/usr/share/GeoIP`, `/var/lib/GeoIP`. MaxMind's
  databases (City, Country, ASN …) and the flat ones made from DB-IP's data are understood.
- `default_database_type`: `City` or `ASN`: which of them to look for.
- `fields`: which fields to write. Default: all that its kind of database holds, but for names
  that say the same twice. `ip city_name continent_code continent_name country_code2 country_code3 country_name
  dma_code latitude longitude location postal_code region_code region_name region_iso_code timezone asn as_org isp
  organization domain`.
- `cache_size`: how many addresses are remembered, default 1000.
- `ecs_compatibility`: `disabled` (`[geoip][country_code2]`) or `v1`, `v8` (`[target][geo][country_iso_code]`).
- `tag_on_failure`: default `_geoip_lookup_failure`.
- `semantics`: what happens where there is no address. `native`: a source that is missing or holds no address
  (`cloudformation.amazonaws.com`, `-`) is left alone, and so is a private address that the database does not know;
  other addresses that are not found get the tag. `logstash`: all of them get the tag, and but for missing and empty
  sources an empty target.

Example, in YAML::

    - geoip: {source: client_ip, target: client_geo, database: /var/lib/GeoIP/GeoLite2-City.mmdb}
"""

from __future__ import annotations

import enum
import ipaddress
import os
import re
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal, TypeAlias

from pydantic import Field, model_validator

from logsluice.components import Context, near
from logsluice.errors import UsageError
from logsluice.filters import _mmdb
from logsluice.filters._common import CommonOptions, EachEvent
from logsluice.filters._options import FieldRef, Texts
from logsluice.filters._tags import add_failure_tags
from logsluice.lang.references import CannotSet, Reference
from logsluice.model import Event, Filter

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address

FOLDERS = (Path("/usr/share/GeoIP"), Path("/var/lib/GeoIP"))
"""Where geoipupdate and the distributions' packages put databases."""

_INNER_IP = re.compile(r"\[.+\]\[ip\]")
_DOTTED = re.compile(r"[0-9]{1,3}(?:\.[0-9]{1,3}){3}")


class Config(CommonOptions):
    """See this module's docstring."""

    source: FieldRef
    target: FieldRef | None = None
    database: str | None = None
    default_database_type: Literal["City", "ASN"] = "City"
    fields: Texts = ()
    cache_size: int = Field(default=1000, ge=0)
    ecs_compatibility: Literal["disabled", "v1", "v8"] = "disabled"
    tag_on_failure: Texts = ("_geoip_lookup_failure",)
    semantics: Literal["native", "logstash"] = "native"

    @model_validator(mode="after")
    def _is_complete(self) -> Config:
        for name in self.fields:
            if name.lower() not in _mmdb.FIELDS:
                raise ValueError(f"geoip has no field {name!r}{near(name.lower(), _mmdb.FIELDS)}")
        if self.target is None and self.ecs and not _INNER_IP.fullmatch(self.source):
            raise ValueError("with ECS, geoip needs a target unless its source ends in [ip], such as [client][ip]")
        return self

    @property
    def ecs(self) -> bool:
        """Whether fields are named by the Elastic Common Schema."""
        return self.ecs_compatibility != "disabled"

    @property
    def target_field(self) -> str:
        """The target, or its default."""
        if self.target is not None:
            return self.target
        return self.source.removesuffix("[ip]") if self.ecs else "geoip"


class Miss(enum.Enum):
    """Why nothing is known of a text."""

    NO_ADDRESS = enum.auto()
    PRIVATE = enum.auto()
    NOT_FOUND = enum.auto()


class GeoIp(EachEvent):
    """The filter. Opens its database at once, so that a wrong path is known before the first event."""

    def __init__(self, config: Config, database: Path) -> None:
        super().__init__(config, error_tags=config.tag_on_failure)
        self._source = Reference(config.source)
        self._target = Reference(config.target_field)
        self._failure_tags = config.tag_on_failure
        self._tags_all = config.semantics == "logstash"
        self._reader = _mmdb.open_database(database)
        kind = self._reader.metadata().database_type
        fields = [name.lower() for name in config.fields] or _mmdb.default_fields(kind, config.ecs)
        self._paths = {name: _mmdb.FIELDS[name] if config.ecs else (name,) for name in fields}
        self._find = lru_cache(maxsize=config.cache_size)(self._look_up)

    def change(self, event: Event) -> bool:
        """Look the address up and write what is known."""
        value = self._source.get(event)
        if isinstance(value, list):
            value = value[0] if value else None
        found = self._find(value) if isinstance(value, str) else Miss.NO_ADDRESS
        if isinstance(found, Miss):
            self._missed(event, found, is_empty=value in (None, ""))
            return False
        there = self._target.get(event)
        if there is None:
            there = {}
            self._target.set(event, there)
        _merge(there, found)
        return True

    def _missed(self, event: Event, miss: Miss, is_empty: bool) -> None:
        if self._tags_all:
            if not is_empty and self._target.get(event) is None:
                self._target.set(event, {})
            add_failure_tags(event, self._failure_tags)
        elif miss is Miss.NOT_FOUND:
            add_failure_tags(event, self._failure_tags)

    def _look_up(self, text: str) -> Mapping[str, Any] | Miss:
        address = parse_address(text)
        if address is None:
            return Miss.NO_ADDRESS
        record = self._reader.get(address)
        known = _mmdb.fields_of(record) if isinstance(record, dict) else {}
        if not known:
            return Miss.NOT_FOUND if address.is_global else Miss.PRIVATE
        known["ip"] = java_text(address)
        result: dict[str, Any] = {}
        for name, path in self._paths.items():
            if name in known:
                _put(result, path, known[name])
        return result or Miss.NOT_FOUND


def build(config: Config, context: Context) -> Filter:
    """The filter of a configuration. Raises UsageError when the database can't be opened."""
    if config.database is not None:
        return GeoIp(config, context.base / config.database)
    kind = config.default_database_type
    folders = [Path(os.environ["GEOIPUPDATE_DB_DIR"])] if "GEOIPUPDATE_DB_DIR" in os.environ else FOLDERS
    for folder in folders:
        for maker in ("GeoLite2", "GeoIP2"):
            path = folder / f"{maker}-{kind}.mmdb"
            if path.is_file():
                return GeoIp(config, path)
    looked = " or ".join(map(str, folders))
    raise UsageError(
        f"geoip: there is no GeoLite2-{kind}.mmdb in {looked}",
        "run geoipupdate, or name a file with `database`",
    )


def parse_address(text: str) -> Address | None:
    """An IPv4 or IPv6 address, or None. Leading zeros are decimal, IPv4 within IPv6 is IPv4: as Java reads them."""
    if _DOTTED.fullmatch(text):
        text = ".".join(str(int(part)) for part in text.split("."))
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return None
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        return address.ipv4_mapped
    return address


def java_text(address: Address) -> str:
    """As Logstash writes an address: IPv6 in full, but without leading zeros: `2001:218:0:0:0:0:0:1`."""
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    return ":".join(f"{int(group, 16):x}" for group in address.exploded.split(":"))


def _put(result: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        result = result.setdefault(key, {})
    result[path[-1]] = value


def _merge(there: Any, found: Mapping[str, Any]) -> None:
    """Write the remembered result into an event, sharing no part of it."""
    if not isinstance(there, dict):
        raise CannotSet(f"geoip: the target holds {there!r}, where an object is needed")
    for key, value in found.items():
        if isinstance(value, dict):
            _merge(there.setdefault(key, {}), value)
        else:
            there[key] = value
