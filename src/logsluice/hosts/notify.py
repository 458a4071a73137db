"""Tells systemd how the service is (`Type=notify`). The protocol is that of sd_notify(3): a datagram of text."""

from __future__ import annotations

import os
import socket
from typing import Literal

import structlog

VARIABLE = "NOTIFY_SOCKET"

log = structlog.get_logger("notify")


def notify(state: Literal["READY=1", "STOPPING=1"]) -> None:
    """Tell it to whoever started this process as a service; does nothing elsewhere."""
    address = os.environ.get(VARIABLE)
    if not address:
        return
    try:
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as line:
            line.connect(f"\0{address[1:]}" if address.startswith("@") else address)
            line.send(state.encode())
    except OSError as error:
        log.warning("systemd can't be told", state=state, reason=str(error))
