"""Resident memory of a process that reads small ALB objects, and where it goes.

    python -m bench.resident [--objects 300] [--lines 100]

The real program runs S3logsbeat's ALB configuration, with a queue and a bucket of moto and a stand-in for a cluster,
all on loopback; then our own for the same objects into the embedded store. Before that, one process takes the steps of
a start one after another; what each adds is what it costs in this order. S3logsbeat, written in Go, claims about 20 MB.
"""

from __future__ import annotations

import argparse
import gzip
import json
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from tests.end_to_end.cloud import Cloud, alb_objects
from tests.parts.moto_server import MotoServer

REST_SECONDS = 10
S3LOGSBEAT = r"""
s3logsbeat:
  inputs:
    - type: sqs
      queues_url:
        - ${QUEUE}
      log_format: alb
      key_regex_fields: ^AWSLogs/(?P<account>[^/]+)/
      poll_frequency: 1m
queue.mem:
  events: 128
  flush.min_events: 64
output.elasticsearch:
  hosts: ["${CLUSTER}"]
"""
NATIVE = """
pipelines:
  - source: {type: s3_sqs, queue: "${QUEUE}"}
    format: alb
    outputs: [store]
"""

STEPS = {
    "Python": "pass",
    "our program, the command read": "import logsluice.cli.main; import logsluice.cli.commands.s3logsbeat",
    "options (pydantic)": "import pydantic; pydantic.create_model('First')",
    "the log (structlog, which loads rich and asyncio)": "import structlog",
    "HTTP and TLS (urllib3)": "import urllib3",
    "AWS (botocore)": "import botocore.session, botocore.client",
    "the configuration, as a pipeline": """
from logsluice.config.load import load_file
from logsluice.config.assemble import assemble
(service,) = assemble(load_file("s3logsbeat.yml"))""",
    "a client of SQS": "from logsluice.aws.session import AwsOptions; sqs = AwsOptions().client('sqs')",
    "a client of S3": "s3 = AwsOptions().client('s3')",
    "the authorities that TLS trusts": """
import ssl, certifi
contexts = [ssl.create_default_context(cafile=certifi.where()) for _ in range(2)]""",
}
"""What a process does, in this order; names are shown as they are."""
RUNS = (
    ("S3logsbeat's configuration", ("s3logsbeat", "-c", "s3logsbeat.yml"), "20 MB"),
    ("native, into the store", ("run", "native.yaml"), ""),
)


class _Cluster(BaseHTTPRequestHandler):
    """Takes every bulk request as a cluster would that has nothing against it."""

    protocol_version = "HTTP/1.1"

    def do_GET(self) -> None:
        self._answer({"version": {"number": "2.19.0", "distribution": "opensearch"}})

    def do_PUT(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self._answer({"acknowledged": True})

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["Content-Length"]))
        if self.headers["Content-Encoding"] == "gzip":
            body = gzip.decompress(body)
        (action,) = json.loads(body[: body.index(b"\n")])
        items = [{action: {"status": 201}} for _ in range(body.count(b"\n") // 2)]
        self._answer({"took": 1, "errors": False, "items": items})

    def _answer(self, value: Any) -> None:
        content = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def cluster() -> Iterator[str]:
    """The URL of a stand-in for a cluster."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Cluster)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        server.server_close()


def memory_of(process: int, name: str) -> float:
    """VmRSS, or the most that it was, VmHWM, in MB (proc(5))."""
    for line in Path(f"/proc/{process}/status").read_text().splitlines():
        if line.startswith(f"{name}:"):
            return int(line.split()[1]) / 1024
    raise ProcessLookupError(process)


def steps(folder: Path, environment: dict[str, str]) -> list[tuple[str, float]]:
    """What is resident after each step."""
    code = "".join(
        f"{step}\nprint(open('/proc/self/statm').read().split()[1], flush=True)\n" for step in STEPS.values()
    )
    answer = subprocess.run(
        [sys.executable, "-c", code], cwd=folder, env=environment, stdout=subprocess.PIPE, text=True, check=True
    )
    return [(name, int(pages) / 256) for name, pages in zip(STEPS, answer.stdout.split(), strict=True)]


def at_work(cloud: Cloud, folder: Path, command: Sequence[str], objects: int, lines: int, url: str) -> list[float]:
    """A program while it works, in the middle and at most, and some seconds after its last object."""
    program = cloud.start(command, folder, CLUSTER=url)
    seen = []
    for key, content in alb_objects(objects, lines):
        cloud.put(key, content)
        if program.poll() is not None:
            raise SystemExit(f"the program ended: {(folder / 'out.log').read_text()}")
        seen.append(memory_of(program.pid, "VmRSS"))
    cloud.wait_until_empty(program, folder, seconds=120)
    time.sleep(REST_SECONDS)
    rest, most = (memory_of(program.pid, name) for name in ("VmRSS", "VmHWM"))
    program.terminate()
    program.wait()
    return [statistics.median(seen), most, rest]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--objects", type=int, default=300)
    parser.add_argument("--lines", type=int, default=100)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name, cluster() as url:
        folder = Path(name)
        (folder / "s3logsbeat.yml").write_text(S3LOGSBEAT)
        (folder / "native.yaml").write_text(NATIVE)
        moto = MotoServer(folder / "moto")
        moto.start()
        cloud = Cloud(moto, visibility=30)
        try:
            print("| a step of the start | resident | of it new |\n|---|---|---|")
            before = 0.0
            for step, resident in steps(folder, cloud.environment(CLUSTER=url)):
                print(f"| {step} | {resident:.0f} MB | {resident - before:.1f} MB |")
                before = resident
            print("\n| the process | at work | the most | at rest | S3logsbeat's claim |\n|---|---|---|---|---|")
            for what, command, claim in RUNS:
                found = at_work(cloud, folder, command, options.objects, options.lines, url)
                print(f"| {what} | {' | '.join(f'{each:.0f} MB' for each in found)} | {claim} |", flush=True)
        finally:
            cloud.end_all()
            moto.stop()


if __name__ == "__main__":
    main()
