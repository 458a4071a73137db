"""A role's credentials end while the program runs: nothing is lost, nothing is doubled, and it is not restarted."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from logsluice.store.query import StoreQuery
from tests.end_to_end.cloud import Cloud, alb_objects, trace_ids
from tests.end_to_end.revoking_proxy import RevokingProxy
from tests.parts.moto_server import MotoServer

OBJECTS, LINES, USES = 60, 50, 25

CONFIG = """
pipelines:
  - name: alb
    source:
      type: s3_sqs
      queue: ${QUEUE}
      aws: {role_arn: "arn:aws:iam::123456789012:role/reader", external_id: logs}
    format: alb
    outputs:
      - store: {path: store}
"""


@pytest.fixture
def cloud(aws: MotoServer) -> Iterator[Cloud]:
    cloud = Cloud(aws, visibility=60)
    yield cloud
    cloud.end_all()


@pytest.fixture
def proxy(aws: MotoServer) -> Iterator[RevokingProxy]:
    with RevokingProxy(aws, USES) as proxy:
        thread = threading.Thread(target=proxy.serve_forever, args=(0.01,))
        thread.start()
        yield proxy
        proxy.shutdown()
        thread.join()


def test_a_roles_credentials_end_and_are_revoked_while_it_runs(
    cloud: Cloud, proxy: RevokingProxy, tmp_path: Path
) -> None:
    (tmp_path / "logsluice.yaml").write_text(CONFIG)
    for key, data in alb_objects(OBJECTS, LINES):
        cloud.put(key, data)
    program = cloud.start(["run", "logsluice.yaml"], tmp_path, AWS_ENDPOINT_URL=proxy.url)
    cloud.wait_until_empty(program, tmp_path)
    program.terminate()
    assert program.wait(30) == 0, (tmp_path / "out.log").read_text()

    with StoreQuery(tmp_path / "store") as store:  # by ids: moto hands a message out twice now and then
        found = [hit.event["trace_id"] for hit in store.search(size=2 * OBJECTS * LINES).hits]
    assert sorted(found) == trace_ids(OBJECTS, LINES)
    assert list((tmp_path / "dead-letter").rglob("*.ndjson")) == []
    first, *others = proxy.sessions
    assert proxy.used[first] < USES, "the first session was left before its end, and was never refused"
    assert len(others) >= 3
    assert proxy.refused >= 2
