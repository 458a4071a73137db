from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.errors import UsageError
from logsluice.filters.useragent import Config, build
from logsluice.model import Event

REGEXES = r"""
user_agent_parsers:
  - regex: '(Ferret)/(\d+)\.(\d+)(?:\.(\d+)(?:\.(\d+))?)?'
  - regex: '(Bare)'
os_parsers:
  - regex: '(Burrow) (\d+)(?:\.(\d+))?'
  - regex: '(Field)'
device_parsers:
  - regex: '(Lens) ([A-Z]\d)'
    device_replacement: '$1-$2'
"""
FERRET = "Ferret/3.14.15.9 (Burrow 10.2; Lens A4)"
KNOWN = {
    "name": "Ferret",
    "version": "3.14.15.9",
    "major": "3",
    "minor": "14",
    "patch": "15",
    "os": "Burrow",
    "os_name": "Burrow",
    "os_version": "10.2",
    "os_major": "10",
    "os_minor": "2",
    "os_full": "Burrow 10.2",
    "device": "Lens-A4",
}


@pytest.fixture
def context(tmp_path: Path) -> Context:
    (tmp_path / "regexes.yaml").write_text(REGEXES)
    return Context(base=tmp_path)


def after(context: Context, event: Event, **options: Any) -> Event:
    config = Config(**{"source": "ua", "regexes": "regexes.yaml", **options})
    [only] = build(config, context).apply([event], lambda *_: pytest.fail("rejected"))
    return only


def test_what_is_known_is_written_by_the_older_names(context: Context) -> None:
    assert after(context, {"ua": FERRET}) == {"ua": FERRET, **KNOWN}
    assert after(context, {"ua": [FERRET, "Bare"]}, target="[a][b]")["a"]["b"] == KNOWN
    assert after(context, {"ua": FERRET}, target="ua") == {"ua": KNOWN}
    assert after(context, {"ua": FERRET}, prefix="x_")["x_os_full"] == "Burrow 10.2"


def test_what_is_not_known_is_left_out(context: Context) -> None:
    other = {"os": "Other", "os_name": "Other", "os_full": "Other", "device": "Other"}
    assert after(context, {"ua": "Bare"}, target="t")["t"] == {"name": "Bare", **other}
    assert after(context, {"ua": "?"}, target="t")["t"] == {"name": "Other", **other}
    field = {"name": "Bare", "os": "Field", "os_name": "Field", "os_full": "Field", "device": "Other"}
    assert after(context, {"ua": "Bare Field"}, target="t")["t"] == field


def test_ecs_names_are_used_under_ecs(context: Context) -> None:
    found = after(context, {"ua": FERRET}, ecs_compatibility="v8")
    assert found["user_agent"] == {
        "name": "Ferret",
        "version": "3.14.15.9",
        "os": {"name": "Burrow", "version": "10.2", "full": "Burrow 10.2"},
        "device": {"name": "Lens-A4"},
    }
    assert found["@metadata"]["filter"]["user_agent"] == {
        "version": {"major": "3", "minor": "14", "patch": "15"},
        "os": {"version": {"major": "10", "minor": "2"}},
    }


@pytest.mark.parametrize("value", [None, "", [], 5, {"a": "b"}, [None]])
def test_what_is_no_text_changes_nothing(context: Context, value: Any) -> None:
    assert after(context, {"ua": value}, add_tag="done") == {"ua": value}


def test_the_packages_own_expressions_know_a_usual_browser() -> None:
    text = "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:115.0) Gecko/20100101 Firefox/115.0"
    [event] = build(Config(source="ua", target="t"), Context()).apply([{"ua": text}], lambda *_: None)
    assert event["t"] == {
        "name": "Firefox",
        "version": "115.0",
        "major": "115",
        "minor": "0",
        "os": "Windows",
        "os_name": "Windows",
        "os_version": "10",
        "os_major": "10",
        "os_full": "Windows 10",
        "device": "Other",
    }


@pytest.mark.parametrize("text", ["[1, 2]", "user_agent_parsers: [{regex: '('}]", "user_agent_parsers: [{}]", "a: ["])
def test_a_broken_file_of_expressions_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "broken.yaml").write_text(text)
    with pytest.raises(UsageError, match=r"is no regexes\.yaml"):
        build(Config(source="ua", regexes="broken.yaml"), Context(base=tmp_path))


@pytest.mark.parametrize("options", [{"prefix": "x_", "ecs_compatibility": "v8"}, {"lru_cache_size": 0}])
def test_options_that_contradict_are_refused(options: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Config(source="ua", **options)
