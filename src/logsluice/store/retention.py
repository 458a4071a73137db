"""How long a store keeps what: days that are too old, a bound on its size, files that were replaced.

Days go as a whole, by the date of the events (UTC). Their files are taken out of the catalog at once and removed after
a grace period, for readers that began before. Which positions they held stays known for `LOOK_BACK_SECONDS`: an object
that is announced again after its day was dropped does not come back.
"""

from __future__ import annotations

import contextlib
import shutil
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Literal

from logsluice.errors import Sick
from logsluice.store.catalog import Catalog, DataFile
from logsluice.store.chunk import NO_DATE
from logsluice.store.database import Overtaken
from logsluice.store.parquet import as_sink_faults

GRACE_SECONDS = 600.0
"""Files without an entry are left alone for so long: readers may be at them, or a writer about to enter them."""

LOOK_BACK_SECONDS = 14 * 86_400.0
"""As long as a message can stay in a queue (Amazon SQS API Reference, SetQueueAttributes, MessageRetentionPeriod)."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What a store may take.

    Attributes:
        keep: Seconds since the end of a day until it is dropped; None keeps all.
        max_size: Bytes of all files.
        min_free: Bytes that must stay free on the disk.
        when_full: What to do then: drop the oldest days, or take no more.
    """

    keep: float | None = None
    max_size: int | None = None
    min_free: int = 0
    when_full: Literal["drop_oldest", "pause"] = "pause"


def drop_old(catalog: Catalog, keep: float, now: datetime) -> list[DataFile]:
    """Take out the days that ended longer ago than `keep` seconds; events without a time by when they were written.

    Returns:
        What was dropped.
    """
    oldest = (now.astimezone(UTC) - timedelta(seconds=keep)).date().isoformat()
    files = catalog.snapshot().files
    timeless = set(catalog.written_before(NO_DATE, now.timestamp() - keep))
    old = [file for file in files if (file.path in timeless if file.date == NO_DATE else file.date < oldest)]
    return old if _drop(catalog, old) else []


def make_room(catalog: Catalog, folder: Path, limits: Limits) -> list[DataFile]:
    """See to it that the store is not larger than it may be.

    Returns:
        What was dropped for it.

    Raises:
        Sick: It is, and nothing may be dropped, or the newest day alone is too large.
    """
    missing = _missing(catalog, folder, limits)
    if missing <= 0:
        return []
    if limits.when_full == "pause":
        raise Sick(f"the store in {folder} is full: {_bound(limits)} is reached")
    files = sorted(catalog.snapshot().files, key=lambda file: (file.date == NO_DATE, file.date))
    days = list(dict.fromkeys(file.date for file in files if file.date != NO_DATE)) or [NO_DATE]
    dropped: list[DataFile] = []
    for day in days[:-1]:
        if missing <= 0:
            break
        old = [file for file in files if file.date == day]
        dropped += old
        missing -= sum(file.bytes for file in old)
    if missing > 0:
        raise Sick(f"the store in {folder} is full: its newest day alone does not fit ({_bound(limits)})")
    return dropped if _drop(catalog, dropped) else []


def remove_gone(catalog: Catalog, folder: Path, now: float) -> None:
    """Remove the files that were replaced or dropped longer ago than the grace period, and forget very old ranges."""
    gone = catalog.gone(now - GRACE_SECONDS)
    for file in gone:
        (folder / file.path).unlink(missing_ok=True)
    if gone:
        catalog.removed(gone)
        for day in {(folder / file.path).parent for file in gone}:
            _remove_empty(day)
    catalog.prune(now - LOOK_BACK_SECONDS)


def remove_unfinished(folder: Path, before: float) -> None:
    """Remove what killed processes left under `_tmp/` before a moment (seconds since 1970); others may do it too."""
    for path in folder.glob("_tmp/*"):
        if written_before(path, before):
            if path.is_dir():
                shutil.rmtree(path, ignore_errors=True)
            else:
                path.unlink(missing_ok=True)


def written_before(path: Path, moment: float) -> bool:
    """Whether a file is there and was changed last before a moment (seconds since 1970)."""
    try:
        return path.stat().st_mtime < moment
    except FileNotFoundError:
        return False


def tidy(folder: Path) -> None:
    """`remove_gone` for a store that nobody has open here. Raises Sick, Busy or UsageError."""
    with as_sink_faults(folder), contextlib.closing(Catalog(folder)) as catalog:
        remove_gone(catalog, folder, time.time())
        remove_unfinished(folder, time.time() - GRACE_SECONDS)


def _missing(catalog: Catalog, folder: Path, limits: Limits) -> int:
    over = 0 if limits.max_size is None else catalog.size() - limits.max_size
    if limits.min_free:
        going = sum(file.bytes for file in catalog.gone(time.time() + 1))  # room that the grace period gives back
        over = max(over, limits.min_free - shutil.disk_usage(folder).free - going)
    return over


def _bound(limits: Limits) -> str:
    bounds = {"max_size": limits.max_size, "min_free": limits.min_free or None}
    return " or ".join(f"{name} of {value} bytes" for name, value in bounds.items() if value is not None)


def _drop(catalog: Catalog, files: Sequence[DataFile]) -> bool:
    """False when somebody else was at these files meanwhile: next time."""
    try:
        if files:
            catalog.drop([file.path for file in files])
    except Overtaken:
        return False
    return True


def _remove_empty(folder: Path) -> None:
    try:
        folder.rmdir()
    except OSError:  # not empty: another file of that day has come
        pass
