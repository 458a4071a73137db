"""`logsluice demo --once`: AWS emulated, every format, searchable at the end."""

from __future__ import annotations

import importlib.util
import json
from pathlib import Path

from logsluice.components import names
from logsluice.demo.objects import KINDS, NOT_OF_AWS
from tests.end_to_end.program import run
from tests.parts import unavailable


def test_the_demo_ends_with_events_of_every_format_that_can_be_searched(tmp_path: Path) -> None:
    if importlib.util.find_spec("moto") is None:
        unavailable("moto is not installed: pip install 'logsluice[demo]'")
    done = run("demo", "--once", cwd=tmp_path, seconds=150)
    assert (done.returncode, done.stderr) == (0, ""), done.stderr
    formats = set(names("formats")) - set(NOT_OF_AWS)
    if {writer.__name__ for writer, _ in KINDS} >= formats:  # the samples that stand for other formats have traps
        assert "rejects     none" in done.stdout
    listed = done.stdout.partition("formats     ")[2].partition("time range")[0].replace("·", " ").split()
    assert set(listed[::2]) == formats

    assert (
        "next:  logsluice search 'elb_status_code:>=500' --store logsluice-demo/store --count-by client_ip"
        in done.stdout
    )
    query = ("elb_status_code:>=500", "--store", "logsluice-demo/store", "--count-by", "client_ip", "--json")
    counted = [json.loads(line) for line in run("search", *query, cwd=tmp_path).stdout.splitlines()]
    assert sum(row["count"] for row in counted) > 10
