# ruff: noqa: E501, ISC004 - tables of configurations and what becomes of them
"""Logstash's outputs in native words, option by option, and how what can't be done is told."""

from __future__ import annotations

from typing import Any

import pytest

from logsluice.compat.logstash.clusters import TEMPLATE
from logsluice.compat.logstash.load import document_of_text
from logsluice.config.load import load_text
from logsluice.config.model import OutputSpec
from logsluice.errors import ConfigError

DAILY = "logstash-%{+yyyy.MM.dd}"
DOMAIN = "x-1.us-east-1.es.amazonaws.com"
HERE: dict[str, Any] = {"hosts": ["http://127.0.0.1:9200"], "index": "i", "manage_template": False}


def translated(output: str) -> tuple[str, dict[str, Any]]:
    """The sink and its options; what comes of it is a configuration that can be used."""
    document = document_of_text(f"output {{ {output} }}", "a.conf", {})
    assert [*document.problems, *document.warnings] == []
    (native,) = document.data["pipelines"][0]["outputs"]
    (spec,) = load_text(f"output {{ {output} }}", "a.conf", environ={}).model.pipelines[0].outputs
    assert isinstance(spec, OutputSpec)
    options: dict[str, Any] = native[spec.type]
    return spec.type, options


def warnings(output: str) -> list[str]:
    document = document_of_text(f"output {{ {output} }}", "a.conf", {})
    assert document.problems == []
    return [f"{warning.option}: {warning.message}" for warning in document.warnings]


