# ruff: noqa: E501 - tables of configurations and what becomes of them
"""S3logsbeat's configurations in native words, option by option, and how what can't be done is told."""

from __future__ import annotations

import socket
from typing import Any

import pytest

from logsluice.compat.s3logsbeat.load import document_of_text
from logsluice.config.assemble import assemble
from logsluice.config.load import load_text
from logsluice.errors import ConfigError

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/logs"
SQS = f"s3logsbeat.inputs: [{{type: sqs, queues_url: [{QUEUE}], log_format: alb}}]\n"
CONSOLE = "output.console: {}\n"
DAILY = "s3logsbeat-6.0.2-%{+yyyy.MM.dd}"
AS_S3LOGSBEAT = {"beat": "s3logsbeat", "beat_version": "6.0.2", "document_type": "doc"}
JSON = {"ndjson": {"metadata": {"beat": "s3logsbeat", "type": "doc", "version": "6.0.2"}}}
NATIVE: dict[str, Any] = {
    "name": "sqs-1",
    "source": {"type": "s3_sqs", "queues": [QUEUE]},
    "format": {"type": "alb", "as_s3logsbeat": True},
    "document_id": "content",
    "origin": False,
    "timestamps": "milliseconds",
    "budget": "32768KiB",
    "shutdown_timeout": "0s",
    "filters": [],
    "workers": 5,
    "outputs": [{"stdout": {"codec": JSON}}],
}


def pipelines(text: str, **environ: str) -> list[dict[str, Any]]:
    """What comes of it, which can be used, and of which nothing is warned."""
    document = document_of_text(text, "s3logsbeat.yml", environ)
    assert [*document.problems, *document.warnings] == []
    load_text(text, "s3logsbeat.yml", environ=environ)
    found: list[dict[str, Any]] = document.data["pipelines"]
    return found


