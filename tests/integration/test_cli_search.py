"""`logsluice search`: tables for people, NDJSON and CSV for programs, errors at their position."""

from __future__ import annotations

import csv
import io
from datetime import UTC, datetime, timedelta
from pathlib import Path

import orjson
import pytest

from logsluice.cli.main import run
from logsluice.components import Context
from logsluice.formats.fields import Field
from logsluice.sinks import store
from logsluice.testing.sinks import must_not_refuse, opened
from tests.parts.opensearch import OpenSearch

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
HOSTILE = "\x1b]0;owned\x07\u202egnp\x9b2J\x7f"


class Web:
    name = "web"
    fields = (Field("client_ip", "ip"), Field("status", "integer"), Field("url", "text"), Field("user.name"))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("search") / "store"
    events = [
        {"client_ip": "10.0.0.1", "status": 200, "url": "/", "user": {"name": "=cmd()"}},
        {"client_ip": "10.0.0.2", "status": 503, "url": HOSTILE, "user": {"name": 'a,"b"'}},
        {"client_ip": "10.0.0.1", "status": 503, "url": "/x", "delta": -5},
    ]
    sink = store.build(store.Config(path=folder), Context(formats=(Web(),)))  # type: ignore[arg-type]
    with opened(sink) as target:
        target.send(
            target.encode(
                [
                    {
                        "@timestamp": NOON + timedelta(minutes=4 * number),
                        **event,
                        "@metadata": {"_id": f"20260131.d.{number}", "position": number, "format": "web"},
                    }
                    for number, event in enumerate(events)
                ],
                must_not_refuse,
            )
        )
    return folder


@pytest.fixture(autouse=True)
def _in(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(folder.parent)


def test_a_table_shows_time_and_telling_fields_newest_first(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "status:>=500", "--fields", "client_ip,status"]) == 0
    output = capsys.readouterr()
    assert [line.split() for line in output.out.splitlines() if "10.0" in line] == [
        ["2026-01-31", "12:08:00.000", "10.0.0.1", "503"],
        ["2026-01-31", "12:04:00.000", "10.0.0.2", "503"],
    ]
    assert "2 of 2 events" in output.err


def test_log_text_cannot_steer_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search"]) == 0
    shown = capsys.readouterr().out
    assert not {"\x1b", "\x07", "\u202e", "\x9b", "\x7f"} & set(shown)
    assert r"\x1b]0;owned\x07\u202egnp\x9b2J\x7f" in shown


def test_json_is_a_document_a_line_with_its_id(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["search", "client_ip:10.0.0.0/31", "--json", "--sort", "@timestamp"]) == 0
    lines = capsysbinary.readouterr().out.splitlines()
    assert [orjson.loads(line) for line in lines] == [
        {
            "_id": "20260131.d.0",
            "_format": "web",
            "@timestamp": "2026-01-31T12:00:00Z",
            "client_ip": "10.0.0.1",
            "status": 200,
            "url": "/",
            "user": {"name": "=cmd()"},
        },
        {
            "_id": "20260131.d.2",
            "_format": "web",
            "@timestamp": "2026-01-31T12:08:00Z",
            "client_ip": "10.0.0.1",
            "status": 503,
            "url": "/x",
            "delta": -5,
        },
    ]


def test_csv_is_quoted_and_holds_no_formulas(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "--csv", "--fields", "user.name,delta,url", "--sort", "@timestamp"]) == 0
    rows = list(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert rows == [
        ["user.name", "delta", "url"],
        ["'=cmd()", "", "/"],
        ['a,"b"', "", r"\x1b]0;owned\x07\u202egnp\x9b2J\x7f"],
        ["", "-5", "/x"],
    ]


def test_values_are_counted(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "--count-by", "client_ip"]) == 0
    assert [line.split()[:2] for line in capsys.readouterr().out.splitlines()] == [["10.0.0.1", "2"], ["10.0.0.2", "1"]]
    assert run(["search", "--count-by", "status", "--csv"]) == 0
    assert capsys.readouterr().out == "status,count\n503,2\n200,1\n"


def test_a_histogram_is_drawn_by_interval(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "--histogram", "5m"]) == 0
    first, second = capsys.readouterr().out.splitlines()
    assert first.split() == ["01-31", "12:00", "2", "█" * 60]
    assert second.split() == ["01-31", "12:05", "1", "█" * 30]


