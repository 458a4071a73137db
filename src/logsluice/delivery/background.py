"""Work beside the worker's own, in threads that never keep the process from ending."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future


def in_background(name: str, work: Callable[[], None]) -> Future[None]:
    """Start `work` in a daemon thread of its own.

    An executor's threads are waited for when the interpreter ends: a send that hangs would outlive the shutdown
    timeout.
    """
    future: Future[None] = Future()

    def run() -> None:
        try:
            work()
        except BaseException as error:  # noqa: BLE001 - handed on: it is raised where the result is asked for
            future.set_exception(error)
        else:
            future.set_result(None)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
