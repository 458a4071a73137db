"""ElasticMQ: a real SQS server, where visibility, redrive and load matter. Needs Java 17 and, the first time, Maven."""

from __future__ import annotations

import fcntl
import urllib.error
import urllib.request
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.parts import Server, cache_folder, run_tool

VERSION = "1.7.1"
_POM = Path(__file__).parent / "java" / "elasticmq-pom.xml"
_CONFIGURATION = """\
include classpath("application.conf")
node-address {{ protocol = http, host = "127.0.0.1", port = {port}, context-path = "" }}
rest-sqs {{ enabled = true, bind-port = {port}, bind-hostname = "127.0.0.1", sqs-limits = strict }}
rest-stats {{ enabled = false }}
generate-node-address = false
messages-storage {{ enabled = {persistent}, uri = "jdbc:h2:{folder}/messages" }}
queues-storage {{ enabled = {persistent}, path = "{folder}/queues.conf" }}
queues {{}}
"""


class ElasticMq(Server):
    """One server; with `persistent`, queues and messages outlive a crash."""

    name = "ElasticMQ"

    def __init__(self, folder: Path, persistent: bool = False) -> None:
        super().__init__(folder)
        self._persistent = persistent

    def prepare(self) -> None:
        self._jars = _library()
        (self.folder / "elasticmq.conf").write_text(
            _CONFIGURATION.format(port=self.port, folder=self.folder, persistent=str(self._persistent).lower())
        )

    def command(self) -> Sequence[str | Path]:
        return [
            "java",
            "-Xmx256m",
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            f"-Dconfig.file={self.folder / 'elasticmq.conf'}",
            "-cp",
            f"{self._jars}/*",
            "org.elasticmq.server.Main",
        ]

    def healthy(self) -> bool:
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5) as answer:
                return bool(answer.status == 200)
        except (OSError, urllib.error.URLError):
            return False

    def client(self) -> Any:
        """A boto3 SQS client past all that is being tested."""
        import boto3

        return boto3.client(
            "sqs",
            endpoint_url=self.url,
            region_name="us-east-1",
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )


def _library() -> Path:
    """The folder with the server's jars, downloaded the first time. Raises PartError."""
    folder = cache_folder(f"elasticmq-{VERSION}")
    with (folder / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "jars.done").exists():
            goal = "org.apache.maven.plugins:maven-dependency-plugin:copy-dependencies"
            run_tool(
                "mvn", "-q", "-B", "-f", _POM, goal, f"-DoutputDirectory={folder / 'jars'}", "-DincludeScope=runtime"
            )
            (folder / "jars.done").touch()
    return folder / "jars"