def problems(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        load_text(text, "s3logsbeat.yml", environ={})
    return [f"{problem.line} {problem.option}: {problem.message}" for problem in caught.value.problems]


def warnings(text: str) -> list[str]:
    configuration = load_text(text, "s3logsbeat.yml", environ={})
    return [f"{each.line} {each.option}: {each.message}" for each in configuration.document.warnings]


def output(text: str) -> dict[str, Any]:
    (pipeline,) = pipelines(SQS + text)
    (native,) = pipeline["outputs"]
    made: dict[str, Any] = native
    return made


def test_the_least_configuration() -> None:
    assert pipelines(SQS + CONSOLE) == [NATIVE]
    assert pipelines(SQS.replace("type: sqs, ", "") + CONSOLE) == [NATIVE]
    named = "type: , fields: , poll_frequency: , key_regex_fields: , tags: ,"  # and nothing behind them
    assert pipelines(SQS.replace("type: sqs,", named) + CONSOLE) == [NATIVE]


def test_001_1_several_inputs_of_one_queue() -> None:
    elb = f"{{type: sqs, queues_url: [{QUEUE}], log_format: elb, enabled: false}}"
    waf = f"{{type: sqs, queues_url: [{QUEUE}], log_format: waf}}"
    found = pipelines(SQS.replace("]\n", f", {elb}, {waf}]\n") + CONSOLE)
    assert found == [NATIVE, NATIVE | {"name": "sqs-3", "format": "waf"}]


@pytest.mark.parametrize(
    ("options", "native"),
    [
        ("log_format: elb", {"format": {"type": "elb", "as_s3logsbeat": True}}),
        ("log_format: cloudfront", {"format": {"type": "cloudfront", "as_s3logsbeat": True}}),
        ("log_format: waf", {"format": "waf"}),
        (
            "log_format: json, log_format_options: {timestamp_field: t, timestamp_format: 'time:2006-01-02'}",
            {"format": {"type": "json", "timestamp_field": "t", "timestamp_format": "time:2006-01-02"}},
        ),
        (
            "log_format: alb, key_regex_fields: '^(?P<environment>\\w+)$'",
            {"key_fields": r"\A(?<environment>[0-9A-Z_a-z]+)\Z"},
        ),
        ("log_format: alb, poll_frequency: 1m30s", {}),
        ("log_format: alb, fields: {team: web}", {"fields": {"fields": {"team": "web"}}}),
        ("log_format: alb, fields.team: web, fields_under_root: true", {"fields": {"team": "web"}}),
        ("log_format: alb, tags: a", {"fields": {"tags": ["a"]}}),
    ],
)
def test_001_2_options_of_inputs(options: str, native: dict[str, Any]) -> None:
    text = f"s3logsbeat: {{inputs: [{{type: sqs, queues_url: {QUEUE}, {options}}}]}}\n"
    assert pipelines(text + CONSOLE) == [NATIVE | native]


def test_001_8_buckets_with_times_and_nested_prefixes() -> None:
    text = """
s3logsbeat:
  inputs:
    - type: s3
      buckets: [s3://one/a/b, s3://one/a, s3://two]
      log_format: alb
      since: 2018-10-15T01:00
      to: 2018-11-20T01:00Z
    - {type: s3, enabled: false, buckets: s3://three, log_format: elb}
output.console.enabled: true
"""
    times = {"interval": "once", "written_after": "2018-10-15T01:00:00", "written_before": "2018-11-20T01:00:00+00:00"}
    assert [(each["name"], each["source"]) for each in pipelines(text)] == [
        ("s3-1-one", {"type": "s3_objects", "bucket": "one", "prefixes": ["a"], **times}),
        ("s3-1-two", {"type": "s3_objects", "bucket": "two", "prefixes": [""], **times}),
    ]


def test_001_8_inputs_that_a_run_leaves_to_imports_are_named() -> None:
    both = SQS.replace("}]\n", "},\n  {type: s3, buckets: s3://b, log_format: alb}]\n")
    assert warnings(both + CONSOLE) == [
        "2 s3logsbeat.inputs[1]: left out: `logsluice s3imports` brings what inputs of type s3 name"
    ]


@pytest.mark.parametrize(
    ("options", "native"),
    [
        ("{}", {"hosts": ["http://localhost:9200"], "index": DAILY}),
        ("{hosts: a}", {"hosts": ["http://a:9200"], "index": DAILY}),
        ("{hosts: 'a,b:1'}", {"hosts": ["http://a:9200", "http://b:1"], "index": DAILY}),
        ("{hosts.0: a, hosts.1: b}", {"hosts": ["http://a:9200", "http://b:9200"], "index": DAILY}),
        (
            "{hosts: [a, 'http://b/es'], protocol: https, path: /x}",
            {"hosts": ["https://a:9200/x", "http://b:9200/es"], "index": DAILY},
        ),
        ("{index: 'i-%{[fields.team]}-%{+yyyy.MM}'}", {"index": "i-%{[fields][team]}-%{+yyyy.MM}"}),
        (
            "{hosts: ['http://jo%40e:p%2Fw@a/x', 'jo%40e:p%2Fw@b:1'], username: other, index: i}",
            {"hosts": ["http://a:9200/x", "http://b:1"], "index": "i", "user": "jo@e", "password": "p/w"},
        ),
        (
            "{hosts: ['[::1]:9200', '[::1]', 1], index: i}",
            {"hosts": ["http://[::1]:9200", "http://[::1]:9200", "http://1:9200"], "index": "i"},
        ),
        ("{index: i, username: joe, password: 1}", {"index": "i", "user": "joe", "password": "1"}),
        ("{index: i, pipeline: p, timeout: 90}", {"index": "i", "pipeline": "p", "timeout": "90s"}),
        ("{index: i, bulk_max_size: 50}", {"index": "i", "request_events": 50}),
        ("{index: i, bulk_max_size: 9999}", {"index": "i", "request_events": 4096}),
        ("{index: i, parameters.pipeline: p}", {"index": "i", "pipeline": "p"}),
        ("{index: i, compression_level: 0}", {"index": "i", "compress": False}),
        (
            "{index: i, proxy_url: 'http://p:3128', headers: {A: 1}}",
            {"index": "i", "proxy": "http://p:3128", "headers": {"A": "1"}},
        ),
        ("{index: i, ssl.certificate_authorities: [ca.pem]}", {"index": "i", "ca_file": "ca.pem"}),
        ("{index: i, ssl: {enabled: false, certificate: a}}", {"index": "i"}),
        (
            "{index: i, ssl: {verification_mode: none, certificate: c, key: k, key_passphrase: p}}",
            {
                "index": "i",
                "verify_certificates": False,
                "client_certificate": "c",
                "client_key": "k",
                "client_key_password": "p",
            },
        ),
    ],
)
def test_options_of_elasticsearch(options: str, native: dict[str, Any]) -> None:
    expected = {"hosts": ["http://localhost:9200"], **native}
    assert output(f"output.elasticsearch: {options}") == {"opensearch": expected}


def test_elastic_cloud() -> None:
    (pipeline,) = pipelines(SQS + "output.elasticsearch.index: i\ncloud: {id: 'c:eC4kYSRi', auth: 'joe:a:b'}\n")
    (native,) = pipeline["outputs"]
    assert native == {"opensearch": {"cloud_id": "c:eC4kYSRi", "index": "i", "user": "joe", "password": "a:b"}}


def test_indices_and_pipelines_are_chosen_by_conditions() -> None:
    text = """
output.elasticsearch:
  index: rest
  indices:
    - {index: "err-%{+yyyy}", when.range.elb_status_code.gte: 500}
    - index: "team-%{[fields.team]}-%{[beat.version]}"
  pipelines:
    - {pipeline: p, when.has_fields: [user_agent]}
    - pipeline: q
"""
    hosts = {"hosts": ["http://localhost:9200"]}

    def by_pipeline(index: str, *names: str) -> list[dict[str, Any]]:
        p, q = ({"opensearch": hosts | {"index": index, "pipeline": name}} for name in "pq")
        first, second = ({"name": name} if name else {} for name in names)
        return [{"if": "([user_agent])", "then": [p | first], "else": [q | second]}]

    assert output(text) == {
        "if": "([elb_status_code] >= 500)",
        "then": by_pipeline("err-%{+yyyy}", "", "opensearch-2"),
        "else": [
            {
                "if": "[fields][team]",
                "then": by_pipeline("team-%{[fields][team]}-6.0.2", "opensearch-3", "opensearch-4"),
                "else": by_pipeline("rest", "opensearch-5", "opensearch-6"),
            }
        ],
    }
    (service,) = assemble(load_text(SQS + text, environ={}))
    assert [sender.output.name for sender in service.pipeline.senders] == [
        "opensearch",
        *(f"opensearch-{number}" for number in range(2, 7)),
    ]


def test_001_1_buckets_of_other_accounts_are_named_at_the_input() -> None:
    text = SQS.replace("alb}", "alb, buckets: [theirs, 's3://shared/logs/']}")
    (pipeline,) = pipelines(text + CONSOLE)
    assert pipeline["source"] == {"type": "s3_sqs", "queues": [QUEUE], "buckets": ["theirs", "s3://shared/logs/"]}


def test_templates_of_a_cluster() -> None:
    here = {"hosts": ["http://localhost:9200"], "index": "i"}
    cluster = "output.elasticsearch.index: i\n"
    assert output(cluster + "setup.template.enabled: false") == {"opensearch": here | {"manage_template": False}}
    own = "setup.template: {overwrite: true, json: {enabled: true, path: t.json, name: t}}"
    named = {"template": "t.json", "template_name": "t", "template_overwrite": True}
    assert output(cluster + own) == {"opensearch": here | named}


@pytest.mark.parametrize(
    ("written", "native"),
    [
        ("output.console: {pretty: true}", {"stdout": {"codec": "pretty"}}),
        ("output.console.codec.format.string: '%{[elb]} %{[a.b]}'", {"stdout": {"codec": {"line": "%{[elb]} %{[a][b]}"}}}),
        (
            "output.file: {path: /var/log/beat/, rotate_every_kb: 100, permissions: 0640}",
            {"file": {"path": "/var/log/beat/s3logsbeat", "rotate_size": "100KiB", "mode": "0640", "codec": JSON}},
        ),
        ("output.file: {path: d, codec.json.pretty: true}", {"file": {"path": "d/s3logsbeat", "rotate_size": "10240KiB", "mode": "0600", "codec": "pretty"}}),
        (
            "output.logstash: {hosts: ['a:5044', b], loadbalance: true, compression_level: 5, timeout: 10s, bulk_max_size: 100}",
            {"lumberjack": {"hosts": ["a:5044", "b"], "loadbalance": True, "compression_level": 5, **AS_S3LOGSBEAT, "timeout": "10s", "window": 100}},
        ),
        (
            "output.logstash: {hosts: a, index: x, ssl.certificate_authorities: ca.pem}",
            {"lumberjack": {"hosts": ["a"], **AS_S3LOGSBEAT, "beat": "x", "ssl": True, "ca_file": "ca.pem"}},
        ),
    ],
)  # fmt: skip
def test_other_outputs(written: str, native: dict[str, Any]) -> None:
    assert output(written) == native


def test_001_4_the_queue_of_a_beat_is_our_budget() -> None:
    small = "queue.mem:\n  events: 512\n  flush.min_events: 64\n"
    (pipeline,) = pipelines(SQS + small + "output.elasticsearch: {bulk_max_size: 2048, worker: 3}")
    assert pipeline["budget"] == "4096KiB"
    assert pipeline["outputs"][0]["opensearch"]["request_events"] == 64


@pytest.mark.parametrize(
    ("paths", "folder"),
    [("data: /var/lib/beat/", "/var/lib/beat"), ("home: /opt/beat", "/opt/beat/data"), ("data: /d, home: /h", "/d")],
)
def test_the_dead_letter_and_the_state_are_where_a_beat_keeps_its_data(paths: str, folder: str) -> None:
    places = {"state": f"{folder}/state", "dead_letter": f"{folder}/dead-letter"}
    assert pipelines(f"{SQS}{CONSOLE}path: {{{paths}}}\n") == [NATIVE | places]


@pytest.mark.parametrize(("worker", "workers"), [("", 5), ("worker: 1", 5), ("worker: 5", 5), ("worker: 8", 8)])
def test_five_objects_are_read_at_once_whatever_the_requests_are(worker: str, workers: int) -> None:
    """S3logsbeat has five readers; `worker` is of the output."""
    (pipeline,) = pipelines(SQS + f"output.elasticsearch: {{{worker}}}")
    assert pipeline["workers"] == workers


def test_001_7_shutdown_timeout() -> None:
    (pipeline,) = pipelines(SQS + "s3logsbeat.shutdown_timeout: 1m5s\n" + CONSOLE)
    assert pipeline["shutdown_timeout"] == "65s"


def test_001_10_beat_on_request() -> None:
    host = socket.gethostname()
    (pipeline,) = pipelines(SQS + "s3logsbeat.beat_fields: true\nname: mine\n" + CONSOLE)
    assert pipeline["fields"] == {"beat": {"hostname": host, "name": "mine", "version": "6.0.2"}}


@pytest.mark.parametrize(
    ("processor", "native"),
    [
        ("drop_event.when.equals.elb_status_code: 200", [{"if": "([elb_status_code] == 200)", "then": [{"drop": {}}]}]),
        (
            "drop_event.when.or: [{equals.a: x}, {not.contains.a: y}]",
            [{"if": '(([a] == "x") or !((("y" in [a]))))', "then": [{"drop": {}}]}],
        ),
        ("drop_event.when.range.a.b.gte: 500", [{"if": "([a][b] >= 500)", "then": [{"drop": {}}]}]),
        ("drop_event.when.has_fields: [a, b.c]", [{"if": "([a] and [b][c])", "then": [{"drop": {}}]}]),
        ("drop_event.when.regexp.a: '^ELB/'", [{"if": r'([a] =~ "\\AELB/")', "then": [{"drop": {}}]}]),
        ("drop_fields.fields: [trace_id, type, a.b]", [{"mutate": {"remove_field": ["[trace_id]", "[a][b]"]}}]),
        ("include_fields.fields: [elb, client-ip]", [{"prune": {"whitelist_names": [r"\Aelb\z", r"\Aclient\-ip\z", r"\A@timestamp\z", r"\Atype\z"]}}]),
        ("add_tags.tags: [a, 1]", [{"mutate": {"add_tag": ["a", "1"]}}]),
        ("add_labels.labels: {a: b}", [{"mutate": {"replace": {"[labels][a]": "b"}}}]),
        ("rename.fields: [{from: a, to: b.c}]", [{"mutate": {"rename": {"[a]": "[b][c]"}}}]),
        ("add_fields.fields.team: web", [{"mutate": {"replace": {"[fields][team]": "web"}}}]),
        (
            "add_fields: {target: '', fields: {n: 5}, when.equals.a: true}",
            [{"if": "([a])", "then": [{"mutate": {"replace": {"[n]": "5"}}}, {"mutate": {"convert": {"[n]": "integer"}}}]}],
        ),
    ],
)  # fmt: skip
def test_processors(processor: str, native: list[dict[str, Any]]) -> None:
    (pipeline,) = pipelines(SQS + CONSOLE + f"processors:\n  - {processor}\n")
    assert pipeline["filters"] == native


def test_processors_at_work() -> None:
    text = """
processors:
  - drop_event.when.regexp.user_agent: ^ELB-Health
  - drop_event: {when: {and: [{range: {n.gte: 500, n.lt: 600}}, {contains: {tags: x}}]}}
  - add_fields: {target: '', fields: {a: 1, b: t, c: true}, when: {equals: {n: 5}}}
  - rename: {fields: [{from: n, to: x.y}]}
  - add_tags: {tags: [z], when.has_fields: [keep]}
  - include_fields: {fields: [a, b, c, tags, x, gone, keep, user_agent]}
  - drop_fields: {fields: [gone], when: {not: {has_fields: [keep]}}}
"""
    (service,) = assemble(load_text(SQS + CONSOLE + text, environ={}))
    events: list[dict[str, Any]] = [
        {"user_agent": "ELB-Health/2"},
        {"user_agent": "a\nELB-Health", "n": 5, "gone": 1},
        {"n": 503, "tags": ["x"]},
        {"n": 503, "tags": ["y"], "gone": 1, "keep": 2, "other": 3, "type": "http", "@metadata": {"_id": "1"}},
    ]
    rejects: list[str] = []
    for each in service.pipeline.filters:
        events = each.apply(events, lambda _, reason: rejects.append(reason))
    assert events == [
        {"user_agent": "a\nELB-Health", "a": 1, "b": "t", "c": True, "x": {"y": 5}},
        {"tags": ["y", "z"], "gone": 1, "keep": 2, "x": {"y": 503}, "type": "http", "@metadata": {"_id": "1"}},
    ]
    assert rejects == []


def test_variables_and_their_defaults() -> None:
    text = SQS + "output.elasticsearch: {hosts: '${ES:x:1}', index: '${INDEX}'}"
    (pipeline,) = pipelines(text, INDEX="mine")
    assert pipeline["outputs"] == [{"opensearch": {"hosts": ["http://x:1"], "index": "mine"}}]


def test_logging() -> None:
    document = document_of_text(SQS + CONSOLE + "logging: {level: critical, json: true}", "a.yml", {})
    assert document.data["log"] == {"level": "error", "format": "json"}
    assert document_of_text(SQS + CONSOLE + "logging.level: WARNING", "a.yml", {}).data["log"] == {"level": "warning"}


def test_yes_and_no_are_true_and_false_as_in_yaml_of_beats() -> None:
    off = "output.kafka: {enabled: no}\noutput.elasticsearch: {enabled: Off}\nhttp.enabled: n\n"
    assert pipelines(SQS.replace("alb}", "alb, enabled: yes}") + CONSOLE + off) == [NATIVE]


def test_settings_of_the_command_line_stand_above_the_file() -> None:
    written = SQS + "output.elasticsearch.hosts: [a]\n"
    settings = [
        "output.elasticsearch.hosts=b,c",
        "output.elasticsearch={index: i, ssl.enabled: false}",
        "s3logsbeat.inputs.0.log_format=elb",
    ]
    document = document_of_text(written, "a.yml", {}, settings)
    assert document.data["pipelines"][0]["format"] == {"type": "elb", "as_s3logsbeat": True}
    assert document.data["pipelines"][0]["outputs"] == [
        {"opensearch": {"hosts": ["http://b:9200", "http://c:9200"], "index": "i"}}
    ]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("s3logsbeat.inputs: []\n" + CONSOLE, "1 s3logsbeat.inputs: must not be empty"),
        ("s3logsbeat:\n" + CONSOLE, "1 s3logsbeat: this option is required and missing"),
        ("s3logsbeat.shutdown_timeout: 1s\n" + CONSOLE, "1 s3logsbeat.inputs: this option is required and missing"),
        (SQS, "1 output: this option is required and missing"),
        (SQS.replace("type: sqs", "type: [sqs]") + CONSOLE, "1 s3logsbeat.inputs[0].type: must be sqs or s3; did you mean 'sqs'?"),
        (SQS + "output.console.enabled: false", "2 output: no output is enabled: name one of output.elasticsearch, output.logstash, output.console, output.file"),
        (SQS + CONSOLE + "output.kafka: {}", "3 output.kafka: there is no output kafka here: write to a cluster, a file or S3 instead, or let Logstash (output.logstash) pass events on to Kafka"),
        (SQS + "output.elasticsearh: {}", "2 output.elasticsearh: there is no option 'elasticsearh'; did you mean 'elasticsearch'?"),
        (SQS + "output.elasticsearch.hosts: ['https://joe:se/cret@a']", "2 output.elasticsearch.hosts: a host is written as name:9200, [::1]:9200 or https://name:9200/path"),
        (SQS + "output.elasticsearch.headers.authorization: Bearer x", "2 output.elasticsearch.headers: write `username` and `password`, or `api_key`, instead of `Authorization`"),
        (SQS.replace("type: sqs, queues_url", "type: s3, since: 2018-10-15T01:00, to: '2018-10-15T02:00:00+01:00', buckets").replace(QUEUE, "s3://bucket") + CONSOLE, "1 s3logsbeat.inputs[0]: `since` is not before `to`: no object would be read"),
        (SQS + "output.elasticsearch.hosts: ['::1']", "2 output.elasticsearch.hosts: a host is written as name:9200, [::1]:9200 or https://name:9200/path"),
        (SQS + "output.elasticsearch.hosts: ['[a']", "2 output.elasticsearch.hosts: a host is written as name:9200, [::1]:9200 or https://name:9200/path"),
        (SQS + "output.elasticsearch.hosts: ['http://a?b=c']", "2 output.elasticsearch.hosts: a host's URL has no ? and no #"),
        (SQS + "output.elasticsearch.hosts: ['http://a:b@c', d]", "2 output.elasticsearch.hosts: the hosts differ in user or password: write one `username` and `password` for all"),
        (SQS + "output.elasticsearch.index: 'a-%{[b'", "2 output.elasticsearch.index: the } of a %{ is missing in 'a-%{[b'"),
        (SQS + "output.elasticsearch.hosts: [a]\nsetup.template.json.enabled: true", "3 setup.template.json: a template of your own needs `path` and `name`"),
        (SQS + "output.elasticsearch:\n  hosts: [a]\noutput.elasticsearch.hosts: [b]", "4 output.elasticsearch.hosts: this option is given twice"),
        (SQS.replace("type: sqs, queues_url", "type: s3, since: 2018-13-01, buckets").replace("https://", "s3://") + CONSOLE, "1 s3logsbeat.inputs[0].since: this can't be read as YAML's timestamp: month must be in 1..12; put quotes around a text"),
        (SQS + "output.elasticsearch.indx: a", "2 output.elasticsearch.indx: there is no option 'indx'; did you mean 'index'?"),
        (SQS + "output.elasticsearch.index: 'Upper'", "2 output.elasticsearch.index: the index name 'Upper' must be in lower case"),
        (SQS + "output.elasticsearch.index: '%{[a]:b}'", "2 output.elasticsearch.index: %{[a]:b} can't be translated: write %{[field]} or %{+yyyy.MM.dd}"),
        (SQS.replace("queues_url", "queue_url") + CONSOLE, "1 s3logsbeat.inputs[0].queue_url: there is no option 'queue_url'; did you mean 'queues_url'?"),
        (SQS.replace("type: sqs", "type: sq") + CONSOLE, "1 s3logsbeat.inputs[0].type: must be sqs or s3; did you mean 'sqs'?"),
        (SQS.replace("alb", "json") + CONSOLE, "1 s3logsbeat.inputs[0]: `log_format: json` needs `log_format_options` (timestamp_field and timestamp_format)"),
        (SQS.replace("alb}", "alb, key_regex_fields: '(?P<a>x)(?=y)'}") + CONSOLE, "1 s3logsbeat.inputs[0].key_regex_fields: RE2 has no look-ahead: (?=…)"),
        (SQS.replace("alb}", "alb, poll_frequency: 1 week}") + CONSOLE, "1 s3logsbeat.inputs[0].poll_frequency: this is no duration; write one like 5s, 1m or 1h30m"),
        (SQS + CONSOLE + "processors: [{drop_event: {}}]", "3 processors[0]: drop_event needs a `when`, or every event would be dropped"),
        (SQS + CONSOLE + "processors: [{drop_fields: [a]}]", "3 processors[0]: drop_fields takes a mapping of options"),
        (SQS + CONSOLE + "processors: [{drop_field: {}}]", "3 processors[0]: the processor 'drop_field' can't be translated; did you mean 'drop_fields' or 'add_fields'?"),
        (SQS.replace("alb}", "alb, enabled: false}") + CONSOLE, "1 s3logsbeat.inputs: no input is enabled"),
        (SQS + CONSOLE + "output.console: {pretty: true}", "3 output.console: this option is given twice"),
    ],
)  # fmt: skip
def test_what_can_not_be_used_is_told_with_its_place(text: str, said: str) -> None:
    assert said in problems(text)


def test_what_means_nothing_is_warned_of_once_by_name() -> None:
    text = SQS + CONSOLE + "logging.to_files: true\nsetup.kibana.host: a\nprocessors: [{add_host_metadata: {}}]\n"
    assert sorted(warnings(text)) == [
        "3 logging.to_files: the log goes to standard error",
        "4 setup.kibana: there are no dashboards",
        "5 processors[0].add_host_metadata: without effect here",
    ]
