"""Settings of Logstash: flags, environment, `logstash.yml` and `pipelines.yml`; what they mean and what is said."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from logsluice.compat.logstash.load import document_of_place, document_of_settings, texts_of
from logsluice.compat.logstash.settings import MEANT, WITHOUT_EFFECT, Settings
from logsluice.config.document import Document, Mark
from logsluice.errors import UsageError

RUN = "input { stdin { } } output { stdout { } }"


def flags(document: Document, **values: Any) -> Settings:
    settings = Settings()
    for name, value in values.items():
        settings.take(name.replace("_", ".").replace("..", "_"), value, Mark("command line"), document)
    return settings


def read(folder: Path | None = None, environ: dict[str, str] | None = None, **values: Any) -> Document:
    document = Document("test")
    given = flags(document, **values)
    return document_of_settings(given, document, None if folder is None else str(folder), environ or {})


def problems(folder: Path, **values: Any) -> list[str]:
    document = read(folder, **values)
    return [str(problem).replace(f"{folder}/", "") for problem in [*document.problems, *document.warnings]]


@pytest.mark.parametrize(
    ("given", "native"),
    [
        ({"pipeline_workers": "3"}, {"workers": 3}),
        ({"pipeline_workers": "3", "pipeline_ordered": "true"}, {"workers": 1}),
        ({"path_data": "/data/"}, {"state": "/data/", "dead_letter": "/data/dead_letter_queue"}),
        ({"path_data": "/data", "path_dead__letter__queue": "/dlq"}, {"state": "/data", "dead_letter": "/dlq"}),
        ({"pipeline_id": "waf"}, {"name": "waf"}),
    ],
)
def test_settings_of_a_pipeline(given: dict[str, Any], native: dict[str, Any]) -> None:
    document = read(config_string=RUN, **given)
    assert document.problems == []
    (pipeline,) = document.data["pipelines"]
    assert {name: pipeline.get(name) for name in native} == native


@pytest.mark.parametrize(
    ("given", "native"),
    [
        ({}, {}),
        ({"api_http_host": "0.0.0.0"}, {"http": {"host": "0.0.0.0", "port": 9600}}),
        ({"api_http_port": "9700-9800"}, {"http": {"host": "127.0.0.1", "port": 9700}}),
        ({"api_http_port": 9700, "api_enabled": "false"}, {}),
        ({"api_enabled": True}, {"http": {"host": "127.0.0.1", "port": 9600}}),
        ({"http_port": 9700}, {"http": {"host": "127.0.0.1", "port": 9700}}),
        ({"log_level": "warn", "log_format": "json"}, {"log": {"level": "warning", "format": "json"}}),
        ({"log_level": "FATAL", "log_format": "plain"}, {"log": {"level": "error", "format": "readable"}}),
    ],
)
def test_settings_of_the_process(given: dict[str, Any], native: dict[str, Any]) -> None:
    document = read(config_string=RUN, **given)
    assert document.problems == []
    assert {name: value for name, value in document.data.items() if name != "pipelines"} == native


def test_flags_come_before_the_environment_and_that_before_logstash_yml(tmp_path: Path) -> None:
    (tmp_path / "logstash.yml").write_text(
        f"pipeline: {{workers: 1}}\nconfig.string: '{RUN}'\npath.data: ${{D:here}}\n"
    )
    assert read(tmp_path).data["pipelines"][0]["workers"] == 1
    assert read(tmp_path).data["pipelines"][0]["state"] == "here"
    environ = {"PIPELINE_WORKERS": "2", "pipeline.id": "b", "D": "there"}
    pipeline = read(tmp_path, environ).data["pipelines"][0]
    assert (pipeline["workers"], pipeline["name"], pipeline["state"]) == (2, "b", "there")
    assert read(tmp_path, environ, pipeline_workers="3").data["pipelines"][0]["workers"] == 3


def test_what_has_no_effect_is_said_once_by_name(tmp_path: Path) -> None:
    (tmp_path / "logstash.yml").write_text("queue.type: persisted\npath.dta: x\nxpack.monitoring.enabled: true\n")
    (tmp_path / "pipelines.yml").write_text(
        f"- pipeline.id: a\n  config.string: '{RUN}'\n  queue.type: memory\n  api.http.port: 1\n"
        f"- pipeline.id: b\n  config.string: '{RUN}'\n  queue.type: memory\n  queue.typ: memory\n"
    )
    assert problems(tmp_path) == [
        "logstash.yml:1: queue.type: no effect: there is no queue in between; what was sent is settled at once",
        "logstash.yml:2: path.dta: there is no such setting; did you mean 'path.data'?",
        "logstash.yml:3: xpack.monitoring.enabled: there is no monitoring of Elastic's here; metrics are at /metrics",
        "pipelines.yml:4: api.http.port: it belongs into logstash.yml, and has no effect here",
        "pipelines.yml:8: queue.typ: there is no such setting; did you mean 'queue.type' or 'queue.drain'?",
    ]


def test_each_pipeline_has_its_own_settings_over_those_of_the_process(tmp_path: Path) -> None:
    (tmp_path / "logstash.yml").write_text("pipeline.workers: 4\npath.data: data\n")
    (tmp_path / "a.conf").write_text(RUN)
    (tmp_path / "pipelines.yml").write_text(
        f"- pipeline.id: a\n  path.config: {tmp_path}/a.conf\n  pipeline.workers: 1\n"
        f"- pipeline.id: b\n  config.string: '{RUN}'\n"
    )
    found = [(p["name"], p["workers"], p["state"]) for p in document_of_place(str(tmp_path), {}).data["pipelines"]]
    assert found == [("a", 1, "data"), ("b", 4, "data")]


def test_everything_wrong_with_pipelines_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "waf.conf").write_text(RUN)
    (tmp_path / "pipelines.yml").write_text(
        f"""- pipeline.id: waf
  path.config: {tmp_path}/waff.conf
