"""Small databases in MaxMind's format, in both schemas, made for a test."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from mmdb_writer import MMDBWriter
from netaddr import IPSet  # type: ignore[import-untyped]

LONDON: dict[str, Any] = {
    "city": {"names": {"en": "London", "fr": "Londres"}},
    "continent": {"code": "EU", "names": {"en": "Europe"}},
    "country": {"iso_code": "GB", "names": {"en": "United Kingdom"}},
    "location": {"latitude": 51.5, "longitude": -0.25, "time_zone": "Europe/London", "metro_code": 819},
    "postal": {"code": "EC1"},
    "subdivisions": [
        {"iso_code": "ENG", "names": {"en": "England"}},
        {"iso_code": "LND", "names": {"en": "London, City of"}},
    ],
}
OSLO = {"city": "Oslo", "country_code": "NO", "state1": "Oslo", "postcode": "", "timezone": "Europe/Oslo"}
NETWORK = {"autonomous_system_number": 64500, "autonomous_system_organization": "Example Net"}


def write(path: Path, kind: str, networks: dict[str, Any]) -> Path:
    """A database of a type, with a record for each network."""
    writer = MMDBWriter(ip_version=6, ipv4_compatible=True, database_type=kind)
    for network, record in networks.items():
        writer.insert_network(IPSet([network]), record)
    writer.to_db_file(str(path))
    return path


def city(folder: Path) -> Path:
    """MaxMind's nested schema: 192.0.2.0/24 and 2001:db8::/32 are in London."""
    return write(folder / "GeoLite2-City.mmdb", "GeoLite2-City", {"192.0.2.0/24": LONDON, "2001:db8::/32": LONDON})


def flat_city(folder: Path) -> Path:
    """The flat schema: 192.0.2.0/24 is in Oslo; the coordinates are text."""
    record = {**OSLO, "latitude": "59.91", "longitude": "10.75"}
    return write(folder / "flat.mmdb", "dbip-city-ipv4", {"192.0.2.0/24": record})


def asn(folder: Path) -> Path:
    """192.0.2.0/24 is AS64500."""
    return write(folder / "GeoLite2-ASN.mmdb", "GeoLite2-ASN", {"192.0.2.0/24": NETWORK})
