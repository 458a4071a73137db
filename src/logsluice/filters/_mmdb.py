"""Databases in MaxMind's format (MaxMind DB File Format Specification 2.0), whoever made them.

MaxMind nests (`city.names.en`); the databases made from DB-IP's and others' open data are flat (`city`). Both become
one set of fields here, named as Logstash's `geoip` names them.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeAlias

from logsluice.errors import UsageError

Record: TypeAlias = Mapping[str, Any]

FIELDS: Mapping[str, tuple[str, ...]] = {
    "ip": ("ip",),
    "asn": ("as", "number"),
    "as_org": ("as", "organization", "name"),
    "city_name": ("geo", "city_name"),
    "continent_code": ("geo", "continent_code"),
    "continent_name": ("geo", "continent_name"),
    "country_code2": ("geo", "country_iso_code"),
    "country_code3": ("geo", "country_code3"),
    "country_name": ("geo", "country_name"),
    "dma_code": ("mmdb", "dma_code"),
    "domain": ("domain",),
    "isp": ("mmdb", "isp"),
    "latitude": ("geo", "latitude"),
    "location": ("geo", "location"),
    "longitude": ("geo", "longitude"),
    "organization": ("mmdb", "organization"),
    "postal_code": ("geo", "postal_code"),
    "region_code": ("geo", "region_code"),
    "region_iso_code": ("geo", "region_iso_code"),
    "region_name": ("geo", "region_name"),
    "timezone": ("geo", "timezone"),
}
"""Every field, and its path under the Elastic Common Schema."""

_PLACE = (
    *("ip", "city_name", "continent_code", "country_code2", "country_name", "postal_code", "dma_code", "region_name"),
    *("timezone", "location"),
)
_DEFAULTS = {  # by a part of the database's type: plain fields, fields under ECS
    "asn": (("ip", "asn", "as_org"), ("ip", "asn", "as_org")),
    "country": (("ip", "country_code2", "country_name", "continent_name"),) * 2,
    "isp": (("ip", "asn", "as_org", "isp", "organization"),) * 2,
    "domain": (("ip", "domain"),) * 2,
    "": ((*_PLACE, "country_code3", "region_code", "latitude", "longitude"), (*_PLACE, "region_iso_code")),
}


def default_fields(database_type: str, ecs: bool) -> tuple[str, ...]:
    """What is written when the configuration names no fields; `database_type` is in the file's metadata."""
    for part, fields in _DEFAULTS.items():
        if part in database_type.lower():
            return fields[ecs]
    raise AssertionError("the last part is in every text")


def open_database(path: Path) -> Any:
    """A maxminddb Reader, safe to share between threads.

    Raises:
        UsageError: The package or the file is missing, or the file is something else.
    """
    try:
        import maxminddb
    except ImportError:
        raise UsageError("geoip needs the package maxminddb", "pip install 'logsluice[geo]'") from None
    try:
        return maxminddb.open_database(path)
    except FileNotFoundError:
        raise UsageError(f"geoip: there is no database {path}", "download one, or correct `database`") from None
    except (maxminddb.InvalidDatabaseError, OSError, ValueError) as error:
        raise UsageError(f"geoip: {path} can't be read as a MaxMind database: {error}") from None


def fields_of(record: Record) -> dict[str, Any]:
    """All that a record says, by the names of FIELDS (but `ip`)."""
    found = _flat(record) if _is_flat(record) else _nested(record)
    found["country_code3"] = found["country_code2"]  # the databases hold no three-letter code; as in Logstash
    latitude, longitude = found["latitude"], found["longitude"]
    if latitude is not None and longitude is not None:
        found["location"] = {"lat": latitude, "lon": longitude}
    return {name: value for name, value in found.items() if value not in (None, "")}


def _is_flat(record: Record) -> bool:
    return any(isinstance(record.get(key), str) for key in ("city", "country", "country_code", "continent"))


def _nested(record: Record) -> dict[str, Any]:
    country = _inner(record, "country")
    continent = _inner(record, "continent")
    place = _inner(record, "location")
    subdivisions = record.get("subdivisions") or [{}]
    region = subdivisions[-1]  # the most specific one
    country_code, region_code = country.get("iso_code"), region.get("iso_code")
    return {
        "asn": record.get("autonomous_system_number"),
        "as_org": record.get("autonomous_system_organization"),
        "city_name": _english(_inner(record, "city")),
        "continent_code": continent.get("code"),
        "continent_name": _english(continent),
        "country_code2": country_code,
        "country_name": _english(country),
        "dma_code": place.get("metro_code"),
        "domain": record.get("domain"),
        "isp": record.get("isp"),
        "latitude": place.get("latitude"),
        "longitude": place.get("longitude"),
        "organization": record.get("organization"),
        "postal_code": _inner(record, "postal").get("code"),
        "region_code": region_code,
        "region_iso_code": f"{country_code}-{region_code}" if country_code and region_code else None,
        "region_name": _english(region),
        "timezone": place.get("time_zone"),
    }


def _inner(record: Record, key: str) -> Record:
    value = record.get(key)
    return value if isinstance(value, dict) else {}


def _english(named: Record) -> str | None:
    return _inner(named, "names").get("en")


def _flat(record: Record) -> dict[str, Any]:
    country = record.get("country")
    code = record.get("country_code") or (country if isinstance(country, str) and len(country) == 2 else None)
    return {
        "asn": record.get("autonomous_system_number"),
        "as_org": record.get("autonomous_system_organization"),
        "city_name": record.get("city"),
        "continent_code": record.get("continent_code"),
        "continent_name": record.get("continent_name"),
        "country_code2": code,
        "country_name": record.get("country_name") or (country if country != code else None),
        "latitude": _degrees(record.get("latitude")),
        "longitude": _degrees(record.get("longitude")),
        "postal_code": record.get("postcode") or record.get("postal_code"),
        "region_name": record.get("state1") or record.get("region"),
        "timezone": record.get("timezone"),
    }


def _degrees(value: Any) -> float | None:
    """Some of these databases hold coordinates as text."""
    try:
        return float(value)
    except (TypeError, ValueError):
        return None
