"""Prints those entries of a lock that a report of pip's says logsluice needs: `pinned.py REPORT LOCK`.

pip before 26 checks hashes only where every requirement is listed, not where a constraint has them.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path


def pinned(report: str, lock: str) -> list[str]:
    """The entries, with their hashes, in the lock's order.

    Args:
        report: What `pip install --dry-run --report` wrote.
        lock: The text of requirements.lock.

    Raises:
        SystemExit: The lock lacks one.
    """
    needed = {re.sub(r"[-_.]+", "-", each["metadata"]["name"]).lower() for each in json.loads(report)["install"]}
    entries = {entry.partition("==")[0]: entry for entry in re.split(r"\n(?=\S)", lock.strip())}
    if missing := needed - {"logsluice", *entries}:
        raise SystemExit(f"requirements.lock lacks {', '.join(sorted(missing))}: run `make lock`")
    return [entry for name, entry in entries.items() if name in needed]


if __name__ == "__main__":
    sys.stdout.write("\n".join(pinned(*(Path(name).read_text(encoding="utf-8") for name in sys.argv[1:]))) + "\n")