- pipeline.id: waf
  config.string: "input {{ stdn {{ }} }}"
- path.config: {tmp_path}/waf.conf
- pipeline.id: none
- pipeline.id: both
  config.string: "input {{ }}"
  path.config: x
- just text
- pipeline.id: numbers
  pipeline.workers: many
  config.string: "input {{ stdin {{ }} }}"
"""
    )
    found = read(tmp_path).problems
    file = str(tmp_path / "pipelines.yml")
    assert sorted((p.line, p.option, p.message) for p in found if p.file == file) == [
        (2, "path.config", f"there is no configuration file {tmp_path}/waff.conf; did you mean 'waf.conf'?"),
        (3, "pipeline.id", "another pipeline is named 'waf' already"),
        (5, "pipeline.id", "this setting is required and missing"),
        (6, "path.config", "path.config or config.string is missing"),
        (7, "path.config", "path.config and config.string exclude each other"),
        (10, "", "a pipeline is settings with their values: - pipeline.id: main"),
        (12, "pipeline.workers", "must be a whole number"),
    ]  # fmt: skip
    assert [str(p) for p in found if p.file != file] == [
        "config.string of waf:1:9: input.stdn: there is no input 'stdn'; did you mean 'stdin'?"
    ]


def test_nothing_to_run_is_said(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="there is nothing to run"):
        read(tmp_path)
    with pytest.raises(UsageError, match="exclude each other"):
        read(config_string=RUN, path_config=["a.conf"])
    with pytest.raises(UsageError, match="there is no folder nowhere"):
        read(Path("nowhere"))


def test_files_are_joined_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("20.conf", "10.conf", ".hidden", "30.conf"):
        (tmp_path / name).write_text(f"# {name}")
    for path in (str(tmp_path), f"{tmp_path}/*.conf", f"{tmp_path}/{{1,2,3}}0.conf"):
        assert [text for text, _ in texts_of([path])] == ["# 10.conf", "# 20.conf", "# 30.conf"]
    with pytest.raises(UsageError, match=r"there is no configuration file .*/1\.conf; did you mean '10\.conf'"):
        texts_of([f"{tmp_path}/1.conf"])


def test_escapes_are_read_where_that_is_asked_for() -> None:
    text = r"""filter { if [a] == "x\"y" { mutate { add_field => { "b" => "\t\n\r\\\0\/\"\q" } } } }"""
    (pipeline,) = read(config_string=text, config_support__escapes=True).data["pipelines"]
    (branch,) = pipeline["filters"]
    assert branch["if"] == {"logstash": "[a] == 'x\"y'"}
    assert branch["then"] == [{"mutate": {"add_field": {"b": '\t\n\r\\\0/"\\q'}}}]
    (pipeline,) = read(config_string=text).data["pipelines"]
    (branch,) = pipeline["filters"]
    assert branch["if"] == {"logstash": r'[a] == "x\"y"'}
    assert branch["then"] == [{"mutate": {"add_field": {"b": r"\t\n\r\\\0\/\"\q"}}}]


def test_the_mode_of_ecs_is_for_filters_that_know_it() -> None:
    text = 'filter { drop { } geoip { source => "a" } geoip { source => "a" ecs_compatibility => "disabled" } }'
    (pipeline,) = read(config_string=text, pipeline_ecs__compatibility="v8").data["pipelines"]
    assert [filter_.get("geoip", {}).get("ecs_compatibility") for filter_ in pipeline["filters"]] == [
        None,
        "v8",
        "disabled",
    ]


def test_no_setting_has_two_meanings() -> None:
    assert MEANT.keys() & WITHOUT_EFFECT.keys() == set()