def test_a_histogram_by_a_field_as_json(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["search", "--histogram", "5m", "--count-by", "status", "--json"]) == 0
    assert [orjson.loads(line) for line in capsysbinary.readouterr().out.splitlines()] == [
        {"start": "2026-01-31T12:00:00Z", "count": 2, "by": {"503": 1, "200": 1}},
        {"start": "2026-01-31T12:05:00Z", "count": 1, "by": {"503": 1}},
    ]


def test_times_bound_the_search(capsys: pytest.CaptureFixture[str]) -> None:
    run(["search", "--since", "2026-01-31T12:04:00Z", "--until", "2026-01-31T12:08", "--csv", "--fields", "status"])
    assert capsys.readouterr().out == "status\n503\n"
    run(["search", "--since", "2h", "--csv", "--fields", "status"])
    assert capsys.readouterr().out == "status\n"


@pytest.mark.parametrize(
    ("arguments", "line", "caret"),
    [
        (["status:5 AND stattus:x"], "status:5 AND stattus:x", 13),
        (["status:fast"], "status:fast", 7),
        (["status:\x1b~"], r"status:\x1b~", 7),
        (["--sort", "statis"], "statis", 0),
    ],
)
def test_an_error_in_the_query_is_pointed_at(
    arguments: list[str], line: str, caret: int, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["search", *arguments]) == 2
    output = capsys.readouterr()
    assert output.out == ""
    assert output.err.splitlines()[1:] == [f"  {line}", f"  {' ' * caret}^"]


@pytest.mark.parametrize(
    ("arguments", "code", "reason"),
    [
        (["--store", "nowhere"], 1, "no store in nowhere"),
        (["--url", "ftp://search.example.com"], 2, "no URL of a cluster"),
        (["--url", "https://"], 1, "a host is a URL such as"),
        (["--id", "x", "--stats", "y"], 2, "exclude each other"),
        (["--json", "--csv"], 2, "exclude each other"),
        (["--since", "soon"], 2, "is no date"),
        (["--since", "2026-02", "--until", "2026-01"], 2, "--since is not before --until"),
        (["--sort", "status:down"], 2, "'down' is no order"),
        (["--histogram", "0"], 2, "longer than nothing"),
        (["--histogram", "1ms"], 1, "make them 1s or wider"),
        (["--histogram", "5"], 2, "needs its unit"),
        (["--histogram", "500ms", "--since", "1970"], 0, ""),
    ],
)
def test_what_cannot_be_done_is_said_in_one_sentence(
    arguments: list[str], code: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(["search", *arguments]) == code
    assert reason in capsys.readouterr().err


def test_a_gap_of_a_histogram_is_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "--histogram", "30s"]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == [
        "12:00:00",
        "7",
        "12:04:00",
        "7",
        "12:08:00",
    ]


def test_the_format_is_a_field(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(["search", "format:web", "--count-by", "format", "--csv"]) == 0
    assert capsys.readouterr().out == "format,count\nweb,3\n"
    assert run(["search", "format:other OR status:200", "--fields", "format,status", "--csv"]) == 0
    assert capsys.readouterr().out == "format,status\nweb,200\n"


def test_json_does_not_steer_a_terminal_and_means_the_same(capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    assert run(["search", "status:503 AND NOT delta:*", "--json"]) == 0
    line = capsysbinary.readouterr().out
    assert line.isascii()
    assert orjson.loads(line)["url"] == HOSTILE


def test_a_cluster_is_asked_by_its_url(clean_opensearch: OpenSearch, capfd: pytest.CaptureFixture[str]) -> None:
    clean_opensearch.call("PUT", "/web-1/_doc/a?refresh=true", {"@timestamp": "2026-01-31T12:00:00Z", "status": 503})
    url = f"{clean_opensearch.url}/web-*"
    assert run(["search", "status:>=500", "--json", "--url", url]) == 0
    assert orjson.loads(capfd.readouterr().out) == {
        "_id": "a",
        "_format": "",
        "@timestamp": "2026-01-31T12:00:00Z",
        "status": 503,
    }
    assert run(["search", "--stats", "status", "--csv", "--url", url]) == 0
    assert capfd.readouterr().out.splitlines()[1].startswith("status,1,1,503,503,503.0,503.0,")
    assert run(["search", "--id", "none", "--url", url]) == 1
