"""What a store needs while a pipeline writes to it: old days dropped, replaced files removed, small files compacted."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import threading
import time
from datetime import UTC, datetime
from pathlib import Path

import structlog

from logsluice.errors import SinkFault
from logsluice.store.catalog import Catalog
from logsluice.store.compaction import plan
from logsluice.store.database import Overtaken
from logsluice.store.parquet import as_sink_faults
from logsluice.store.retention import GRACE_SECONDS, drop_old, remove_gone, remove_unfinished

INTERVAL_SECONDS = 60.0
_PATIENCE_SECONDS = 5.0

_log = structlog.get_logger("store")


class Upkeep:
    """A thread that has a look once a minute; several processes may each have one.

    Args:
        folder: The store's, which is there.
        keep: Seconds since a day's end until it is dropped; None keeps all.
        compact: Whether to merge small files.
    """

    def __init__(self, folder: Path, keep: float | None, *, compact: bool = True) -> None:
        self._folder = folder
        self._keep = keep
        self._compacts = compact
        self._ending = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; the first look is after one interval, for most short runs end before."""
        self._ending.clear()
        self._thread = threading.Thread(target=self._run, name="store upkeep", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End; a compaction is broken off, which leaves the store as it was. Does not wait long for a busy catalog."""
        self._ending.set()
        if self._thread is not None:
            self._thread.join(_PATIENCE_SECONDS)

    def _run(self) -> None:
        while not self._ending.wait(INTERVAL_SECONDS):
            try:
                with as_sink_faults(self._folder):
                    self._look()
            except SinkFault as fault:  # writing meets it as well, and pauses
                _log.warning("the store's upkeep failed and is tried again", error=str(fault))
            except Overtaken:
                pass  # the catalog was rebuilt: next time

    def _look(self) -> None:
        catalog = Catalog(self._folder)
        try:
            if self._keep is not None and (dropped := drop_old(catalog, self._keep, datetime.now(UTC))):
                days = sorted({file.date for file in dropped})
                _log.info("old days dropped", days=days, events=sum(file.rows for file in dropped))
            remove_gone(catalog, self._folder, time.time())
            remove_unfinished(self._folder, time.time() - GRACE_SECONDS)
            worth_it = self._compacts and bool(plan(catalog.snapshot().files))
        finally:
            catalog.close()
        if worth_it:
            self._compact()

    def _compact(self) -> None:
        """In a process of its own: neither this one's memory nor its interpreter's lock is touched."""
        command = [sys.executable, "-m", "logsluice.store.compaction", str(self._folder)]
        with tempfile.TemporaryFile() as said:
            # A session of its own: Ctrl-C is for this process, which ends the other one.
            with subprocess.Popen(  # noqa: S603
                command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said, start_new_session=True
            ) as process:
                while process.poll() is None:
                    if self._ending.wait(0.2):
                        process.kill()
            if process.returncode and not self._ending.is_set():
                said.seek(0)
                last = said.read().decode(errors="replace").strip()[-500:]
                _log.warning(
                    "the store could not be compacted, which is tried again", error=last, exit_code=process.returncode
                )
