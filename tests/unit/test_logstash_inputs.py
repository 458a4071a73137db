"""Logstash's inputs in native words, and what Logstash itself has kept of how far it had read."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

import pytest

from logsluice.compat.logstash.load import document_of_text
from logsluice.compat.logstash.sincedb import after_last_object
from logsluice.config.assemble import assemble
from logsluice.config.load import load_text


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


def native(text: str) -> dict[str, Any]:
    """The pipeline of one input; it can be assembled, too."""
    whole = f"input {{ {text} }} output {{ null {{ }} }}"
    document = document_of_text(whole, "a.conf", {})
    assert document.problems == []
    assemble(load_text(whole, "a.conf", environ={}))
    (pipeline,) = document.data["pipelines"]
    found: dict[str, Any] = pipeline
    return found


def problem(text: str) -> str:
    (only,) = document_of_text(f"input {{ {text} }} output {{ null {{ }} }}", "a.conf", {}).problems
    return only.message


# ------------------------------------------------------------------------------------------------- s3


def test_000_1_s3_becomes_a_listing() -> None:
    pipeline = native('s3 { "bucket" => "waf" "prefix" => "WAF" "interval" => "5" "type" => "waf-log" }')
    assert pipeline["source"] == {
        "type": "s3_objects",
        "bucket": "waf",
        "aws": {"region": "us-east-1"},
        "prefix": "WAF",
        "interval": "5s",
        "exclude_keys": r"(?V1)/\Z|\AWAF\Z",
    }
    assert pipeline["format"] == {
        "type": "lines",
        "as_logstash": {"newline": "kept", "cut_keys": r"\.gz(ip)?$", "headers": True},
    }
    assert pipeline["defaults"] == {"@version": "1", "type": "waf-log"}


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ("watch_for_new_files => false", {"interval": "once"}),
        (r'exclude_pattern => "^tmp\h"', {"exclude_keys": r"(?V1)/\Z|(?m:^tmp[0-9A-Fa-f])"}),
        ("delete => true", {"after": "delete"}),
        ('backup_to_bucket => "done" backup_add_prefix => "x/"', {"after": {"copy": "s3://done/x/"}}),
        ('backup_to_bucket => "done" delete => "true"', {"after": {"move": "s3://done/"}}),
        ("include_object_properties => true", {"object_properties": "all"}),
        (
            'region => "eu-west-1" access_key_id => "k" secret_access_key => "s" session_token => "t"',
            {
                "aws": {
                    "region": "eu-west-1",
                    "access_key_id": "k",
                    "secret_access_key": "s",
                    "session_token": "t",
                }
            },
        ),
        (
            'role_arn => "arn:aws:iam::123456789012:role/r" external_id => "x" endpoint => "http://127.0.0.1:1"',
            {
                "aws": {
                    "region": "us-east-1",
                    "endpoint": "http://127.0.0.1:1",
                    "role_arn": "arn:aws:iam::123456789012:role/r",
                    "role_session_name": "logstash",
                    "external_id": "x",
                }
            },
        ),
        (
            'additional_settings => { "force_path_style" => true "endpoint" => "http://127.0.0.1:1" }',
            {"aws": {"region": "us-east-1", "endpoint": "http://127.0.0.1:1"}},
        ),
        ('temporary_directory => "/tmp/x" cutoff_second => 5 use_aws_bundled_ca => false', {}),
    ],
)
def test_options_of_s3(options: str, expected: dict[str, Any]) -> None:
    source = native(f's3 {{ bucket => "logs" {options} }}')["source"]
    plain = {"type": "s3_objects", "bucket": "logs", "aws": {"region": "us-east-1"}, "interval": "60s"}
    assert source == {**plain, "exclude_keys": r"(?V1)/\Z", **expected}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (
            'backup_to_dir => "/x"',
            "backup_to_dir can't be had: nothing is copied to this machine; see backup_to_bucket",
        ),
        (
            'proxy_uri => "http://p"',
            "proxy_uri can't be set for one plugin: set HTTPS_PROXY in the environment instead",
        ),
        ('additional_settings => { "retry_limits" => 1 }', "the client's setting 'retry_limits' can't be set here"),
        ('exclude_pattern => "("', "regular expression /(/"),
    ],
)
def test_what_s3_can_not_have_is_told(options: str, message: str) -> None:
    assert message in problem(f's3 {{ bucket => "logs" {options} }}')


def test_keys_come_from_logstashs_file_of_credentials(tmp_path: Path) -> None:
    file = tmp_path / "keys.yml"
    file.write_text(':access_key_id: "k"\n:secret_access_key: "s"\n')
    aws = native(f's3 {{ bucket => "logs" aws_credentials_file => "{file}" }}')["source"]["aws"]
    assert aws == {"region": "us-east-1", "access_key_id": "k", "secret_access_key": "s"}
    file.write_text("x")
    assert "needs `:access_key_id:`" in problem(f's3 {{ bucket => "logs" aws_credentials_file => "{file}" }}')


# -------------------------------------------------------------------------------------------- sincedb


@pytest.mark.parametrize(
    ("written", "start"),
    [
        ("2026-01-31 12:00:00 UTC\n", "2026-01-31T12:00:01Z"),
        ("2026-01-31 13:00:00 +0100", "2026-01-31T12:00:01Z"),
        ("2026-01-31 12:00:00.123456789 UTC", "2026-01-31T12:00:01Z"),
        ("2026-01-31T12:00:00Z", "2026-01-31T12:00:01Z"),
        ("", None),
    ],
)
def test_000_6_objects_after_the_second_of_the_sincedb_are_read(
    tmp_path: Path, written: str, start: str | None
) -> None:
    file = tmp_path / "since.db"
    file.write_text(written)
    assert after_last_object(str(file), "", "logs", None) == start
    source = native(f's3 {{ bucket => "logs" sincedb_path => "{file}" }}')["source"]
    assert source.get("start_at") == start


def test_a_file_that_is_no_sincedb_is_told(tmp_path: Path) -> None:
    (tmp_path / "x").write_text("yesterday")
    assert "no sincedb of the input s3" in problem(f's3 {{ bucket => "logs" sincedb_path => "{tmp_path}/x" }}')


def test_without_a_path_it_is_looked_for_where_logstash_keeps_it(tmp_path: Path) -> None:
    folder = tmp_path / "data" / "plugins" / "inputs" / "s3"
    folder.mkdir(parents=True)
    digest = hashlib.md5(b"logs+app/").hexdigest()
    (folder / f"sincedb_{digest}").write_text("2026-01-31 12:00:00 UTC")
    assert after_last_object(None, str(tmp_path / "data"), "logs", "app/") == "2026-01-31T12:00:01Z"
    assert after_last_object(None, str(tmp_path / "data"), "logs", None) is None
    (tmp_path / f".sincedb_{digest}").write_text("2026-02-01 12:00:00 UTC")
    assert after_last_object(None, "", "logs", "app/") == "2026-02-01T12:00:01Z"


def test_positions_in_files_are_taken_over_by_inode(tmp_path: Path) -> None:
    log, other = tmp_path / "a.log", tmp_path / "b.log"
    log.write_text("one\ntwo\n")
    other.write_text("x\n")
    (tmp_path / "since.db").write_text(f"{log.stat().st_ino} 0 51713 4 1700000000.0 {log}\n99 0 1 7\nrubbish\n")
    source = native(f'file {{ path => "{tmp_path}/*.log" sincedb_path => "{tmp_path}/since.db" }}')["source"]
    assert source == {
        "type": "files",
        "paths": [f"{tmp_path}/*.log"],
        "follow": True,
        "interval": "1s",
        "start_at": "end",
        "positions": {str(log): 4},
    }


@pytest.mark.parametrize(
    ("text", "options"),
    [
        ('file { path => "/a" ignore_older => "1 day" file_completed_log_path => "/b" }',
         ["input.file.ignore_older", "input.file.file_completed_log_path"]),
        ("generator { threads => 2 count => 3 }", ["input.generator.threads"]),
        ("generator { threads => 2 }", []),
    ],
)  # fmt: skip
def test_what_is_missed_where_it_has_no_effect_is_said(text: str, options: list[str]) -> None:
    document = document_of_text(f"input {{ {text} }} output {{ null {{ }} }}", "a.conf", {})
    assert [warning.option for warning in document.warnings] == options


def test_a_file_of_credentials_is_not_quoted(tmp_path: Path) -> None:
    file = tmp_path / "keys"
    file.write_text(":secret_access_key: hush: hush\n")
    said = problem(f's3 {{ bucket => "b" aws_credentials_file => "{file}" }}')
    assert said.endswith(f"aws_credentials_file {file} is no YAML")
    assert "hush" not in said


# ------------------------------------------------------------------------------------------- s3snssqs


def test_002_1_s3snssqs_becomes_a_queue_of_notifications() -> None:
    pipeline = native(
        's3snssqs { region => "us-west-2" queue => "q" s3_default_options => { "endpoint_discovery" => true }'
        ' consumer_threads => 2 type => "flow" tags => "flow" }'
    )
    assert pipeline["source"] == {
        "type": "s3_sqs",
        "queue": "q",
        "buckets": ["*"],
        "wait_seconds": 20,
        "visibility": "120s",
        "object_folder": "(?V1m)/?(?P<folder>.*?)/",
        "aws": {"region": "us-west-2"},
        "object_properties": ["last_modified", "content_type", "metadata"],
    }
    assert pipeline["format"] == {"type": "lines", "as_logstash": {"newline": "added", "headers": True}}
    assert pipeline["workers"] == 2
    assert pipeline["filters"] == [{"mutate": {"add_tag": ["flow"]}}]
    assert pipeline["on"]["corrupt"] == "dead_letter"


BY_BUCKET = """
queue => "q" s3_options_by_bucket => [ {
  bucket_name => "^audit" region => "eu-west-1" credentials => { role => "arn:aws:iam::123456789012:role/r" }
  folders => [ { key => "trail/.*" codec => "json" type => "trail" }, { key => "" } ]
} ]
"""
QUEUE_URL = "https://sqs.eu-west-1.amazonaws.com/210987654321/q"


@pytest.mark.parametrize(
    ("options", "part", "expected"),
    [
        (f'queue => "{QUEUE_URL}"', "aws", {}),
        ('queue => "q" region => "eu-west-1" queue_owner_aws_account_id => 210987654321', "queue", QUEUE_URL),
        ('queue => "q" delete_on_success => true', "after", "delete"),
        ('queue => "q" move_to_bucket => "done"', "after", {"move": "s3://done/"}),
        ('queue => "q" sqs_wait_time_seconds => 5', "wait_seconds", 5),
        ('queue => "q" visibility_timeout => 600 max_processing_time => 9000 from_sns => false', "visibility", "600s"),
        ('queue => "q" s3_key_prefix => "AWSLogs"', "object_folder", "(?V1m)AWSLogs/?(?P<folder>.*?)/"),
        (
            BY_BUCKET,
            "bucket_options",
            [
                {
                    "bucket": "(?V1m)^audit",
                    "aws": {
                        "region": "eu-west-1",
                        "role_arn": "arn:aws:iam::123456789012:role/r",
                        "role_session_name": "logstash",
                    },
                    "folders": [
                        {
                            "key": "(?V1m)trail/.*",
                            "format": {"type": "json", "as_logstash": True},
                            "fields": {"type": "trail"},
                        },
                        {"key": "(?V1m)"},
                    ],
                }
            ],
        ),
        (
            'queue => "q" s3_access_key_id => "k" s3_secret_access_key => "s" set_codec_by_folder => { "x" => "json" }',
            "bucket_options",
            [
                {
                    "bucket": "(?V1m).*",
                    "aws": {"access_key_id": "k", "secret_access_key": "s"},
                    "folders": [{"key": "(?V1m)x", "format": {"type": "json", "as_logstash": True}}],
                }
            ],
        ),
        (
            'queue => "q" s3_default_options => { "endpoint" => "http://127.0.0.1:1" }',
            "bucket_options",
            [{"bucket": "", "aws": {"endpoint": "http://127.0.0.1:1"}}],
        ),
    ],
)
def test_002_1_options_of_s3snssqs(options: str, part: str, expected: Any) -> None:
    assert native(f"s3snssqs {{ {options} }}")["source"][part] == expected


def test_failures_come_back_where_they_are_not_to_be_deleted() -> None:
    assert set(native('s3snssqs { queue => "q" sqs_delete_on_failure => false }')["on"].values()) == {"retry"}
    assert "sqs_skip_delete can't be had" in problem('s3snssqs { queue => "q" sqs_skip_delete => true }')


@pytest.mark.parametrize(
    ("codec", "message"),
    [
        ("jsn", "folders: there is no codec 'jsn'; did you mean 'json'?"),
        ("multiline", "folders: the codec multiline needs options, so it can't be used here"),
        ("dots", "the codec dots only writes"),
    ],
)
def test_a_codec_that_a_folder_can_not_have_is_told(codec: str, message: str) -> None:
    assert problem(f's3snssqs {{ queue => "q" set_codec_by_folder => {{ "x" => "{codec}" }} }}') == message


# --------------------------------------------------------------------------------------------- others


def test_sqs_becomes_a_source_of_messages() -> None:
    pipeline = native(
        'sqs { queue => "q" id_field => "id" md5_field => "[m][d]" sent_timestamp_field => "sent" threads => 3 }'
    )
    assert pipeline["source"] == {"type": "sqs", "queue": "q", "wait_seconds": 20, "aws": {"region": "us-east-1"}}
    assert (pipeline["format"], pipeline["workers"]) == ({"type": "json", "as_logstash": "whole"}, 3)
    copied = {"message_id": "id", "md5": "[m][d]", "sent": "sent"}
    assert pipeline["filters"] == [
        {"mutate": {"copy": {f"[@metadata][sqs][{name}]": field for name, field in copied.items()}}}
    ]


def test_files_are_followed_or_read_once() -> None:
    read = 'file { path => ["/a/*.log", "/b"] exclude => "*.gz" mode => read exit_after_read => true }'
    assert native(read)["source"] == {"type": "files", "paths": ["/a/*.log", "/b"], "exclude": ["*.gz"]}
    tail = native('file { path => "/a" start_position => beginning stat_interval => "500 msec" }')
    assert tail["source"] == {
        "type": "files",
        "paths": ["/a"],
        "follow": True,
        "interval": "0.5s",
        "start_at": "beginning",
    }
    assert tail["key_fields"] == "(?P<path>.+)"


def test_a_generator_hands_out_lines() -> None:
    pipeline = native('generator { lines => ["a", "b"] count => 3 }')
    assert pipeline["source"] == {"type": "generator", "lines": ["a", "b"], "count": 3}
    assert native("generator { }")["source"] == {"type": "generator", "lines": ["Hello world!"], "count": 0}


def test_http_becomes_a_listener() -> None:
    pipeline = native('http { port => 9000 user => "u" password => "p" }')
    assert pipeline["source"] == {
        "type": "http",
        "host": "0.0.0.0",
        "port": 9000,
        "header_names": "logstash",
        "status": 200,
        "max_body": "104857600B",
        "pending": 200,
        "formats": {"application/json": {"type": "json", "as_logstash": "whole"}},
        "user": "u",
        "password": "p",
    }
    assert pipeline["limits"] == {"record": "64MiB"}
    copied = {"[@metadata][http][headers]": "headers", "[@metadata][http][remote]": "host"}
    assert pipeline["filters"] == [{"mutate": {"copy": copied}}]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('file { path => "a.log" }', "path: a.log is relative; Logstash wants it absolute"),
        ('file { path => "/a" file_completed_action => delete }', "file_completed_action can only be `log`"),
        ('file { path => "/a" delimiter => "x" }', "delimiter can only be a line feed where files are followed"),
        (
            'file { path => "/a" codec => line { delimiter => ";" } }',
            "delimiter can only be a line feed where files are followed",
        ),
        (
            'file { path => "/a" codec => multiline { pattern => "^a" what => previous } }',
            "a file can't be followed with the codec multiline: use mode => read and exit_after_read => true",
        ),
        ('generator { message => "stdin" }', "a message of standard input can't be had"),
        ('kinesis { kinesis_stream_name => "x" }', "Kinesis can't be read yet"),
        ('cloudwatch_logs { log_group => "x" }', "CloudWatch Logs can't be read yet"),
        ("http { ssl => true }", "TLS can't be had"),
        ('http { additional_codecs => { "a/b" => "jsn" } }', "additional_codecs: there is no codec 'jsn'"),
    ],
)
def test_what_can_not_be_had_is_told(text: str, message: str) -> None:
    assert problem(text).startswith(message)
