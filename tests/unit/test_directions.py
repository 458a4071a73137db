"""Which way imports point: what knows a log's text must not know where it comes from, or goes."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

import logsluice

SOURCE = Path(logsluice.__file__).parent
NETWORK = {"boto3", "botocore", "urllib3", "http", "socket", "ssl", "requests", "asyncio"}
OUTSIDE = {f"logsluice.{name}" for name in ("aws", "sources", "sinks", "store", "cluster", "hosts", "cli", "delivery")}

FORBIDDEN = {
    "formats": NETWORK | OUTSIDE,
    "filters": NETWORK | OUTSIDE,
    "framing": NETWORK | OUTSIDE,
    "lang": NETWORK | OUTSIDE,
    "model.py": NETWORK | OUTSIDE,
    "decode.py": NETWORK | OUTSIDE,
    "reading.py": NETWORK | (OUTSIDE - {"logsluice.sources"}),
    "pipeline.py": NETWORK | (OUTSIDE - {"logsluice.delivery"}),
    "delivery": NETWORK | (OUTSIDE - {"logsluice.delivery"}),
    "state": OUTSIDE - {"logsluice.aws"},
    "sources": OUTSIDE - {"logsluice.sources", "logsluice.aws"},
    "sinks": OUTSIDE - {"logsluice.sinks", "logsluice.aws", "logsluice.store", "logsluice.cluster"},
    "store": NETWORK | (OUTSIDE - {"logsluice.store", "logsluice.sinks"}),
}
ALLOWED = {
    # an S3 prefix as a dead letter: imported when one is configured
    ("delivery/dead_letter.py", "logsluice.aws"),
    ("delivery/dead_letter.py", "botocore"),
}


def imports(path: Path) -> Iterator[str]:
    """Every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


@pytest.mark.parametrize("part", FORBIDDEN)
def test_a_part_imports_nothing_that_it_must_not_know(part: str) -> None:
    place = SOURCE / part
    found = {
        (str(path.relative_to(SOURCE)), forbidden)
        for path in ([place] if place.is_file() else place.rglob("*.py"))
        for module in imports(path)
        for forbidden in FORBIDDEN[part]
        if module == forbidden or module.startswith(f"{forbidden}.")
    }
    assert found - ALLOWED == set()


def test_what_is_checked_is_there() -> None:
    assert [part for part in FORBIDDEN if not (SOURCE / part).exists()] == []
    assert "logsluice.decode" in set(imports(SOURCE / "pipeline.py"))
