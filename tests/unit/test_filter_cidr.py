from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters.cidr import Config, build
from logsluice.model import Event, Filter

PRIVATE = ["10.0.0.0/8", "172.16.0.0/12", "fd00::/8"]


def matched(made: Filter, event: Event) -> bool:
    [after] = made.apply([event], lambda *_: pytest.fail("rejected"))
    return after.get("tags") == ["in"]


def found(event: Event, base: Path | None = None, **options: Any) -> bool:
    return matched(build(Config(add_tag="in", **options), Context(base=base or Path())), event)


@pytest.mark.parametrize(
    ("address", "networks", "expected"),
    [
        ("10.1.2.3", PRIVATE, True),
        ("172.32.0.1", PRIVATE, False),
        ("fd12::1", PRIVATE, True),
        ("2001:db8::1", PRIVATE, False),
        ("192.0.2.200", "192.0.2.77/24", True),
        ("192.0.2.1", "192.0.2.1", True),
        ("192.0.2.1", "10.0.0.0/8, 192.0.2.0/24", True),
        ("192.0.2.1", ["nonsense", "192.0.2.0/24"], True),
        ("not an address", PRIVATE, False),
        ("", PRIVATE, False),
        ("10.1.2.3", [], False),
    ],
)
def test_an_address_is_in_a_network_or_not(address: str, networks: Any, expected: bool) -> None:
    assert found({"ip": address}, address="%{ip}", network=networks) is expected


def test_networks_and_addresses_come_from_fields_too() -> None:
    event = {"ips": ["x", 5, None, "10.0.0.1"], "nets": ["192.0.2.0/24", "10.0.0.0/8"]}
    assert found(dict(event), address_field="ips", network="%{nets}")
    assert not found(dict(event), address_field="missing", network="%{nets}")
    assert found({"ip": "10.0.0.1", "net": "10.0.0.0/24"}, address=["%{other}", "%{ip}"], network=["%{net}"])


def test_a_file_of_networks_is_read_again_when_it_changed(tmp_path: Path) -> None:
    path = tmp_path / "nets"
    path.write_text("10.0.0.0/8\n192.0.2.0/24\n")
    options: dict[str, Any] = {"address": "%{ip}", "network_path": "nets", "add_tag": "in"}
    always = build(Config(**options, refresh_interval=0), Context(base=tmp_path))
    rarely = build(Config(**options), Context(base=tmp_path))
    assert matched(always, {"ip": "192.0.2.1"})
    assert matched(rarely, {"ip": "192.0.2.1"})
    path.write_text("10.0.0.0/8")
    os.utime(path, (1, 1))
    assert not matched(always, {"ip": "192.0.2.1"})
    assert matched(rarely, {"ip": "192.0.2.1"})
    path.unlink()
    assert matched(always, {"ip": "10.0.0.1"})


def test_the_files_separator_can_be_chosen(tmp_path: Path) -> None:
    (tmp_path / "nets").write_text("10.0.0.0/8;192.0.2.0/24")
    assert found({"ip": "192.0.2.1"}, tmp_path, address="%{ip}", network_path="nets", separator=";")


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"can't read .*missing"):
        found({}, tmp_path, network_path="missing")


@pytest.mark.parametrize("options", [{"address": "a", "address_field": "a"}, {"network": "::/0", "network_path": "n"}])
def test_options_that_exclude_each_other_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError, match="either"):
        Config(**options)
