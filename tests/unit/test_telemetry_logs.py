from __future__ import annotations

import json
import threading
from collections.abc import Callable, Iterator

import pytest
import structlog

from logsluice.telemetry.logs import RateLimit, configure, end, mask


@pytest.fixture(autouse=True)
def _untouched() -> Iterator[None]:
    before = structlog.get_config()
    yield
    structlog.configure(**before)


def test_without_a_terminal_each_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    configure(readable=False)
    structlog.get_logger("s3_sqs").warning("a message\nof two lines", count=2)
    captured = capsys.readouterr()
    line = json.loads(captured.err)
    assert captured.out == ""
    assert captured.err.count("\n") == 1
    assert line.pop("timestamp").endswith("Z")
    assert line == {"level": "warning", "event": "a message\\x0aof two lines", "component": "s3_sqs", "count": 2}


def test_on_a_terminal_lines_are_for_people(capsys: pytest.CaptureFixture[str]) -> None:
    configure(readable=True)
    structlog.get_logger("s3_sqs").warning("queue gone", queue="logs\x1b[2J")
    text = capsys.readouterr().err
    assert "queue gone" in text
    assert "logs\\x1b[2J" in text
    assert "\x1b" not in text  # colours are for terminals


def test_debugging_lines_are_for_the_verbose(capsys: pytest.CaptureFixture[str]) -> None:
    configure(readable=False)
    structlog.get_logger().debug("quiet")
    configure("debug", readable=False)
    structlog.get_logger().debug("loud")
    assert [json.loads(line)["event"] for line in capsys.readouterr().err.splitlines()] == ["loud"]


def test_secrets_are_masked() -> None:
    event = {
        "event": "failed",
        "password": "hunter22",
        "session_token": "abc",
        "host": "https://user:hunter22@search.example.com/x",
    }
    assert mask(None, "info", event) == {
        "event": "failed",
        "password": "***",
        "session_token": "***",
        "host": "https://***@search.example.com/x",
    }


def test_a_repeated_warning_is_held_back_and_counted_afterwards() -> None:
    now = [0.0]
    limit = RateLimit(window=60, clock=lambda: now[0], later=lambda seconds, call: None)

    def say(method: str = "warning") -> dict[str, object] | None:
        try:
            return dict(limit(structlog.PrintLogger(), method, {"event": "throttled"}))
        except structlog.DropEvent:
            return None

    assert [say() for _ in range(5)] == [{"event": "throttled"}] * 3 + [None] * 2
    assert say("info") == {"event": "throttled"}
    now[0] = 61.0
    assert say() == {"event": "throttled", "repeated": 2}
    assert say() == {"event": "throttled"}


def test_what_was_held_back_is_summed_up_at_the_end_of_its_window(capsys: pytest.CaptureFixture[str]) -> None:
    configure(readable=False)
    now, later = [0.0], list[tuple[float, Callable[[], None]]]()
    limit = RateLimit(window=60, clock=lambda: now[0], later=lambda seconds, call: later.append((seconds, call)))

    def say() -> None:
        try:
            limit(structlog.PrintLogger(), "warning", {"event": "throttled"})
        except structlog.DropEvent:
            pass

    now[0] = 10.0
    threads = [threading.Thread(target=say) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    [(seconds, sum_up)] = later
    assert seconds == 60.0
    now[0] = 70.0
    sum_up()
    line = json.loads(capsys.readouterr().err)
    assert (line["event"], line["message"], line["times"]) == ("held back, for it repeated", "throttled", 47)
    sum_up()
    assert capsys.readouterr().err == "", "it is said once"


def test_what_is_held_back_when_the_program_ends_is_said_before_its_last_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    configure(readable=False)
    log = structlog.get_logger("dead_letter")
    for number in range(5):
        log.warning("kept", origin=f"s3://logs/{number}")
    log.warning("seldom")
    end()
    lines = [json.loads(line) for line in capsys.readouterr().err.splitlines()]
    assert [line["event"] for line in lines] == ["kept"] * 3 + ["seldom", "held back, for it repeated"]
    assert (lines[-1]["message"], lines[-1]["times"], lines[-1]["component"]) == ("kept", 2, "dead_letter")
    end()
    assert capsys.readouterr().err == "", "it is said once"
