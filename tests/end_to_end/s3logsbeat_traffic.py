"""Objects of the load balancer for S3logsbeat's sample configuration, and what the queue says of their messages."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from hashlib import sha1
from pathlib import Path
from typing import Any

from tests.end_to_end.cloud import Cloud, alb_line
from tests.end_to_end.program import run

LINES = 20

CONFIGURATION = r"""
s3logsbeat:
  shutdown_timeout: 5s
  inputs:
    - type: sqs
      queues_url:
        - ${QUEUE}
      log_format: alb
      key_regex_fields: ^(?P<environment>[^\-]+)-(?P<application>[^/\-]+)
      poll_frequency: 1m
queue.mem:
  events: 128 # default: 4096
  flush.min_events: 64 # default: 2048
"""
TO_OPENSEARCH = f"""{CONFIGURATION}
output.elasticsearch:
  hosts: ["${{OPENSEARCH}}"]
  index: alb-%{{+yyyy.MM}}
"""
COMMAND = ("s3logsbeat", "-c", "s3logsbeat.yml", "-e")


@dataclass
class Traffic:
    """Puts objects, of `LINES` lines each.

    Attributes:
        cloud: Where.
        objects: How many were put.
        ids: Of their lines, as S3logsbeat makes them.
    """

    cloud: Cloud
    objects: int = 0
    ids: set[str] = field(default_factory=set)

    def put(self, objects: int = 1) -> None:
        """So many more; every line is different."""
        for _ in range(objects):
            lines = [f"{alb_line(self.objects * LINES + number)}\n".encode() for number in range(LINES)]
            self.cloud.put(f"prod-shop/{self.objects}.log", b"".join(lines))
            self.objects += 1
            self.ids |= {sha1(line, usedforsecurity=False).hexdigest() for line in lines}

    def received(self) -> int:
        """Messages that were received, and have not come back."""
        return self.objects - self._attribute("ApproximateNumberOfMessages")

    def in_hand(self) -> int:
        """Messages that were received, and are not deleted."""
        return self._attribute("ApproximateNumberOfMessagesNotVisible")

    def _attribute(self, name: str) -> int:
        answer = self.cloud.sqs.get_queue_attributes(QueueUrl=self.cloud.queue, AttributeNames=[name])
        return int(answer["Attributes"][name])


def only_objects(cloud: Cloud) -> Traffic:
    """To a queue without the test event that S3 sends to each queue that it is told of."""
    cloud.sqs.purge_queue(QueueUrl=cloud.queue)
    return Traffic(cloud)


def exported(folder: Path, environment: dict[str, str], **source: Any) -> str:
    """The `s3logsbeat.yml` of a folder in our words, with options of the source that S3logsbeat does not have."""
    native = run("s3logsbeat", "export", "config", cwd=folder, env=environment).stdout
    before, found, after = native.partition("type: s3_sqs\n")
    assert found
    options = "".join(f"      {name}: {json.dumps(value)}\n" for name, value in source.items())
    return f"{before}{found}{options}{after}"
