"""`logsluice ship` as a program."""

from __future__ import annotations

import gzip
import json
import subprocess
import sys
from pathlib import Path

import pytest

import logsluice
from logsluice.components import names
from tests.end_to_end.program import run

EXAMPLES = Path(__file__).parent.parent.parent / "examples" / "logs"


def alb_line(second: int, status: int = 200, client: str = "203.0.113.9") -> str:
    return (
        f"https 2026-01-31T12:00:{second:02d}.000000Z app/shop/50dc6c495c0c9188 {client}:40000 10.0.1.11:8080"
        f" 0.001 0.020 0.000 {status} {status} 322 3062"
        ' "GET https://shop.example.com:443/ HTTP/2.0" "curl/8.5.0" ECDHE-RSA-AES128-GCM-SHA256 TLSv1.2'
        ' arn:aws:elasticloadbalancing:eu-central-1:123456789012:targetgroup/shop/73e2d6bc24d8a067 "Root=1-1-1"'
        ' "shop.example.com" "-" 0 2026-01-31T12:00:00.000000Z "forward" "-" "-" "10.0.1.11:8080" "200" "-" "-"\n'
    )


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """The examples in a store, and what was said of it."""
    folder = tmp_path_factory.mktemp("shipped")
    done = run("ship", str(EXAMPLES), cwd=folder)
    assert (done.returncode, done.stdout) == (0, ""), done.stderr
    return folder, done.stderr


def test_the_format_of_every_example_is_found() -> None:
    found = {}
    for file in EXAMPLES.iterdir():
        events = list(logsluice.read(file, rejects=True))
        found[file.name.partition(".")[0]] = {
            event["@metadata"]["format"] if isinstance(event, dict) else event.reason for event in events
        }
    assert found == {name: {name} for name in found}
    assert found.keys() <= set(names("formats"))


def test_the_summary_says_what_was_done_and_what_to_type_next(shipped: tuple[Path, str]) -> None:
    _, said = shipped
    count = len(list(EXAMPLES.iterdir()))
    assert said.startswith(f"{count} objects, ")
    assert " alb 200 " in said
    assert "rejects     none" in said
    assert "█" in said
    assert said.splitlines()[-1].startswith("next:  logsluice search '*' --histogram ")


def test_what_was_shipped_can_be_counted(shipped: tuple[Path, str]) -> None:
    folder, _ = shipped
    query = ("search", "elb_status_code:>=500", "--count-by", "client_ip", "--json")
    counted = {row["value"]: row["count"] for row in map(json.loads, run(*query, cwd=folder).stdout.splitlines())}
    expected: dict[str, int] = {}
    for name in ("alb.log.gz", "elb.log"):
        done = run("ship", str(EXAMPLES / name), "--to", "stdout")
        for event in map(json.loads, done.stdout.splitlines()):
            if event.get("elb_status_code", 0) >= 500:
                expected[event["client_ip"]] = expected.get(event["client_ip"], 0) + 1
    assert expected
    assert counted == expected


def test_shipping_again_adds_nothing(shipped: tuple[Path, str]) -> None:
    folder, said = shipped
    events = said.split()[2]
    again = run("ship", str(EXAMPLES), cwd=folder)
    assert f"duplicates  {events} were there already and were not added again" in again.stderr


def test_standard_output_is_ndjson_and_nothing_else(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text(alb_line(1) + alb_line(2, 502))
    done = run("ship", str(file), "--to", "stdout", cwd=tmp_path)
    events = [json.loads(line) for line in done.stdout.splitlines()]
    assert [(event["@timestamp"], event["elb_status_code"]) for event in events] == [
        ("2026-01-31T12:00:01Z", 200),
        ("2026-01-31T12:00:02Z", 502),
    ]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["a.log"]


def test_standard_input_is_read(tmp_path: Path) -> None:
    done = run("ship", "-", "--format", "json", "--to", "stdout", cwd=tmp_path, stdin=b'{"a": 1}\n{"a": 2}\n')
    assert [json.loads(line)["a"] for line in done.stdout.splitlines()] == [1, 2]


def test_records_that_cannot_be_used_are_kept_and_said(tmp_path: Path) -> None:
    (tmp_path / "a.log.gz").write_bytes(gzip.compress((alb_line(1) + "no log line\n" + alb_line(2)).encode()))
    done = run("ship", "a.log.gz", "--format", "alb", "--dead-letter", "bad", cwd=tmp_path)
    assert done.returncode == 0
    assert "1 object, 2 events" in done.stderr
    assert "rejects     1, kept in bad" in done.stderr
    [kept] = [
        json.loads(line) for file in (tmp_path / "bad").rglob("*.ndjson") for line in file.read_text().splitlines()
    ]
    assert (kept["text"], kept["position"], kept["stage"]) == ("no log line", len(alb_line(1)), "parse")


def test_a_corrupt_file_is_a_reject_and_its_neighbours_are_read(tmp_path: Path) -> None:
    logs = tmp_path / "logs"
    logs.mkdir()
    (logs / "broken.log.gz").write_bytes(gzip.compress(alb_line(1).encode())[:-12])
    (logs / "whole.log").write_text(alb_line(2))
    done = run("ship", "logs", "--format", "alb", cwd=tmp_path)
    assert done.returncode == 0
    assert "rejects     1, kept in dead-letter" in done.stderr
    assert list((tmp_path / "dead-letter").rglob("*.ndjson"))


def test_a_reader_that_goes_away_ends_it_quietly(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text(alb_line(1) * 20_000)
    command = f"{sys.executable} -m logsluice ship {file} --format alb --to stdout | head -c 100"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert len(done.stdout) == 100
    assert "Traceback" not in done.stderr
    assert "error" not in done.stderr


def test_a_full_disk_behind_standard_output_is_one_sentence(tmp_path: Path) -> None:
    file = tmp_path / "a.log"
    file.write_text(alb_line(1) * 100)
    command = f"{sys.executable} -m logsluice ship {file} --format alb --to stdout > /dev/full"
    done = subprocess.run(["bash", "-c", command], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert done.stderr.splitlines() == ["error: standard output can't be written: No space left on device"]


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        (("nowhere.log",), 1, "error: there is no file or folder nowhere.log"),
        (("*.nothing",), 1, "error: no file matches *.nothing"),
        ((".", "--format", "albs"), 2, "error: there is no format 'albs'; did you mean 'alb'"),
        ((".", "--to", "elsewhere"), 2, "error: there is no target 'elsewhere'"),
        ((".", "--to", "https://"), 2, "error: --to can't be used: "),
        ((".",), 2, "error: store is to be written and lies within ., which is to be read"),
        ((".", "s3://bucket/x"), 2, "error: one s3:// prefix at a time"),
        (("s3://",), 2, "error: s3:// names no bucket"),
        ((".", "--ca-file", "ca.pem"), 2, "error: --ca-file is for --to https://host/index"),
    ],
)
def test_a_mistake_is_one_sentence_and_a_hint(arguments: tuple[str, ...], code: int, said: str, tmp_path: Path) -> None:
    done = run("ship", *arguments, cwd=tmp_path)
    assert (done.returncode, done.stdout) == (code, "")
    assert done.stderr.startswith(said)
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) <= 2


def test_an_unreachable_host_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "a.log").write_text(alb_line(1))
    done = run("ship", "a.log", "--to", "http://127.0.0.1:1/x", cwd=tmp_path)
    assert done.returncode == 1
    assert done.stderr.startswith("error: ")
    assert "127.0.0.1:1" in done.stderr
    assert len(done.stderr.splitlines()) <= 2
