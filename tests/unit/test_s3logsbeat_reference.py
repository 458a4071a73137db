"""Every option that beats of version 6 have in their reference configuration: mapped, warned of by name, or refused.

Names: s3logsbeat.reference.yml, and Beats Platform Reference 6.8 for those that came later.
"""

from __future__ import annotations

from typing import Any

import pytest

from logsluice.compat.s3logsbeat.load import document_of_text
from logsluice.config.document import Document
from logsluice.config.load import load_text
from logsluice.errors import ConfigError

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/logs"
SQS = f"s3logsbeat.inputs: [{{type: sqs, queues_url: [{QUEUE}], log_format: alb}}]\n"
OUTPUTS = {
    "elasticsearch": "output.elasticsearch: {hosts: [a]}\n",
    "logstash": "output.logstash: {hosts: [a]}\n",
    "file": "output.file: {path: /var/log}\n",
    "console": "output.console: {enabled: true}\n",
}

MAPPED = """
s3logsbeat.shutdown_timeout: 5s
s3logsbeat.beat_fields: true
s3logsbeat.inputs.0.key_regex_fields: ^(?P<environment>[^/]+)
s3logsbeat.inputs.0.log_format: elb
s3logsbeat.inputs.0.queues_url: https://sqs.eu-west-1.amazonaws.com/123456789012/other
s3logsbeat.inputs.0.buckets: other
s3logsbeat.inputs.0.fields: {a: b}
s3logsbeat.inputs.0.tags: [a]
tags: [service-X, web-tier]
fields: {env: staging}
queue.mem.events: 512
queue.mem.flush.min_events: 64
processors: [{drop_fields: {fields: [a]}}]
processors: [{include_fields: {fields: [a]}}]
processors: [{drop_event: {when.equals.elb_status_code: 200}}]
cloud.id: c:eC4kYSRi
cloud.auth: joe:secret
output.elasticsearch.hosts: [b]
output.elasticsearch.compression_level: 0
output.elasticsearch.protocol: https
output.elasticsearch.username: elastic
output.elasticsearch.password: changeme
output.elasticsearch.parameters.pipeline: p
output.elasticsearch.worker: 8
output.elasticsearch.index: other
output.elasticsearch.indices: [{index: x, when.equals.a: b}]
output.elasticsearch.pipeline: p
output.elasticsearch.pipelines: [{pipeline: x, when.equals.a: b}]
output.elasticsearch.path: /elasticsearch
output.elasticsearch.headers: {X-My-Header: a}
output.elasticsearch.proxy_url: http://proxy:3128
output.elasticsearch.bulk_max_size: 50
output.elasticsearch.timeout: 91
output.elasticsearch.ssl.verification_mode: none
output.elasticsearch.ssl.certificate_authorities: [ca.pem]
output.elasticsearch.ssl: {certificate: c.pem, key: k.pem, key_passphrase: x}
output.logstash.hosts: [b]
output.logstash.worker: 8
output.logstash.compression_level: 5
output.logstash.loadbalance: true
output.logstash.index: other
output.logstash.bulk_max_size: 50
output.logstash.timeout: 40s
output.logstash.ssl.enabled: true
output.logstash.ssl.certificate_authorities: [ca.pem]
output.logstash.ssl: {certificate: c.pem, key: k.pem}
output.file.path: /var/lib
output.file.filename: other
output.file.rotate_every_kb: 1000
output.file.permissions: 0640
output.file.codec.format.string: "%{[elb]}"
output.console.pretty: true
output.console.codec.json.pretty: true
output.console.codec.format.string: "%{[elb]}"
path.home: /var/lib/s3logsbeat
path.data: /var/lib/s3logsbeat
setup.template.enabled: false
setup.template.json: {enabled: true, path: t.json, name: t}
logging.level: debug
logging.json: true
"""

NEEDS_NOTHING = """
s3logsbeat.inputs.0.poll_frequency: 1m
s3logsbeat.inputs.0.enabled: true
s3logsbeat.inputs.0.fields_under_root: true
fields_under_root: false
name: shipper
path.config: /etc/s3logsbeat
output.elasticsearch.enabled: true
output.elasticsearch.ssl.enabled: true
output.elasticsearch.ssl.verification_mode: full
output.console.codec.json.pretty: false
output.redis.enabled: false
output.kafka.enabled: false
logging.to_stderr: true
setup.template.overwrite: true
setup.dashboards.enabled: false
setup.kibana:
logging.metrics.enabled: false
xpack.monitoring.enabled: false
monitoring.enabled: false
http.enabled: false
setup.ilm.enabled: false
"""
"""Of the defaults, or a question that does not arise here."""