def problems(output: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_text(f"output {{ {output} }}", "a.conf", environ={})
    return [f"{problem.option}: {problem.message}" for problem in caught.value.problems]


@pytest.mark.parametrize(
    ("options", "native"),
    [
        ("", {}),
        ("hosts => 'a'", {"hosts": ["http://a:9200"]}),
        ("hosts => ['a:9201', 'b']", {"hosts": ["http://a:9201", "http://b:9200"]}),
        ("hosts => ['//a', 'https://b/', 'http://c:80/search']", {"hosts": ["http://a:9200", "https://b:9200", "http://c:80/search"]}),
        ("hosts => '[::1]:9201'", {"hosts": ["http://[::1]:9201"]}),
        ("hosts => 'a' ssl => true", {"hosts": ["https://a:9200"]}),
        ("hosts => 'a' ssl_enabled => 'true'", {"hosts": ["https://a:9200"]}),
        ("hosts => 'a' ssl => false", {"hosts": ["http://a:9200"]}),
        ("hosts => 'http://a' path => '/es/'", {"hosts": ["http://a:9200/es"]}),
        ("hosts => 'http://joe:p%40ss@a'", {"hosts": ["http://a:9200"], "user": "joe", "password": "p@ss"}),
        ("user => joe password => '1'", {"user": "joe", "password": "1"}),
        ("api_key => 'id:key'", {"api_key": "id:key"}),
        ("cloud_auth => 'joe:a:b'", {"user": "joe", "password": "a:b"}),
        ("cacert => '/ca.pem'", {"ca_file": "/ca.pem"}),
        ("ssl_certificate_authorities => ['/ca.pem']", {"ca_file": "/ca.pem"}),
        ("ca_trusted_fingerprint => '" + "ab" * 32 + "'", {"ca_fingerprint": "ab" * 32}),
        ("ssl_certificate_verification => false", {"verify_certificates": False}),
        ("ssl_verification_mode => none", {"verify_certificates": False}),
        ("ssl_certificate => '/c' ssl_key => '/k'", {"client_certificate": "/c", "client_key": "/k"}),
        ("proxy => 'http://p:3128'", {"proxy": "http://p:3128"}),
        ("proxy => ''", {}),
        ("timeout => 5", {"timeout": "5s"}),
        ("http_compression => true", {"compress": True}),
        ("compression_level => 0", {"compress": False}),
        ("custom_headers => { 'X-A' => 1 }", {"headers": {"X-A": "1"}}),
        ("document_id => '%{id}'", {"document_id": "%{id}", "action": "index"}),
        ("document_id => '%{id}' action => create", {"document_id": "%{id}", "action": "create"}),
        ("action => create", {"action": "create"}),
        ("pipeline => 'p-%{type}' routing => '%{r}'", {"pipeline": "p-%{type}", "routing": "%{r}"}),
        ("manage_template => false", {}),
        ("ilm_enabled => false", {}),
        ("ilm_enabled => auto data_stream => false", {}),
        ("document_type => doc retry_on_conflict => 3 pool_max => 10 flush_size => 500 codec => plain", {}),
        (
            "template => '/t.json' template_name => 't' template_overwrite => true",
            {"template": "/t.json", "template_name": "t", "template_overwrite": True, "manage_template": None},
        ),
    ],
)  # fmt: skip
def test_options_of_elasticsearch(options: str, native: dict[str, Any]) -> None:
    expected = {name: value for name, value in (HERE | native).items() if value is not None}
    assert translated(f"elasticsearch {{ index => 'i' {options} }}") == ("opensearch", expected)


def test_the_index_is_of_the_day_and_has_the_template_that_logstash_installs() -> None:
    expected = {"hosts": HERE["hosts"], "index": DAILY, "template": TEMPLATE, "template_name": "logstash"}
    for output in ("elasticsearch { }", "opensearch { }"):
        assert translated(output) == ("opensearch", expected)


def test_a_data_stream_has_a_name_of_three_parts() -> None:
    assert translated("elasticsearch { data_stream => true data_stream_dataset => 'aws.elb' }") == (
        "opensearch",
        {
            "hosts": HERE["hosts"],
            "data_stream": {"type": "logs", "dataset": "aws.elb", "namespace": "default"},
            "manage_template": False,
        },
    )


def test_a_deployment_of_elastic_cloud() -> None:
    cloud_id = "mine:ZXhhbXBsZS5jb20kYWJjJGRlZg=="
    assert translated(f"elasticsearch {{ cloud_id => '{cloud_id}' cloud_auth => 'joe:pass' index => 'i' }}") == (
        "opensearch",
        {"cloud_id": cloud_id, "index": "i", "manage_template": False, "user": "joe", "password": "pass"},
    )


@pytest.mark.parametrize(
    ("output", "native"),
    [
        (f"elasticsearch {{ index => 'i' hosts => ['https://{DOMAIN}:443/'] }}", {"auth": "aws"}),
        (f"elasticsearch {{ index => 'i' hosts => ['https://{DOMAIN}'] }}", {"auth": "aws"}),
        (f"elasticsearch {{ index => 'i' hosts => '{DOMAIN}' }}", {"auth": "aws"}),
        (f"elasticsearch {{ index => 'i' hosts => 'https://{DOMAIN}' user => 'u' password => 'p' }}", {"user": "u", "password": "p"}),
        (f"elasticsearch {{ index => 'i' hosts => 'https://{DOMAIN}' api_key => 'a:b' }}", {"api_key": "a:b"}),
        (f"opensearch {{ index => 'i' hosts => 'https://{DOMAIN}:443' }}", {"auth": "aws"}),
        (
            f"opensearch {{ index => 'i' hosts => 'https://{DOMAIN}:443' auth_type => {{ type => 'aws_iam' region => 'us-east-1'"
            " aws_access_key_id => 'A' aws_secret_access_key => 'B' } }",
            {"auth": "aws", "region": "us-east-1", "aws": {"access_key_id": "A", "secret_access_key": "B"}},
        ),
        (
            f"opensearch {{ index => 'i' hosts => 'https://{DOMAIN}' auth_type => {{ type => basic user => 'u' password => 'p' }} }}",
            {"user": "u", "password": "p"},
        ),
        (f"amazon_es {{ index => 'i' hosts => ['{DOMAIN}'] region => 'us-east-1' }}", {"auth": "aws", "region": "us-east-1"}),
        (
            f"amazon_es {{ index => 'i' hosts => ['{DOMAIN}'] aws_access_key_id => AK aws_secret_access_key => SK max_bulk_bytes => 2048 }}",
            {"auth": "aws", "aws": {"access_key_id": "AK", "secret_access_key": "SK"}, "request_bytes": "2048B"},
        ),
    ],
)  # fmt: skip
def test_requests_to_domains_of_aws_are_signed_unless_a_user_is_named(output: str, native: dict[str, Any]) -> None:
    expected = {"hosts": [f"https://{DOMAIN}:443"], "index": "i", "manage_template": False, **native}
    assert translated(output) == ("opensearch", expected)


@pytest.mark.parametrize(
    ("output", "sink", "native"),
    [
        ("null { }", "null", {}),
        ("stdout { }", "stdout", {"codec": "rubydebug"}),
        ("file { path => '/l/%{+YYYY-MM-dd}.log' }", "file", {"path": "/l/%{+YYYY-MM-dd}.log", "rotate_size": None}),
        (
            "http { url => 'https://a/%{b}' http_method => post }",
            "http",
            {"url": "https://a/%{b}", "method": "post", "format": "json"},
        ),
        (
            "http { url => 'https://a' http_method => put format => message message => '<%{m}>' content_type => 'text/x'"
            " headers => { 'X-T' => 1 'X-H' => '%{host}' } retryable_codes => [409] ignorable_codes => 404 pool_max => 100"
            " request_timeout => 5 cacert => '/ca' client_cert => '/c' client_key => '/k' http_compression => true"
            " automatic_retries => 3 cookies => false }",
            "http",
            {
                "url": "https://a",
                "method": "put",
                "format": "message",
                "message": "<%{m}>",
                "content_type": "text/x",
                "headers": {"X-T": "1"},
                "event_headers": {"X-H": "%{host}"},
                "retryable_codes": [409],
                "ignorable_codes": [404],
                "compress": True,
                "timeout": "5s",
                "connections": 64,
                "ca_file": "/ca",
                "client_certificate": "/c",
                "client_key": "/k",
            },
        ),
        (
            "http { url => 'https://a' http_method => post format => json_batch mapping => { 'x' => { 'y' => '%{z}' } } user => 'u' password => 'p'"
            " ssl_verification_mode => none proxy => 'http://p:1' }",
            "http",
            {
                "url": "https://a",
                "method": "post",
                "format": "json_batch",
                "mapping": {"x": {"y": "%{z}"}},
                "user": "u",
                "password": "p",
                "proxy": "http://p:1",
                "verify_certificates": False,
            },
        ),
        (
            "datadog { api_key => abc }",
            "datadog",
            {"api_key": "abc", "title": "Logstash event for %{host}", "text": "%{message}"},
        ),
        (
            "datadog { api_key => abc title => 't' text => 'x' dd_tags => ['a'] priority => low alert_type => error source_type_name => chef date_happened => '%{d}' }",
            "datadog",
            {
                "api_key": "abc",
                "title": "t",
                "text": "x",
                "date_happened": "%{d}",
                "tags": ["a"],
                "priority": "low",
                "alert_type": "error",
                "source_type_name": "chef",
            },
        ),
        (
            "s3 { bucket => logs }",
            "s3",
            {"to": "s3://logs/", "codec": {"line": "%{@timestamp} %{host} %{message}"}, "aws": {"region": "us-east-1"}},
        ),
        (
            "s3 { bucket => logs prefix => 'a/%{+YYYY}' region => 'eu-west-1' encoding => gzip codec => json_lines canned_acl => 'bucket-owner-read'"
            " storage_class => STANDARD_IA server_side_encryption => true server_side_encryption_algorithm => 'aws:kms' ssekms_key_id => key"
            " size_file => 1000000 access_key_id => AK secret_access_key => SK restore => false upload_workers_count => 2 }",
            "s3",
            {
                "to": "s3://logs/a/%{+YYYY}",
                "codec": "ndjson",
                "gzip": True,
                "acl": "bucket-owner-read",
                "storage_class": "STANDARD_IA",
                "sse": "aws:kms",
                "kms_key_id": "key",
                "window": "1000000B",
                "aws": {"region": "eu-west-1", "access_key_id": "AK", "secret_access_key": "SK"},
            },
        ),
        ("sqs { queue => events }", "sqs", {"queue": "events", "aws": {"region": "us-east-1"}}),
        (
            "sqs { queue => 'https://sqs.eu-west-1.amazonaws.com/123456789012/events' batch_events => 1 message_max_size => '256KiB' }",
            "sqs",
            {
                "queue": "https://sqs.eu-west-1.amazonaws.com/123456789012/events",
                "batch": 1,
                "message_max_size": "256KiB",
            },
        ),
        ("graphite { metrics => { 'a.%{b}' => '%{c}' } }", "graphite", {"metrics": {"a.%{b}": "%{c}"}}),
        (
            "graphite { fields_are_metrics => true include_metrics => 'a' exclude_metrics => ['b', 'c'] host => carbon port => 2103"
            " metrics_format => 'x.*' nested_object_separator => '-' timestamp_field => '[t]' resend_on_failure => true reconnect_interval => 5 }",
            "graphite",
            {
                "host": "carbon",
                "port": 2103,
                "fields_are_metrics": True,
                "include_metrics": ["a"],
                "exclude_metrics": ["b", "c"],
                "separator": "-",
                "timestamp_field": "[t]",
                "metrics_format": "x.*",
            },
        ),
        ("cloudwatch { }", "cloudwatch", {"namespace": "Logstash", "aws": {"region": "us-east-1"}}),
        (
            "cloudwatch { namespace => NS metricname => hits value => '2.5' unit => Bytes dimensions => { 'a' => '%{b}' } field_value => '[v]'"
            " batch_size => 10 queue_size => 500 region => 'eu-west-1' }",
            "cloudwatch",
            {
                "namespace": "NS",
                "metricname": "hits",
                "value": 2.5,
                "unit": "Bytes",
                "field_value": "[v]",
                "batch_size": 10,
                "dimensions": {"a": "%{b}"},
                "request_events": 500,
                "aws": {"region": "eu-west-1"},
            },
        ),
        (
            "file { path => '/l.gz' gzip => true file_mode => 0640 flush_interval => 0 codec => line { format => '%{message}' } }",
            "file",
            {"path": "/l.gz", "rotate_size": None, "gzip": True, "mode": "640", "codec": {"line": "%{message}"}},
        ),
    ],
)
def test_options_of_outputs(output: str, sink: str, native: dict[str, Any]) -> None:
    assert translated(output) == (sink, native)


@pytest.mark.parametrize(
    ("output", "said"),
    [
        (
            "elasticsearch { ilm_enabled => true ilm_rollover_alias => 'a' }",
            [
                "output.elasticsearch.ilm_enabled: events go to the alias 'a', which must be there with its policy;"
                " after a rollover a repeat is a second document"
            ],
        ),
        (
            "elasticsearch { ilm_policy => 'p' }",
            [
                "output.elasticsearch.ilm_policy: no effect: lifecycle management is not looked for; set ilm_enabled =>"
                " true for an alias"
            ],
        ),
        (
            "elasticsearch { data_stream_dataset => 'd' }",
            ["output.elasticsearch.data_stream: auto is false here: set data_stream => true"],
        ),
        (
            "elasticsearch { sniffing => true action => index }",
            [
                "output.elasticsearch.sniffing: the cluster's nodes are not looked up: requests go to the hosts that are named",
                "output.elasticsearch.action: without a document_id events are created, under ids made from their origin",
            ],
        ),
        (
            "http { url => 'http://a' http_method => post retry_failed => false follow_redirects => true }",
            [
                "output.http.retry_failed: no event is dropped: failed requests are tried again",
                "output.http.follow_redirects: a redirect is not followed: it pauses the output, and its message says where to",
            ],
        ),
        (
            "s3 { bucket => logs time_file => 5 size_file => 100000000 tags => ['a'] }",
            [
                "output.s3.time_file: no effect: an object is written as soon as its part of the input was read",
                "output.s3.size_file: objects hold at most 16 MiB of an input",
                "output.s3.tags: no effect: they are not a part of the names here",
            ],
        ),
        (
            "graphite { metrics => { 'a' => 1 } metrics_format => 'b' }",
            ["output.graphite.metrics_format: without a `*` it would be one name for all: no effect"],
        ),
        (
            "cloudwatch { timeframe => '5m' }",
            ["output.cloudwatch.timeframe: no effect: what was read is sent as soon as it was added up"],
        ),
        (
            "file { path => '/l' dir_mode => 0750 create_if_deleted => false }",
            [
                "output.file.dir_mode: folders get the permissions that the umask gives them",
                "output.file.create_if_deleted: a file that was removed is made again",
            ],
        ),
    ],
)
def test_what_works_otherwise_is_warned_about(output: str, said: list[str]) -> None:
    assert warnings(output) == said


@pytest.mark.parametrize(
    ("output", "said"),
    [
        ("elasticsearch { indx => 'a' }", "elasticsearch.indx: there is no option 'indx'; did you mean 'index' or 'id'?"),
        (
            "elasticsearch { action => creat }",
            "elasticsearch.action: must be index or create, for documents are never changed here; did you mean 'create'?",
        ),
        (
            "elasticsearch { doc_as_upsert => true }",
            "elasticsearch.doc_as_upsert: this can't be done here: documents are created or replaced, never changed",
        ),
        (
            "elasticsearch { truststore => '/t.jks' }",
            "elasticsearch.truststore: stores of Java can't be read: export the certificates to a PEM file (openssl pkcs12, keytool)",
        ),
        ("elasticsearch { index => 'Upper' }", "elasticsearch.index: the index name 'Upper' must be in lower case"),
        ("elasticsearch { hosts => 'https://a' ssl => false }", "elasticsearch: the host a is https, and ssl says off"),
        ("elasticsearch { hosts => 'a/b' path => 'c' }", "elasticsearch: the host a has a path already: leave `path` out"),
        ("elasticsearch { hosts => 'a:b' }", "elasticsearch: the host a:b has no port that is a number"),
        (
            "elasticsearch { api_key => 'a' user => 'b' password => 'c' }",
            "elasticsearch: one way to say who you are is enough: `user`, `cloud_auth` or `api_key`",
        ),
        ("elasticsearch { hosts => 'a' cloud_id => 'b' }", "elasticsearch: either `hosts` or `cloud_id` says where the cluster is"),
        ("elasticsearch { cloud_auth => 'b' }", "elasticsearch: cloud_auth is written as user:password"),
        ("elasticsearch { user => 'b' }", "elasticsearch: `user` and `password` go together"),
        ("elasticsearch { data_stream => true index => 'a' }", "elasticsearch: a data stream has its own name: leave `index` and `ilm_enabled` out"),
        ("elasticsearch { ssl_verification_mode => ful }", "elasticsearch.ssl_verification_mode: must be 'full' or 'none'; did you mean 'full'?"),
        ("opensearch { auth_type => { type => aws } }", "opensearch: auth_type: the type must be aws_iam or basic; did you mean 'aws_iam'?"),
        ("opensearch { auth_type => { typ => aws } }", "opensearch: auth_type: there is no option 'typ'; did you mean 'type'?"),
        ("amazon_es { }", "amazon_es.hosts: this option is required and missing"),
        ("file { path => '/l' write_behavior => overwrite }", "file.write_behavior: files are only appended to here: each event would be the only one in its file"),
        ("http { url => 'http://a' }", "http.http_method: this option is required and missing"),
        ("http { url => 'http://a' http_method => pots }", "http.http_method: must be 'put', 'post', 'patch', 'delete', 'get' or 'head'; did you mean 'post'?"),
        ("http { url => 'http://a' http_method => post format => message }", "http: `format: message` and `message` go together"),
        ("http { url => 'http://a' http_method => post keystore => '/k' }", "http.keystore: stores of Java can't be read: export the certificates to a PEM file (openssl pkcs12, keytool)"),
        ("datadog { }", "datadog.api_key: this option is required and missing"),
        ("s3 { bucket => 'a' prefx => 'b' }", "s3.prefx: there is no option 'prefx'; did you mean 'prefix'?"),
        ("s3 { bucket => 'a' proxy_uri => 'http://p' }", "s3: proxy_uri can't be set for one plugin: set HTTPS_PROXY in the environment instead"),
        ("sqs { queue => 'a' message_max_size => 'much' }", "sqs.message_max_size: must be a size such as 256KiB"),
        ("graphite { }", "graphite: say what is sent: either `metrics` or `fields_are_metrics: true`"),
        ("graphite { fields_are_metrics => true include_metrics => '(' }", "graphite.include_metrics: the regular expression '(' can't be read: missing ) at position 1"),
        ("cloudwatch { namespace => 'AWS/EC2' }", "cloudwatch.namespace: namespaces that begin with AWS/ or a colon are AWS's own"),
        ("file { }", "file.path: this option is required and missing"),
        ("elasticsearc { }", "elasticsearc: there is no output 'elasticsearc'; did you mean 'elasticsearch'?"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_told_in_logstashs_words(output: str, said: str) -> None:
    assert problems(output) == [f"output.{said}"]
