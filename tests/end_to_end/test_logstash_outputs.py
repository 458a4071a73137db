"""A Logstash configuration with many outputs, run as a program: every one of them gets each event."""

from __future__ import annotations

import json
from pathlib import Path

from tests.end_to_end.program import run
from tests.parts.moto_server import MotoServer
from tests.unit.listeners import http_listener, line_listener

EVENTS = "".join(f'{{"n":{number},"host":"web","message":"m{number}"}}\n' for number in range(3))


def test_000_9_every_output_gets_each_event(aws: MotoServer, tmp_path: Path) -> None:
    s3, sqs = aws.client("s3"), aws.client("sqs")
    s3.create_bucket(Bucket="texts")
    url = sqs.create_queue(QueueName="events")["QueueUrl"]
    with http_listener() as server, line_listener() as carbon:
        configuration = f"""
        input {{ stdin {{ codec => json_lines }} }}
        output {{
          s3 {{ bucket => "texts" prefix => "%{{host}}" codec => json_lines encoding => gzip }}
          sqs {{ queue => "events" }}
          file {{ path => "{tmp_path}/%{{host}}.log" codec => line {{ format => "<%{{n}}>" }} }}
          http {{
            url => "{server.url}/in" http_method => "post" format => "json_batch" mapping => {{ "n" => "%{{n}}" }}
          }}
          graphite {{ host => "127.0.0.1" port => {carbon.port} metrics => {{ "n.%{{n}}" => "%{{n}}" }} }}
          cloudwatch {{ metricname => "seen" }}
          null {{ }}
        }}"""
        done = run("run", "-e", configuration, cwd=tmp_path, stdin=EVENTS.encode())
    assert (done.returncode, done.stdout) == (0, ""), done.stderr

    (listed,) = s3.list_objects_v2(Bucket="texts")["Contents"]
    assert listed["Key"].startswith("web/")
    assert listed["Key"].endswith(".main.s3-0.ndjson.gz")
    messages = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10)["Messages"]
    assert sorted(json.loads(message["Body"])["message"] for message in messages) == ["m0", "m1", "m2"]
    assert (tmp_path / "web.log").read_text() == "<0>\n<1>\n<2>\n"
    bodies = [number["n"] for received in server.received for number in json.loads(received.body)]
    assert bodies == ["0", "1", "2"]
    assert [line.split()[:2] for line in carbon.lines] == [["n.0", "0.0"], ["n.1", "1.0"], ["n.2", "2.0"]]
    metrics = aws.client("cloudwatch").list_metrics(Namespace="Logstash")["Metrics"]
    assert [metric["MetricName"] for metric in metrics] == ["seen"]
