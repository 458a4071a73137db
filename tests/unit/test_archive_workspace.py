"""The archive's temporary folder: of one process, and nothing is left of a killed one."""

from __future__ import annotations

from pathlib import Path

import pytest

from logsluice.archive.workspace import PREFIX, workspace


def test_a_folder_is_there_while_it_is_in_use(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    with workspace() as one, workspace() as other:
        assert set(tmp_path.iterdir()) == {one, other}
    assert list(tmp_path.iterdir()) == []


def test_what_a_killed_process_left_is_removed_and_no_more(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    (tmp_path / f"{PREFIX}left" / "_tmp").mkdir(parents=True)
    (tmp_path / f"{PREFIX}left" / "rows.ndjson").touch()
    (tmp_path / "others").mkdir()
    (tmp_path / f"{PREFIX}link").symlink_to(tmp_path / "others")
    with workspace() as mine:
        assert set(tmp_path.iterdir()) == {mine, tmp_path / "others", tmp_path / f"{PREFIX}link"}