WARNED = """
max_procs: 2
queue.mem.flush.timeout: 1s
queue.spool: {file.size: 512MiB}
keystore.path: a
seccomp.enabled: true
migration.6_to_7.enabled: true
timestamp.precision: millisecond
http.enabled: true
http.port: 5066
xpack.monitoring.enabled: true
xpack.monitoring.elasticsearch.hosts: [a]
monitoring.enabled: true
output.elasticsearch.parameters.refresh: wait_for
output.elasticsearch.max_retries: 3
output.elasticsearch.backoff.init: 1s
output.elasticsearch.escape_html: true
output.elasticsearch.slow_start: false
output.elasticsearch.loadbalance: true
output.elasticsearch.template.enabled: true
output.elasticsearch.ilm.enabled: true
output.elasticsearch.ssl.verification_mode: certificate
output.elasticsearch.ssl.supported_protocols: [TLSv1.2]
output.elasticsearch.ssl.cipher_suites: [ECDHE-RSA-AES-128-GCM-SHA256]
output.elasticsearch.ssl.curve_types: [P-256]
output.elasticsearch.ssl.renegotiation: never
output.logstash.ttl: 30s
output.logstash.pipelining: 5
output.logstash.slow_start: true
output.logstash.max_retries: 3
output.logstash.backoff.max: 60s
output.logstash.escape_html: true
output.logstash.proxy_use_local_resolver: true
output.logstash.ssl.supported_protocols: [TLSv1.2]
output.file.number_of_files: 7
output.file.codec.json.escape_html: true
output.console.bulk_max_size: 100
path.logs: /var/log
setup.dashboards.enabled: true
setup.dashboards.directory: a
setup.kibana.host: a
setup.kibana.ssl.enabled: true
setup.template.name: a
setup.template.pattern: a-*
setup.template.fields: fields.yml
setup.template.settings.index.number_of_shards: 1
setup.template.append_fields: [{name: a, type: keyword}]
setup.ilm.enabled: true
logging.selectors: ["*"]
logging.to_files: true
logging.to_syslog: true
logging.to_eventlog: true
logging.metrics.period: 30s
logging.files.path: /var/log/s3logsbeat
logging.files.rotateeverybytes: 10485760
processors: [{add_cloud_metadata: null}]
processors: [{add_locale: {format: offset}}]
processors: [{add_docker_metadata: null}]
processors: [{add_host_metadata: null}]
processors: [{add_kubernetes_metadata: {in_cluster: true}}]
processors: [{add_process_metadata: {}}]
"""

REFUSED = """
output.redis.hosts: [a]
output.kafka.hosts: [a]
output.elasticsearch.ssl.certificate_authorities: [a, b]
output.elasticsearch.ssl.ca_sha256: a
output.elasticsearch.kerberos.enabled: true
output.elasticsearch.index: "%{[a]:b}"
output.elasticsearch.indices: [{index: "%{[a]}", mappings: {a: b}}]
output.elasticsearch.pipelines: [{index: a}]
output.logstash.port: 5044
output.logstash.proxy_url: socks5://a:2233
output.logstash.ssl.ca_sha256: a
processors: [{decode_json_fields: {fields: [a]}}]
processors: [{dissect: {tokenizer: "%{a}"}}]
processors: [{script: {lang: javascript}}]
processors: [{include_fields: {fields: [a.b]}}]
"""


def lines(table: str) -> list[Any]:
    return [
        pytest.param(line, id=line.partition(": ")[0] + f" {n}") for n, line in enumerate(table.split("\n")) if line
    ]


def written(option: str) -> tuple[str, str]:
    """A configuration without the option, and what it says."""
    output = option.split(".")[1] if option.startswith("output.") else "elasticsearch"
    return SQS + OUTPUTS.get(output, OUTPUTS["elasticsearch"]), option.partition(":")[0]


def read(option: str) -> Document:
    text, name = written(option)
    if name == "s3logsbeat.inputs.0.fields_under_root":
        text += "fields_under_root: true\n"
    if name.startswith("s3logsbeat.inputs."):
        return document_of_text(text, "a.yml", {}, [option.replace(": ", "=", 1)])
    if name.startswith("output.") and (name in text or f"{name.split('.')[2]}:" in text):
        return document_of_text(text, "a.yml", {}, [option.replace(": ", "=", 1)])
    return document_of_text(text + option + "\n", "a.yml", {})


@pytest.mark.parametrize("option", lines(MAPPED))
def test_options_that_are_mapped(option: str) -> None:
    document = read(option)
    assert [*document.problems, *document.warnings] == []
    assert document.data != document_of_text(written(option)[0], "a.yml", {}).data


@pytest.mark.parametrize("option", lines(NEEDS_NOTHING))
def test_options_that_ask_for_what_is_there(option: str) -> None:
    document = read(option)
    assert [*document.problems, *document.warnings] == []


@pytest.mark.parametrize("option", lines(WARNED))
def test_options_without_effect_are_named(option: str) -> None:
    document = read(option)
    assert document.problems == []
    (warning,) = document.warnings
    assert _belongs(warning.option, option)


@pytest.mark.parametrize("option", lines(REFUSED))
def test_options_that_are_refused(option: str) -> None:
    text, _ = written(option)
    with pytest.raises(ConfigError) as caught:
        load_text(text + option + "\n", "a.yml", environ={})
    (problem,) = caught.value.problems
    assert _belongs(problem.option, option)
    assert problem.line == 3


def _belongs(said: str, option: str) -> bool:
    """Whether a message's option is the one that is written, or a part that holds it."""
    name = option.partition(":")[0]
    return f"{name}.".startswith(f"{said.partition('[')[0]}.")
