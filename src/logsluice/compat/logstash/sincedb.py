"""What Logstash's inputs have kept of how far they had read, so that a migration goes on where Logstash stopped.

It is read when the configuration is; it counts at the very first start only, and after that our own state does.
Facts: the sources of the inputs `s3` and `file`.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from hashlib import md5
from pathlib import Path

DATA_FOLDERS = ("/usr/share/logstash/data", "/var/lib/logstash")
"""`path.data` of the container image and of the packages."""

_TIME = re.compile(r"(?P<date>[0-9]{4}-[0-9]{2}-[0-9]{2})[T ](?P<clock>[0-9:]+(?:\.[0-9]{1,6})?)[0-9]* *(?P<zone>\S*)")
_UTC = ("UTC", "GMT", "Z")


def after_last_object(path: str | None, data: str, bucket: str, prefix: str | None) -> str | None:
    """The time from which on objects are to be read, None where Logstash has read none.

    Logstash has read what was written until the second that its sincedb names.

    Args:
        path: `sincedb_path`, or None for Logstash's own place below `data`, and then in the home folder.
        data: `path.data`, "" where it is not known.
        bucket: As in the configuration.
        prefix: Likewise.

    Raises:
        ValueError: There is a file that holds something else.
    """
    places = [Path(path)] if path else list(_usual_places(data, f"{bucket}+{prefix or ''}"))
    for place in places:
        try:
            text = place.read_text(encoding="utf-8", errors="replace").strip()
        except OSError:
            continue
        return (_time(text, place) + timedelta(seconds=1)).strftime("%Y-%m-%dT%H:%M:%SZ") if text else None
    return None


def positions_in_files(path: str | None, data: str, patterns: Sequence[str]) -> dict[str, int]:
    """How far Logstash's input `file` has read, by path, for files that are still there under some of these patterns.

    Args:
        path: `sincedb_path`, or None for Logstash's own place.
        data: `path.data`, "" where it is not known.
        patterns: The input's `path`.
    """
    own = list(_usual_places(data, ",".join(patterns), ".sincedb_", "file"))
    for place in [Path(path)] if path else own:
        try:
            lines = place.read_text(encoding="utf-8", errors="replace").splitlines()
        except OSError:
            continue
        read = dict(_positions(lines))
        there = sorted(file for pattern in patterns for file in glob.glob(pattern, recursive=True))  # noqa: PTH207
        return {file: read[inode] for file in there if (inode := _inode(file)) in read}
    return {}


def _inode(file: str) -> int:
    try:
        return Path(file).stat().st_ino
    except OSError:
        return -1


def _positions(lines: Sequence[str]) -> Iterator[tuple[int, int]]:
    """Of `inode major minor position [time path]`: inodes and positions."""
    for line in lines:
        parts = line.split()
        if len(parts) >= 4 and parts[0].isdigit() and parts[3].isdigit():
            yield int(parts[0]), int(parts[3])


def _usual_places(data: str, read: str, name: str = "sincedb_", plugin: str = "s3") -> Iterator[Path]:
    digest = md5(read.encode(), usedforsecurity=False).hexdigest()
    for folder in (data, *DATA_FOLDERS):
        if folder:
            yield Path(folder) / "plugins" / "inputs" / plugin / f"{name}{digest}"
    if "HOME" in os.environ:
        yield Path(os.environ["HOME"]) / f".sincedb_{digest}"


def _time(text: str, place: Path) -> datetime:
    """As Ruby writes a time (`2026-01-31 12:00:00 UTC`, `… +0100`), or as ISO 8601."""
    found = _TIME.fullmatch(text)
    zone = found["zone"] if found else ""
    try:
        moment = datetime.fromisoformat(f"{found['date']} {found['clock']}") if found else None
        offset = datetime.strptime(zone, "%z").tzinfo if zone and zone not in _UTC else UTC
    except ValueError:
        moment = None
    if moment is None:
        raise ValueError(f"{place} is no sincedb of the input s3: it holds {text[:60]!r} instead of a time")
    return moment.replace(tzinfo=offset).astimezone(UTC)
