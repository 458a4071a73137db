"""Connections to the receivers: one request at a time on each, kept open between requests."""

from __future__ import annotations

import select
import socket
import ssl
import threading
import time
from collections import defaultdict
from pathlib import Path

from logsluice.cluster.rotation import Rotation
from logsluice.cluster.tls import Trust
from logsluice.errors import Busy, Sick, SinkFault
from logsluice.sinks.lumberjack.config import Config, address
from logsluice.sinks.lumberjack.frames import Acknowledgements

CONNECT_SECONDS = 5.0
PATIENCE = 10
"""How many timeouts a receiver may take that says again and again that it is still at work."""


class Connection:
    """One connection.

    Args:
        place: Host and port, for messages.
        connected: It, open.
        timeout: Seconds of silence after which it counts as broken.
    """

    def __init__(self, place: str, connected: socket.socket, timeout: float) -> None:
        self.place = place
        self._socket = connected
        self._timeout = timeout
        self._is_secure = isinstance(connected, ssl.SSLSocket)

    @property
    def is_usable(self) -> bool:
        """Whether it is open and nothing has come: between requests a receiver only ever hangs up."""
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return not poll.poll(0)

    def exchange(self, request: bytes, answer: Acknowledgements) -> None:
        """Send a request and read until all of it is acknowledged.

        Raises:
            SinkFault: It is broken; `answer` says how far it came.
        """
        deadline = time.monotonic() + PATIENCE * self._timeout
        try:
            self._socket.settimeout(self._timeout)
            self._socket.sendall(request)
            while not answer.are_complete:
                self._socket.settimeout(min(self._timeout, max(0.001, deadline - time.monotonic())))
                data = self._socket.recv(4096)
                if not data:
                    advice = (
                        "" if answer.number or self._is_secure else "; if it always does: does it want `ssl: true`?"
                    )
                    raise Busy(f"{self.place} has closed the connection before it acknowledged all{advice}")
                answer.feed(data)
                if not answer.are_complete and time.monotonic() > deadline:
                    raise TimeoutError
        except TimeoutError:
            raise Busy(f"{self.place} acknowledges too slowly: it is full, or `timeout` too short") from None
        except OSError as error:
            raise _fault(self.place, error) from None
        except Sick as fault:
            raise Sick(f"{self.place}: {fault}") from None

    def close(self) -> None:
        """Hang up."""
        self._socket.close()


class Dialer:
    """Opens connections. Raises UsageError where a file of TLS can't be read."""

    def __init__(self, config: Config, base: Path) -> None:
        self._timeout = config.timeout
        self._tls = _trust(config, base).context() if config.ssl else None

    def dial(self, place: str) -> Connection:
        """A new connection. Raises SinkFault."""
        host, port = address(place)
        try:
            connected = socket.create_connection((host, port), min(CONNECT_SECONDS, self._timeout))
            if self._tls is not None:
                connected = self._tls.wrap_socket(connected, server_hostname=host)  # closes it where it fails
        except OSError as error:
            raise _fault(place, error) from None
        return Connection(place, connected, self._timeout)


class Connections:
    """Those that are open and not in use, by host; and which host is next.

    Raises:
        UsageError: A file of TLS can't be read.
    """

    def __init__(self, config: Config, base: Path) -> None:
        self._dialer = Dialer(config, base)
        self._rotation = Rotation(config.places, spread=config.loadbalance)
        self._idle: dict[str, list[Connection]] = defaultdict(list)
        self._lock = threading.Lock()

    def take(self) -> Connection:
        """A connection to the next host that can be reached, for the caller alone.

        Raises:
            SinkFault: None can be; Sick when no waiting cures that for any.
        """
        faults: list[SinkFault] = []
        for place in self._rotation.in_turn():
            try:
                return self._kept(place) or self._dialer.dial(place)
            except SinkFault as fault:
                self._rotation.mark_dead(place)
                faults.append(fault)
        kind = Sick if all(isinstance(fault, Sick) for fault in faults) else Busy
        raise kind("; ".join(map(str, faults)))

    def give_back(self, connection: Connection) -> None:
        """It has done its request well."""
        self._rotation.mark_alive(connection.place)
        with self._lock:
            self._idle[connection.place].append(connection)

    def drop(self, connection: Connection) -> None:
        """It is broken, and others to that host will be as well."""
        connection.close()
        self._rotation.mark_dead(connection.place)

    def close(self) -> None:
        """Close what is not in use."""
        with self._lock:
            for connections in self._idle.values():
                while connections:
                    connections.pop().close()

    def _kept(self, place: str) -> Connection | None:
        while True:
            with self._lock:
                if not self._idle[place]:
                    return None
                connection = self._idle[place].pop()
            if connection.is_usable:
                return connection
            connection.close()


def _trust(config: Config, base: Path) -> Trust:
    paths = (config.ca_file, config.client_certificate, config.client_key)
    ca_file, certificate, key = (None if path is None else base / path for path in paths)
    return Trust(ca_file, None, config.verify_certificates, certificate, key, config.client_key_password)


def _fault(place: str, error: OSError) -> SinkFault:
    """The sentence for what went wrong, and whether waiting cures it."""
    text = str(error)
    if not isinstance(error, ssl.SSLError):
        return Busy(f"{place}: {error.strerror or text}")
    if "CERTIFICATE_VERIFY_FAILED" in text:
        advice = "set `ca_file` to the certificate of its authority; or, for a test, `verify_certificates: false`"
        return Sick(f"the certificate of {place} can't be trusted: {error.strerror or text}; {advice}")
    if "WRONG_VERSION_NUMBER" in text or "record layer" in text:
        return Sick(f"{place} does not speak TLS; set `ssl: false`")
    if "_ALERT_" in text:
        advice = "does it ask for a `client_certificate` that its authorities have signed?"
        return Sick(f"{place} refuses us: {error.strerror or text}; {advice}")
    return Busy(f"{place}: {error.strerror or text}")
