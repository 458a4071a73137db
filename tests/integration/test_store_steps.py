"""Killed before any of its steps, whatever changes a store leaves it clean, with all that was confirmed, nothing twice.

A repeat of the same work then comes to the same end as if there had been no kill.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logsluice.store.checking import verify
from tests.integration import store_steps
from tests.integration.store_steps import SCENARIOS, STEPS
from tests.integration.test_store_compaction import OTHER, event, files, statuses, write_each

ROOT = Path(__file__).parents[2]

BEGIN = [1, 2, 3, 4, 5]
AFTER = {"write": [1, 2, 3, 4, 5, 20, 21, 22], "dropping": [4], "forgetting": [5]}
FEWEST = {
    "write": 12,
    "compacting": 5,
    "dropping": 6,
    "forgetting": 8,
    "rebuilding_in_place": 1,
    "rebuilding_damaged": 5,
}
"""Steps that there are at least: were they fewer, the kills would miss what they are for."""


def rounds(scenario: str, folder: Path) -> list[dict[str, Any]]:
    """What became of the process at each kill."""
    begin = folder / "begin"
    write_each(begin, event(1), event(2), event(3), event(4, days=1), event(5, OTHER))
    done = subprocess.run(
        [sys.executable, store_steps.__file__, scenario, str(begin), str(folder / "killed")],
        env={**os.environ, "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=True,
    )
    return [json.loads(line) for line in done.stdout.splitlines()]


@pytest.mark.parametrize("scenario", SCENARIOS)
def test_a_kill_before_any_step_is_harmless(scenario: str, tmp_path: Path) -> None:
    every = rounds(scenario, tmp_path)
    assert [each["exit"] for each in every] == [-9] * (len(every) - 1) + [0]
    assert len(every) > FEWEST[scenario]
    STEPS.left, STEPS.on = -1, False
    after = AFTER.get(scenario, BEGIN)
    again: Callable[..., None] = SCENARIOS[scenario]
    for each in every:
        folder = Path(each["folder"])
        if scenario != "rebuilding_damaged":
            assert verify(folder).problems == (), each
            assert set(statuses(folder)) >= (set(BEGIN) & set(after)) | set(each["confirmed"]), each
            assert sorted(statuses(folder)) in (BEGIN, after) or scenario == "write", each
        again(folder, lambda _: None)
        assert verify(folder).problems == (), each
        assert sorted(statuses(folder)) == after, each
    assert len(files(Path(every[-1]["folder"]))) >= 1
