from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters import geoip
from logsluice.filters.geoip import Config, build
from logsluice.model import Event
from tests import mmdb

PLACE: dict[str, Any] = {
    "ip": "192.0.2.7",
    "city_name": "London",
    "continent_code": "EU",
    "country_code2": "GB",
    "country_code3": "GB",
    "country_name": "United Kingdom",
    "dma_code": 819,
    "latitude": 51.5,
    "longitude": -0.25,
    "location": {"lat": 51.5, "lon": -0.25},
    "postal_code": "EC1",
    "region_code": "LND",
    "region_name": "London, City of",
    "timezone": "Europe/London",
}
FAILED = ["_geoip_lookup_failure"]


@pytest.fixture
def city(tmp_path: Path) -> str:
    return str(mmdb.city(tmp_path))


def located(event: Event, **options: Any) -> Event:
    made = build(Config(**{"source": "ip", **options}), Context())
    [after] = made.apply([event], lambda *_: pytest.fail("rejected"))
    return after


def test_what_a_city_database_knows_is_written(city: str) -> None:
    assert located({"ip": "192.0.2.7"}, database=city) == {"ip": "192.0.2.7", "geoip": PLACE}


def test_ipv6_is_written_in_full_and_mapped_ipv4_is_ipv4(city: str) -> None:
    assert located({"ip": "2001:DB8::1"}, database=city)["geoip"]["ip"] == "2001:db8:0:0:0:0:0:1"
    assert located({"ip": "::ffff:192.0.2.7"}, database=city)["geoip"]["ip"] == "192.0.2.7"
    assert located({"ip": "192.000.002.007"}, database=city)["geoip"]["ip"] == "192.0.2.7"


def test_fields_and_target_can_be_chosen(city: str) -> None:
    options: dict[str, Any] = {"fields": ["CITY_NAME", "region_iso_code", "continent_name"], "target": "[a][b]"}
    assert located({"ip": ["192.0.2.7", "8.8.8.8"]}, database=city, **options)["a"]["b"] == {
        "city_name": "London",
        "region_iso_code": "GB-LND",
        "continent_name": "Europe",
    }


def test_ecs_names_are_used_under_ecs(city: str) -> None:
    after = located({"ip": "192.0.2.7"}, database=city, target="client", ecs_compatibility="v8")
    assert after["client"] == {
        "ip": "192.0.2.7",
        "geo": {
            "city_name": "London",
            "continent_code": "EU",
            "country_iso_code": "GB",
            "country_name": "United Kingdom",
            "location": {"lat": 51.5, "lon": -0.25},
            "postal_code": "EC1",
            "region_iso_code": "GB-LND",
            "region_name": "London, City of",
            "timezone": "Europe/London",
        },
        "mmdb": {"dma_code": 819},
    }


def test_under_ecs_the_target_is_the_parent_of_an_inner_ip(city: str) -> None:
    event: Event = {"client": {"ip": "192.0.2.7", "port": 443}}
    options: dict[str, Any] = {"source": "[client][ip]", "fields": ["city_name"], "ecs_compatibility": "v1"}
    assert located(event, database=city, **options) == {
        "client": {"ip": "192.0.2.7", "port": 443, "geo": {"city_name": "London"}}
    }


def test_flat_databases_are_understood(tmp_path: Path) -> None:
    after = located({"ip": "192.0.2.7"}, database=str(mmdb.flat_city(tmp_path)))
    assert after["geoip"] == {
        "ip": "192.0.2.7",
        "city_name": "Oslo",
        "country_code2": "NO",
        "country_code3": "NO",
        "latitude": 59.91,
        "longitude": 10.75,
        "location": {"lat": 59.91, "lon": 10.75},
        "region_name": "Oslo",
        "timezone": "Europe/Oslo",
    }


def test_two_databases_may_fill_one_target(tmp_path: Path, city: str) -> None:
    event = located({"ip": "192.0.2.7"}, database=city, fields="city_name")
    asn = str(mmdb.asn(tmp_path))
    assert located(event, database=asn)["geoip"] == {
        "city_name": "London",
        "ip": "192.0.2.7",
        "asn": 64500,
        "as_org": "Example Net",
    }
    ecs = located({"ip": "192.0.2.7"}, database=asn, target="x", ecs_compatibility="v8")
    assert ecs["x"]["as"] == {"number": 64500, "organization": {"name": "Example Net"}}


@pytest.mark.parametrize(
    "value", ["cloudformation.amazonaws.com", "-", "", None, [], {}, 5, "192.0.2.7:443", " 192.0.2.7", "192.0.2"]
)
def test_what_is_no_address_is_left_alone(city: str, value: Any) -> None:
    assert located({"ip": value}, database=city, add_tag="located") == {"ip": value}


def test_unknown_addresses_are_tagged_and_unknown_private_ones_are_not(city: str) -> None:
    assert located({"ip": "8.8.8.8"}, database=city, add_tag="located") == {"ip": "8.8.8.8", "tags": FAILED}
    assert located({"ip": "10.0.0.1"}, database=city, add_tag="located") == {"ip": "10.0.0.1"}


@pytest.mark.parametrize(
    ("event", "target"),
    [
        ({}, None),
        ({"ip": None}, None),
        ({"ip": ""}, None),
        ({"ip": "-"}, {}),
        ({"ip": "10.0.0.1"}, {}),
        ({"ip": "8.8.8.8"}, {}),
        ({"ip": "8.8.8.8", "geoip": {"asn": 1}}, {"asn": 1}),
    ],
)
def test_logstash_semantics_tag_every_failure(city: str, event: Event, target: object) -> None:
    after = located(dict(event), database=city, semantics="logstash")
    assert after == {**event, "tags": FAILED, **({} if target is None else {"geoip": target})}


def test_a_target_that_is_no_object_is_a_failure(city: str) -> None:
    event: Event = {"ip": "192.0.2.7", "geoip": "text"}
    assert located(dict(event), database=city) == {**event, "tags": FAILED}


def test_without_a_path_the_usual_folders_are_looked_in(
    tmp_path: Path, city: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert Path(city).name == "GeoLite2-City.mmdb"
    monkeypatch.setattr(geoip, "FOLDERS", (tmp_path / "none", tmp_path))
    assert located({"ip": "192.0.2.7"})["geoip"]["city_name"] == "London"
    with pytest.raises(UsageError, match=r"no GeoLite2-ASN\.mmdb") as caught:
        located({}, default_database_type="ASN")
    assert "geoipupdate" in caught.value.hint


def test_a_database_that_can_not_be_opened_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"there is no database .*nowhere\.mmdb"):
        build(Config(source="ip", database="nowhere.mmdb"), Context(base=tmp_path))
    (tmp_path / "text.mmdb").write_text("no database")
    with pytest.raises(UsageError, match=r"text\.mmdb can't be read as a MaxMind database"):
        build(Config(source="ip", database="text.mmdb"), Context(base=tmp_path))
    monkeypatch.setitem(sys.modules, "maxminddb", None)
    with pytest.raises(UsageError, match="needs the package maxminddb"):
        build(Config(source="ip", database="text.mmdb"), Context(base=tmp_path))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"source": "ip", "fields": "city"}, "no field 'city'; did you mean 'city_name'"),
        ({"source": "ip", "ecs_compatibility": "v8"}, "geoip needs a target"),
        ({"source": "[ip"}, "no field reference"),
        ({"source": "ip", "cache_size": -1}, "cache_size"),
        ({}, "source"),
    ],
)
def test_wrong_options_are_refused(options: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        Config(**options)
