"""Secrets by reference: read when needed, again when they change, and never shown."""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from pydantic import TypeAdapter, ValidationError
from structlog.testing import capture_logs

from logsluice.components import Options
from logsluice.config import secrets
from logsluice.config.explain import explain
from logsluice.config.secrets import Secret
from logsluice.errors import UsageError
from logsluice.telemetry import logs


class Login(Options):
    password: Secret | None = None


def said_of(password: Any) -> dict[tuple[str | int, ...], str]:
    data = {"password": password}
    with pytest.raises(ValidationError) as caught:
        Login.model_validate(data)
    return dict(explain(caught.value, Login, data))


def touch(path: Path, text: str, seconds: int) -> None:
    path.write_text(text)
    os.utime(path, (seconds, seconds))


def test_a_text_is_the_secret_itself() -> None:
    made = Login.model_validate({"password": "open-sesame"}).password
    assert made is not None
    assert made.reveal() == "open-sesame"


def test_a_variable_is_read_when_it_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    secret = Secret({"env": "LOGSLUICE_TEST_SECRET"})
    with pytest.raises(UsageError, match="the environment variable LOGSLUICE_TEST_SECRET is not set"):
        secret.reveal()
    monkeypatch.setenv("LOGSLUICE_TEST_SECRET", "from outside")
    assert secret.reveal() == "from outside"


@pytest.mark.parametrize(
    ("content", "value"),
    [("key", "key"), ("key\n", "key"), ("key\r\n", "key"), ("key\n\n", "key\n"), (" key ", " key ")],
)
def test_one_newline_at_the_end_of_a_file_is_not_part_of_it(tmp_path: Path, content: str, value: str) -> None:
    (tmp_path / "password").write_bytes(content.encode())
    assert Secret({"file": str(tmp_path / "password")}).reveal() == value


def test_a_changed_file_is_read_again_at_once(tmp_path: Path) -> None:
    path = tmp_path / "password"
    touch(path, "first\n", 1_000)
    secret = Secret({"file": str(path)})
    assert secret.reveal() == "first"
    touch(path, "other\n", 2_000)
    assert secret.reveal() == "other"


def test_what_was_read_is_used_while_its_file_is_gone(tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("kept")
    secret = Secret({"file": str(path)})
    secret.reveal()
    path.unlink()
    with capture_logs() as logged:
        assert secret.reveal() == "kept"
    assert [entry["event"] for entry in logged] == ["a secret can't be read again, so the value known is used"]
    with pytest.raises(UsageError, match="No such file"):
        secret.refresh()


def test_a_value_is_read_once_a_minute(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGSLUICE_TEST_SECRET", "old")
    secret = Secret({"env": "LOGSLUICE_TEST_SECRET"})
    assert secret.reveal() == "old"
    monkeypatch.setenv("LOGSLUICE_TEST_SECRET", "new")
    assert secret.reveal() == "old"
    monkeypatch.setattr(secrets, "CACHE_SECONDS", 0.0)
    assert secret.reveal() == "new"


def test_refresh_says_whether_the_value_is_another_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGSLUICE_TEST_SECRET", "old")
    secret = Secret({"env": "LOGSLUICE_TEST_SECRET"})
    secret.reveal()
    assert secret.refresh() is False
    monkeypatch.setenv("LOGSLUICE_TEST_SECRET", "new")
    assert secret.refresh() is True
    assert secret.reveal() == "new"


def test_the_value_is_shown_nowhere() -> None:
    made = Login.model_validate({"password": "open-sesame"})
    shown = [repr(made), str(made.password), made.model_dump_json(), repr(made.model_dump()), f"{made.password!r}"]
    logged = str(logs.mask(None, "info", {"event": "connects", "login": made, "with": made.password}))
    assert [text for text in (*shown, logged) if "open-sesame" in text] == []
    assert made.model_dump_json() == '{"password":"***"}'


def test_a_reference_is_shown_and_its_value_is_not(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LOGSLUICE_TEST_SECRET", "open-sesame")
    secret = Secret({"env": "LOGSLUICE_TEST_SECRET"})
    secret.reveal()
    assert repr(secret) == "Secret({env: LOGSLUICE_TEST_SECRET})"


def test_secrets_are_equal_when_they_are_written_alike() -> None:
    assert Secret("a") == Secret("a")
    assert Secret("a") != Secret("b")
    assert {Secret({"env": "A"}), Secret({"env": "A"}), Secret({"env": "B"})} == {
        Secret({"env": "A"}),
        Secret({"env": "B"}),
    }


@pytest.mark.parametrize(
    ("value", "said"),
    [
        ({"fil": "/x"}, {("password", "fil"): "there is no option 'fil'; did you mean 'file'?"}),
        (
            {"secretsmanager": "x", "kee": "y"},
            {("password", "kee"): "there is no option 'kee'; did you mean 'key'?"},
        ),
        ({"env": 5}, {("password", "env"): "must be a text"}),
        (
            {"file": "password.txt"},
            {("password", "file"): "a secret's file is named by its whole path, such as /run/secrets/password"},
        ),
        ({"env": "A", "ssm": "/b"}, {("password",): "a secret is in one place: either env or ssm"}),
        (
            4711,
            {
                (
                    "password",
                ): "must be a text (a number in quotes), or say where the secret is: {file: /run/secrets/name}"
            },
        ),
    ],
)
def test_a_mistake_is_told_with_its_place(value: Any, said: dict[tuple[str, ...], str]) -> None:
    assert said_of(value) == said


def test_editors_are_told_of_every_way_to_write_it() -> None:
    schema = TypeAdapter(Secret).json_schema()
    ways = [way.get("type") or schema["$defs"][way["$ref"].rsplit("/", 1)[1]]["required"][0] for way in schema["anyOf"]]
    assert ways == ["string", "env", "file", "secretsmanager", "ssm"]


def test_threads_that_come_at_once_wait_for_one_reading(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    path = tmp_path / "password"
    path.write_text("shared")
    readings: list[Path] = []
    real = Path.read_text

    def slow(self: Path, **options: Any) -> str:
        readings.append(self)
        time.sleep(0.05)
        return real(self, **options)

    monkeypatch.setattr(Path, "read_text", slow)
    secret = Secret({"file": str(path)})
    with ThreadPoolExecutor(8) as threads:
        values = list(threads.map(lambda _: secret.reveal(), range(8)))
    assert (values, readings) == (["shared"] * 8, [path])
