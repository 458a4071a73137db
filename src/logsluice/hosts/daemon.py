"""Runs pipelines until they are told to stop, or until their sources have come to an end.

Each pipeline has its own workers, parking lot, source and heartbeat: an outage of one is not felt by another. Not at
the start either: a pipeline that can't be opened is tried again while the others work, unless none can. The order of
stopping: stop receiving, drain within `shutdown_timeout`, heartbeat until the last settle, close. A second signal ends
the process at once; what was not settled by then comes back.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from types import FrameType

import structlog

from logsluice.delivery.deadline import Deadline
from logsluice.delivery.heartbeat import STALL_SECONDS, Heartbeat
from logsluice.delivery.parking import ParkingLot
from logsluice.errors import LogsluiceError, SinkFault, SourceFault, UsageError
from logsluice.hosts import memory
from logsluice.hosts.notify import notify
from logsluice.hosts.status import Reason, Status, of_this_process
from logsluice.hosts.watch import Watch
from logsluice.model import Delivery, Outcome, Source
from logsluice.pipeline import Pipeline

LONG_POLL_SECONDS = 20.0
SHORT_POLL_SECONDS = 1.0
BACKOFF_SECONDS = (0.5, 1.0, 2.0, 5.0, 10.0, 20.0)
TICK_SECONDS = 0.1
FLUSH_SECONDS = 1.0
FLUSH_PATIENCE_SECONDS = 5.0
GRACE_SECONDS = 2.0

log = structlog.get_logger("daemon")


@dataclass(slots=True, eq=False)
class Service:
    """A pipeline and what feeds it.

    Attributes:
        pipeline: What deliveries go through.
        source: Where they come from.
        workers: How many threads work on them.
        lot: Where those wait that can't be delivered now.
    """

    pipeline: Pipeline
    source: Source
    workers: int = 2
    lot: ParkingLot = field(default_factory=ParkingLot)


class Daemon:
    """The host of one or several pipelines in one process.

    Args:
        services: What to run.
        shutdown_timeout: Seconds for what is in hand after the first signal.
        tick: Called about ten times a second from the main thread, for a progress bar.
        stall_seconds: After so long without progress a delivery is given up to another worker.
    """

    def __init__(
        self,
        services: Sequence[Service],
        *,
        shutdown_timeout: float = 30.0,
        tick: Callable[[], None] | None = None,
        stall_seconds: float = STALL_SECONDS,
    ) -> None:
        self._services = services
        self._shutdown_timeout = shutdown_timeout
        self._tick = tick or (lambda: None)
        self._heartbeats = {service: Heartbeat(stall_seconds, service.pipeline.counters) for service in services}
        self._watches = {service: Watch(service, stall_seconds) for service in services}
        self._opening = {service: threading.Lock() for service in services}
        self._opened = ExitStack()
        self._deadline = Deadline()
        self._signals = 0
        self._is_opening = True
        self._stopping = threading.Event()
        self._has_ended = threading.Event()
        self._receiving: set[threading.Thread] = set()
        self._was_cut_off = False
        self._fatal: BrokenPipeError | UsageError | None = None

    def stop(self) -> None:
        """As the first signal does; from any thread."""
        self._stopping.set()
        self._deadline.bring_forward(self._shutdown_timeout)

    def status(self) -> Status:
        """How it is at this moment; from any thread."""
        watches = self._watches.values()
        unready = [reason for watch in watches for reason in watch.unready()]
        if self._stopping.is_set():
            unready.append(Reason("", "process", "", "it is stopping"))
        return Status(
            dead=[reason for watch in watches for reason in watch.dead()],
            unready=unready,
            urgent=[reason for watch in watches for reason in watch.urgent()],
            samples=[*(sample for watch in watches for sample in watch.samples()), *of_this_process()],
            at=time.time(),
        )

    def run(self) -> None:
        """Work until the sources end or a signal comes; returns when everything in hand is settled or given back.

        Raises:
            UsageError: A source or an output can't work at all; what was received is given back.
            BrokenPipeError: Whoever read standard output has gone.
        """
        with self._signal_handlers(), ExitStack() as opened:
            self._opened = opened
            closed = {service: fault for service in self._services if (fault := self._open(service)) is not None}
            if closed and len(closed) == len(self._services):
                fault = next(iter(closed.values()))
                raise UsageError(str(fault)) from fault
            for service, fault in closed.items():
                self._say_closed(service, fault)
            memory.settle()
            self._is_opening = False
            notify("READY=1")
            with ExitStack() as beating:
                for heartbeat in self._heartbeats.values():
                    beating.enter_context(heartbeat)
                self._drive()
        if self._fatal is not None:
            raise self._fatal

    # ------------------------------------------------------------------------------------------ main thread

    def _open(self, service: Service) -> LogsluiceError | None:
        """Open the outputs first: what can't be delivered must not be received. Returns why it could not be done."""
        watch = self._watches[service]
        try:
            service.pipeline.open()
            try:
                service.source.open()
            except BaseException:  # handed on: outputs without a source must not stay open
                service.pipeline.close()
                raise
        except (SourceFault, SinkFault) as fault:
            watch.not_received(fault)
            return fault
        self._opened.callback(self._close, service.pipeline)
        self._opened.callback(service.source.close)
        watch.is_open = True
        watch.trouble = None
        return None

    @staticmethod
    def _say_closed(service: Service, reason: Exception) -> None:
        log.warning("a pipeline can't be opened yet", pipeline=service.pipeline.name, reason=str(reason))

    def _is_open(self, service: Service) -> bool:
        """Whether it may work; one that could not be opened at first is tried again until it can, or must stop."""
        failures = 0
        with self._opening[service]:
            while not self._watches[service].is_open and not self._stopping.is_set():
                self._stopping.wait(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)])
                failures += 1
                try:
                    fault = self._open(service)
                except UsageError as error:  # the others must go on: said, and tried again
                    self._say_closed(service, error)
                else:
                    if fault is not None:
                        self._say_closed(service, fault)
        return self._watches[service].is_open

    def _close(self, pipeline: Pipeline) -> None:
        """Close the outputs, unless work was cut off: it may still be sending, and what is confirmed is safe."""
        if not self._was_cut_off:
            pipeline.close()

    def _drive(self) -> None:
        workers = [
            threading.Thread(target=self._work, args=(service,), name=f"{service.pipeline.name}-{n}", daemon=True)
            for service in self._services
            for n in range(service.workers)
        ]
        flushing = threading.Thread(target=self._keep_flushing, name="flush", daemon=True)
        for thread in (*workers, flushing):
            thread.start()
        while any(worker.is_alive() for worker in workers):
            self._tick()
            if self._signals and not self._stopping.is_set():
                log.info("stopping: draining what is in hand", at_most_seconds=self._shutdown_timeout)
                notify("STOPPING=1")
                self.stop()
            if self._stopping.is_set() and self._may_leave(workers):
                break
            time.sleep(TICK_SECONDS)
        self._tick()
        self._has_ended.set()
        flushing.join(FLUSH_PATIENCE_SECONDS)
        for service in self._services:
            for delivery in service.lot.clear():
                self._settle(service, delivery, Outcome.RETRY)
        if flushing.is_alive():
            log.warning("a source does not answer: some of what was done may be handed out again, and add nothing")
        else:
            self._flush()

    def _may_leave(self, workers: Sequence[threading.Thread]) -> bool:
        """Whether all workers that are left are in a long poll (what it brings comes back), or overdue."""
        left = {worker for worker in workers if worker.is_alive()}
        if left <= self._receiving:
            return True
        if self._deadline.has_passed and self._deadline.overdue > GRACE_SECONDS:
            log.warning("work was cut off after the shutdown timeout: it will be delivered again", workers=len(left))
            self._was_cut_off = True
            return True
        return False

    def _keep_flushing(self) -> None:
        """Beside the main thread, which hears signals and tells the status while a source waits for its service."""
        while not self._has_ended.wait(FLUSH_SECONDS):
            self._flush()

    def _flush(self) -> None:
        for service in self._services:
            if not self._watches[service].is_open:
                continue
            try:
                service.source.flush()
            except SourceFault as fault:
                log.warning("settled deliveries could not be confirmed to the source", reason=str(fault))
            except Exception as error:  # a fault of ours in one source must not keep the others from it: said
                log.error("flushing failed by an error in logsluice", error=repr(error), exc_info=error)
                service.pipeline.counters.add("crashes")

    @contextmanager
    def _signal_handlers(self) -> Iterator[None]:
        if threading.current_thread() is not threading.main_thread():
            yield  # a test or an embedding program stops us by stop()
            return

        def handle(number: int, _: FrameType | None) -> None:
            self._signals += 1
            if self._signals > 1:
                os._exit(128 + number)
            if self._is_opening:  # nothing is in hand, and a service that doesn't answer must not keep us
                raise SystemExit(0) if number == signal.SIGTERM else KeyboardInterrupt

        before = {number: signal.signal(number, handle) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    # --------------------------------------------------------------------------------------------- workers

    def _work(self, service: Service) -> None:
        failures = 0
        watch = self._watches[service]
        if not self._is_open(service):
            return
        while not self._stopping.is_set():
            watch.begins()
            try:
                batch = self._next_batch(service)
            except SourceFault as fault:
                wait = BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS) - 1)]
                failures += 1
                watch.not_received(fault)
                log.warning("nothing can be received", pipeline=service.pipeline.name, reason=str(fault), again_in=wait)
                self._stopping.wait(wait)
                continue
            except Exception as error:  # a fault of ours must not end one worker after the other, unseen: said
                log.error("receiving failed by an error in logsluice", error=repr(error), exc_info=error)
                service.pipeline.counters.add("crashes")
                failures += 1
                self._stopping.wait(BACKOFF_SECONDS[min(failures, len(BACKOFF_SECONDS)) - 1])
                continue
            failures = 0
            if batch is None:
                break
            if batch:
                watch.begins(batch)
                self._process(service, batch)
        watch.ends()

    def _next_batch(self, service: Service) -> Sequence[Delivery] | None:
        """Parked deliveries that may go on, else fresh ones; empty when there is nothing to do, None at the end."""
        lot = service.lot
        if cured := lot.take():
            return cured
        if lot.is_full or (service.pipeline.is_blocked and lot.may_probe):
            self._stopping.wait(SHORT_POLL_SECONDS / 4)
            return []
        me = threading.current_thread()
        self._receiving.add(me)
        try:
            batch = service.source.receive(SHORT_POLL_SECONDS if len(lot) else LONG_POLL_SECONDS)
        finally:
            self._receiving.discard(me)
        self._watches[service].received(batch or ())
        if batch is None and len(lot):
            self._stopping.wait(SHORT_POLL_SECONDS / 4)
            return []
        if batch and self._stopping.is_set():
            for delivery in batch:
                self._settle(service, delivery, Outcome.RETRY)
            return []
        if batch:
            self._heartbeats[service].keep(service.source, batch)
        return batch

    def _process(self, service: Service, batch: Sequence[Delivery]) -> None:
        in_hand = dict.fromkeys(batch)
        try:
            for delivery, outcome in service.pipeline.process(batch, self._deadline):
                in_hand.pop(delivery)
                self._done(service, delivery, outcome)
        except (BrokenPipeError, UsageError) as error:
            # Whoever read our standard output has gone (`| head`), or it is a full disk: nothing can come of going on.
            self._fatal = error
            self.stop()
            for delivery in in_hand:
                self._done(service, delivery, Outcome.RETRY)
        except Exception as error:  # a fault of ours in one delivery must not end the worker: said, and tried again
            log.error("a batch failed by an error in logsluice", error=repr(error), exc_info=error)
            service.pipeline.counters.add("crashes")
            if len(batch) > 1:  # only the one that did it suffers
                for delivery in in_hand:
                    self._process(service, [delivery])
                return
            for delivery in in_hand:
                self._done(service, delivery, Outcome.RETRY)

    def _done(self, service: Service, delivery: Delivery, outcome: Outcome) -> None:
        """One delivery has its outcome: park it, or settle it."""
        before = service.lot.reasons_of(delivery)
        if outcome <= Outcome.REJECTED:
            service.lot.cure(before)
            service.pipeline.cured(before)
        else:  # what it was parked for may not even have been tried
            service.lot.still_sick(before)
        if outcome is Outcome.PARKED:
            service.lot.park(delivery)
        else:
            self._settle(service, delivery, outcome)

    def _settle(self, service: Service, delivery: Delivery, outcome: Outcome) -> None:
        try:
            service.source.settle(delivery, outcome)
        except SourceFault as fault:
            # It comes back and meets its own events: said, not raised.
            log.warning("a delivery could not be settled", delivery=delivery.id, reason=str(fault))
        finally:
            self._heartbeats[service].drop(delivery)
            self._watches[service].settled(delivery)
