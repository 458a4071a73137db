"""A cluster's password is changed while the program runs: nothing is lost, nothing is restarted."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.end_to_end.cloud import Cloud, alb_line
from tests.parts import wait_until
from tests.parts.moto_server import MotoServer
from tests.parts.opensearch import SecureOpenSearch

CONFIGURATION = """
pipelines:
  - source: {type: s3_sqs, queue: "${QUEUE}", visibility: 20s, retry_delay: 1s}
    format: alb
    outputs:
      - opensearch:
          hosts: ["${OPENSEARCH_URL}"]
          index: rotated-alb
          user: rotating
          password: {file: "%s"}
          ca_file: "${CA_FILE}"
          manage_template: false
"""


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws)
    yield cloud
    cloud.end_all()


def test_a_password_that_is_changed_while_it_runs_costs_nothing(
    cloud: Cloud, secure_opensearch: SecureOpenSearch, tmp_path: Path
) -> None:
    node, secret, log = secure_opensearch, tmp_path / "password", tmp_path / "out.log"
    node.add_user("rotating", "First-Key-4711", "rotated-*")
    secret.write_text("First-Key-4711\n")
    (tmp_path / "logsluice.yaml").write_text(CONFIGURATION % secret)
    program = cloud.start(["run", "logsluice.yaml"], tmp_path, OPENSEARCH_URL=node.url, CA_FILE=str(node.ca_file))

    def put(first: int) -> None:
        for number in range(first, first + 5):
            cloud.put(f"{number}.log", f"{alb_line(number)}\n".encode())

    put(0)
    cloud.wait_until_empty(program, tmp_path)
    node.add_user("rotating", "Second-Key-0815", "rotated-*")
    put(5)
    assert wait_until(lambda: "401" in log.read_text(), 60), "the output pauses, and says why"
    secret.write_text("Second-Key-0815\n")
    cloud.wait_until_empty(program, tmp_path)

    node.add_user("rotating", "Third-Key-1234", "rotated-*")
    secret.write_text("Third-Key-1234\n")
    put(10)
    cloud.wait_until_empty(program, tmp_path)
    documents = node.documents("rotated-alb")
    assert sorted(document["origin"]["uri"] for document in documents.values()) == sorted(
        f"s3://{cloud.bucket}/{number}.log" for number in range(15)
    )
    assert not list(tmp_path.rglob("dead-letter/**/*.ndjson"))
    program.terminate()
    assert program.wait(30) == 0
    assert "-Key-" not in log.read_text()
