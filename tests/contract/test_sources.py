"""Every source passes the contract suite of sources."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from logsluice.components import Context, find
from logsluice.model import Source
from logsluice.testing.sources import SourceSuite
from tests.parts.elasticmq import ElasticMq
from tests.parts.moto_server import MotoServer


class TestFiles(SourceSuite):
    remembers = False

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        self.folder = tmp_path

    def supply(self, count: int) -> set[str]:
        files = [self.folder / f"{number}.log" for number in range(count)]
        for file in files:
            file.write_text(f"line of {file.name}\n")
        return {file.as_uri() for file in files}

    def make(self) -> Source:
        module = find("sources", "files")
        config = module.Config.model_validate({"paths": str(self.folder), "retry_delay": "100ms"})
        source: Source = module.build(config, Context())
        return source


class TestFollowedFiles(TestFiles):
    remembers = True

    def make(self) -> Source:
        module = find("sources", "files")
        options = {"paths": "*.log", "follow": True, "interval": "20ms", "retry_delay": "100ms"}
        source: Source = module.build(module.Config.model_validate(options), Context(base=self.folder))
        return source


class TestS3Sqs(SourceSuite):
    @pytest.fixture(autouse=True)
    def _servers(
        self,
        elasticmq: ElasticMq,
        sqs_queue: str,
        moto_server: MotoServer,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        moto_server.reset()
        monkeypatch.setenv("AWS_ENDPOINT_URL_S3", moto_server.url)
        self.sqs, self.queue = elasticmq.client(), sqs_queue
        self.s3 = moto_server.client("s3")
        self.s3.create_bucket(Bucket="logs")

    def supply(self, count: int) -> set[str]:
        keys = [f"app/2026/01/31/{number}.log" for number in range(count)]
        for key in keys:
            body = f"line of {key}\n".encode()
            etag = self.s3.put_object(Bucket="logs", Key=key, Body=body)["ETag"]
            entity = {"key": key, "size": len(body), "eTag": etag.strip('"')}
            record = {"eventSource": "aws:s3", "eventName": "ObjectCreated:Put"}
            notification = {"Records": [{**record, "s3": {"bucket": {"name": "logs"}, "object": entity}}]}
            self.sqs.send_message(QueueUrl=self.queue, MessageBody=json.dumps(notification))
        return {f"s3://logs/{key}" for key in keys}

    def make(self) -> Source:
        module = find("sources", "s3_sqs")
        options = {"queue": self.queue, "buckets": ["logs"], "visibility": "2s", "retry_delay": "1s"}
        source: Source = module.build(module.Config.model_validate(options), Context())
        return source


class TestS3Objects(SourceSuite):
    @pytest.fixture(autouse=True)
    def _servers(self, aws: MotoServer, tmp_path: Path) -> None:
        self.s3 = aws.client("s3")
        self.s3.create_bucket(Bucket="logs")
        self.base = tmp_path

    def supply(self, count: int) -> set[str]:
        keys = [f"app/2026/01/31/{number}.log" for number in range(count)]
        for key in keys:
            self.s3.put_object(Bucket="logs", Key=key, Body=f"line of {key}\n".encode())
        return {f"s3://logs/{key}" for key in keys}

    def make(self) -> Source:
        module = find("sources", "s3_objects")
        options = {"bucket": "logs", "prefix": "app/", "interval": "100ms", "retry_delay": "1s"}
        source: Source = module.build(module.Config.model_validate(options), Context(base=self.base))
        return source


class TestSqs(SourceSuite):
    @pytest.fixture(autouse=True)
    def _servers(self, elasticmq: ElasticMq, sqs_queue: str) -> None:
        self.sqs, self.queue = elasticmq.client(), sqs_queue

    def supply(self, count: int) -> set[str]:
        name = self.queue.rpartition("/")[2]
        sent = [self.sqs.send_message(QueueUrl=self.queue, MessageBody=f"body {n}\n") for n in range(count)]
        return {f"sqs://{name}/{message['MessageId']}" for message in sent}

    def make(self) -> Source:
        module = find("sources", "sqs")
        options = {"queue": self.queue, "visibility": "2s", "retry_delay": "1s"}
        source: Source = module.build(module.Config.model_validate(options), Context())
        return source
