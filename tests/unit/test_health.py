"""What a running program tells of itself: alive, ready, and why not."""

from __future__ import annotations

import json
import os
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from logsluice.delivery.parking import ParkingLot
from logsluice.errors import Busy, Denied, Sick, Unavailable, UsageError
from logsluice.hosts import health_server, watch
from logsluice.hosts.daemon import Daemon, Service
from logsluice.hosts.health_server import MOST_CLIENTS, HealthServer
from logsluice.hosts.processes import Reporter
from logsluice.hosts.status import Reason, Status, load, together
from logsluice.hosts.status_file import StatusFile, folder, running
from logsluice.model import Encoded, Sent
from logsluice.pipeline import Output
from logsluice.telemetry.metrics import Sample
from tests.unit.doubles import MemorySink, MemorySource, lines, pipeline
from tests.unit.test_daemon import Running, eventually


def told(reasons: Any) -> list[tuple[str, str, str]]:
    return [(reason.what, reason.name, reason.reason) for reason in reasons]


def gauges(status: Status) -> dict[str, float]:
    return {sample.name: sample.value for sample in status.samples if sample.labels == {"pipeline": "test"}}


def test_a_daemon_is_ready_while_it_receives() -> None:
    source = MemorySource([lines("a")], endless=True)
    running = Service(pipeline(Output("memory", MemorySink())), source)
    daemon = Daemon([running])
    assert told(daemon.status().unready) == [("pipeline", "", "it is being opened")]
    with Running(running) as at_work:
        eventually(lambda: len(source.settled) == 1)
        status = at_work.daemon.status()
        assert (status.dead, status.unready, status.urgent) == ([], [], [])
        found = gauges(status)
        assert {name: found[name] for name in ("workers", "ready", "deliveries_in_hand", "deliveries_parked")} == {
            "workers": 2,
            "ready": 1,
            "deliveries_in_hand": 0,
            "deliveries_parked": 0,
        }
        at_work.daemon.stop()
        assert told(at_work.daemon.status().unready) == [("process", "", "it is stopping")]


def test_a_sick_index_is_named_with_its_reason_and_since_when() -> None:
    sink = MemorySink(behave=lambda m: Sick("read-only", scope="old") if m == "old" else None)
    source = MemorySource([lines("old"), lines("new", uri="s3://logs/b")], endless=True, retry_again=False)
    running = Service(pipeline(Output("memory", sink, park_after=0.0)), source, lot=ParkingLot(first_probe=0.02))
    with Running(running, shutdown_timeout=0.2) as at_work:
        eventually(lambda: len(running.lot) == 1)
        [reason] = at_work.daemon.status().unready
        assert (reason.pipeline, reason.what, reason.name, reason.reason) == (
            "test",
            "output",
            "memory/old",
            "read-only",
        )
        assert reason.since is not None
        assert list(at_work.daemon.status().dead) == [], "an outage is not cured by a restart"
        assert gauges(at_work.daemon.status())["ready"] == 0
        sink.behave = lambda m: None
        eventually(lambda: at_work.daemon.status().unready == [])


def test_an_output_that_asks_for_time_is_told_of_after_a_while(monkeypatch: pytest.MonkeyPatch) -> None:
    sink = MemorySink(whole=Busy("429"))
    source = MemorySource([lines("a")], endless=True, retry_again=False)
    with Running(Service(pipeline(Output("memory", sink)), source), shutdown_timeout=0.2) as at_work:
        eventually(lambda: sink.requests > 0)
        time.sleep(0.05)
        assert at_work.daemon.status().unready == []
        monkeypatch.setattr(watch, "FAILING_SECONDS", 0.0)
        assert told(at_work.daemon.status().unready) == [("output", "memory", "429")]


def test_an_output_that_is_not_required_keeps_nobody_from_being_ready() -> None:
    sink = MemorySink(whole=Sick("gone"))
    source = MemorySource([lines("a")], endless=True)
    with Running(Service(pipeline(Output("memory", sink, required=False)), source)) as at_work:
        eventually(lambda: sink.requests > 0)
        assert at_work.daemon.status().unready == []


def test_a_source_that_fails_is_told_of_until_it_works(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(watch, "FAILING_SECONDS", 0.0)
    source = MemorySource([], endless=True, fault=Unavailable("no route to the queue"))
    with Running(Service(pipeline(Output("memory", MemorySink())), source, workers=1)) as at_work:
        eventually(lambda: told(at_work.daemon.status().unready) == [("source", "", "no route to the queue")])
        eventually(lambda: at_work.daemon.status().unready == [])


def test_a_paused_bucket_and_a_full_lot_are_told_of() -> None:
    made = pipeline(Output("memory", MemorySink()))
    running = Service(made, MemorySource([], endless=True), lot=ParkingLot(capacity=0))
    seen = watch.Watch(running, stall_seconds=10.0, is_open=True)
    for number in range(5):
        delivery = lines("a", uri=f"s3://denied/{number}")
        made.policies.decide(Denied("403"), delivery, delivery.payloads[0].origin)
    assert told(seen.unready()) == [
        ("bucket", "s3://denied", "its objects can't be read, so nothing of it is read for now"),
        ("parking", "", "0 deliveries are parked, and no more are received"),
    ]


def test_an_outage_of_half_the_retention_is_urgent(monkeypatch: pytest.MonkeyPatch) -> None:
    source = MemorySource([], endless=True)
    seen = watch.Watch(Service(pipeline(Output("memory", MemorySink())), source), stall_seconds=10.0, is_open=True)
    seen.trouble = watch.Trouble(time.monotonic() - 3600, "no route")
    assert list(seen.urgent()) == [], "nothing is known of how long this source keeps things"
    monkeypatch.setattr(source, "retention", 4 * 3600.0, raising=False)
    assert list(seen.urgent()) == []
    monkeypatch.setattr(source, "retention", 2 * 3600.0)
    assert told(seen.urgent()) == [("source", "", "the queue forgets its oldest messages in 1:00:00")]


class _HangingSink(MemorySink):
    def __init__(self) -> None:
        super().__init__()
        self.hang = threading.Event()

    def encode(self, events: Any, refuse: Any) -> Encoded:
        self.hang.wait(30)
        return super().encode(events, refuse)

    def send(self, encoded: Encoded) -> Sent:
        return super().send(encoded)


def test_a_worker_that_hangs_is_a_reason_to_start_anew() -> None:
    sink = _HangingSink()
    source = MemorySource([lines("a")], endless=True)
    with Running(Service(pipeline(Output("memory", sink)), source, workers=1), stall_seconds=0.2) as at_work:
        eventually(
            lambda: (
                told(at_work.daemon.status().dead) == [("worker", "test-0", "a worker hangs: it has made no progress")]
            )
        )
        sink.hang.set()
        eventually(lambda: at_work.daemon.status().dead == [])


def test_workers_that_have_all_ended_by_an_error_are_a_reason_to_start_anew() -> None:
    seen = watch.Watch(Service(pipeline(Output("m", MemorySink())), MemorySource([])), stall_seconds=10.0, is_open=True)
    worker = threading.Thread(target=seen.begins)
    worker.start()
    worker.join()
    assert told(seen.dead()) == [("worker", "", "every worker has ended by an error")]
    seen.begins()
    assert list(seen.dead()) == []


# ------------------------------------------------------------------------------------------------------- over HTTP


def get(port: int, path: str) -> tuple[int, bytes]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read()
    except urllib.error.HTTPError as answer:
        with answer:
            return answer.code, answer.read()


SICK = Reason("alb", "output", "opensearch", "read-only")


def test_the_three_paths_and_no_other() -> None:
    status = Status(unready=[SICK], samples=[Sample("processes", {}, 2)])
    with HealthServer("127.0.0.1", 0, lambda: status) as server:
        code, body = get(server.port, "/health/live?x=1")
        assert (code, json.loads(body)) == (200, {"status": "live", "reasons": [], "warnings": []})
        code, body = get(server.port, "/health/ready")
        reason = {"pipeline": "alb", "what": "output", "name": "opensearch", "reason": "read-only"}
        assert (code, json.loads(body)) == (503, {"status": "not ready", "reasons": [reason], "warnings": []})
        code, body = get(server.port, "/metrics")
        assert (code, body.splitlines()[-1]) == (200, b"logsluice_processes 2")
        assert get(server.port, "/")[0] == 404
        post = urllib.request.Request(f"http://127.0.0.1:{server.port}/health/live", data=b"x")
        with pytest.raises(urllib.error.HTTPError, match="501"):
            urllib.request.urlopen(post, timeout=5)


def test_clients_that_say_nothing_do_not_use_it_up() -> None:
    with HealthServer("127.0.0.1", 0, Status) as server:
        idle = [socket.create_connection(("127.0.0.1", server.port), timeout=5) for _ in range(MOST_CLIENTS + 5)]
        hung_up = 0
        for client in idle[-5:]:
            hung_up += client.recv(1) == b""
        assert hung_up == 5
        for client in idle:
            client.close()
        eventually(lambda: _answers(server.port))


def test_a_client_that_drips_is_hung_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(health_server, "CLIENT_SECONDS", 0.3)
    with HealthServer("127.0.0.1", 0, Status) as server:
        with socket.create_connection(("127.0.0.1", server.port)) as client:
            client.settimeout(0.05)
            eventually(lambda: _is_hung_up(client))
        assert get(server.port, "/health/live")[0] == 200


def _is_hung_up(client: socket.socket) -> bool:
    """After one more byte of a header that never ends."""
    try:
        client.sendall(b"G")
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionError:
        return True


@pytest.mark.skipif(not socket.has_dualstack_ipv6(), reason="this machine has no IPv6")
def test_an_address_of_ipv6_may_be_served() -> None:
    with HealthServer("::1", 0, Status) as server:
        urllib.request.urlopen(f"http://[::1]:{server.port}/health/live").close()


def test_more_metrics_than_a_datagram_takes_are_left_out() -> None:
    samples = [Sample("reject_reasons_total", {"pipeline": "p", "reason": f"{n:05}" * 40}, n) for n in range(5000)]
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
    status = Status(unready=[Reason("p", "source", "", "it is away")], samples=samples, at=time.time())
    with ours, Reporter(theirs.detach(), lambda: status) as reporter:
        reporter.tick()
        heard = load(ours.recv(1 << 20))
    assert (heard.unready, heard.samples) == (status.unready, [])


def _answers(port: int) -> bool:
    try:
        return get(port, "/health/live")[0] == 200
    except OSError:
        return False


def test_an_address_in_use_is_one_sentence() -> None:
    with (
        HealthServer("127.0.0.1", 0, Status) as server,
        pytest.raises(UsageError, match=f"can't serve health and metrics on 127.0.0.1:{server.port}: Address already"),
    ):
        HealthServer("127.0.0.1", server.port, Status)


# -------------------------------------------------------------------------------------------- without HTTP, together


def test_a_status_survives_its_way_to_another_process() -> None:
    status = Status([SICK], [SICK], [], [Sample("request_seconds", {"le": "5"}, 2, "_bucket")], at=5.5)
    assert load(status.dump()) == status


def test_several_processes_together_are_as_well_as_the_worst() -> None:
    good = Status(samples=[Sample("workers", {"pipeline": "alb"}, 2)])
    whole = together({"1": good, "2": Status(unready=[SICK])})
    assert whole.answer("live")[0]
    assert [str(reason) for reason in whole.unready] == ["process 2 alb output opensearch: read-only"]
    assert whole.samples == [Sample("workers", {"pipeline": "alb", "process": "1"}, 2)]


@pytest.fixture
def run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("LOGSLUICE_RUN_DIR", str(tmp_path / "run"))
    return tmp_path / "run"


def test_the_status_file_tells_of_what_runs_and_goes_with_it(run_folder: Path) -> None:
    status = Status([], [SICK], [], [], at=time.time())
    assert list(running(None)) == []
    with StatusFile("a.yaml", lambda: status):
        assert list(running(None)) == [status]
        assert list(running("./a.yaml")) == [status]
        assert list(running("b.yaml")) == []
        assert run_folder.stat().st_mode & 0o777 == 0o700
    assert list(run_folder.iterdir()) == []


def test_a_status_that_grew_old_is_of_a_program_that_hangs(run_folder: Path) -> None:
    with StatusFile("a.yaml", lambda: Status(at=time.time() - 60)):
        [status] = running(None)
        assert told(status.dead) == [("process", str(os.getpid()), "it has said nothing for 60 seconds")]


def test_the_file_of_a_program_that_was_killed_is_cleared_away(run_folder: Path) -> None:
    run_folder.mkdir()
    process = os.posix_spawn("/bin/true", ["true"], {})
    os.waitpid(process, 0)
    left = run_folder / f"0011223344556677-{process}.json"
    left.write_bytes(Status().dump())
    assert list(running(None)) == []
    assert not left.exists()


def test_files_of_others_in_the_folder_are_left_alone(run_folder: Path) -> None:
    run_folder.mkdir(parents=True, exist_ok=True)
    others = [run_folder / name for name in ("nginx-4194304999.pid", "my-app.json", "0123456789abcdef-99999999.pid")]
    for other in others:
        other.write_text("theirs")
    with StatusFile("pipeline.yaml", lambda: Status(at=time.time())):
        assert len(list(running(None))) == 1
    assert [other.read_text() for other in others] == ["theirs"] * 3


@pytest.mark.parametrize("spoil", [lambda path: path.symlink_to("/"), lambda path: path.write_text("a file")])
def test_a_folder_that_is_not_ours_is_not_written_to(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Path], object]
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    spoil(folder())
    with StatusFile("a.yaml", Status) as file:
        file.tick()
    assert list(running(None)) == []
