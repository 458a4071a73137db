# ruff: noqa: E501 - what the program says
"""The command lines of `logsluice s3logsbeat` and `s3imports`: Go's flags, beats' words, several configurations."""

from __future__ import annotations

from pathlib import Path

import pytest

from logsluice._version import __version__
from logsluice.cli.main import run
from logsluice.config.yaml_source import parse

QUEUE = "https://sqs.us-east-1.amazonaws.com/123456789012/logs"
FILE = f"s3logsbeat.inputs: [{{type: sqs, queues_url: [{QUEUE}], log_format: alb}}]\noutput.console.pretty: false\n"


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "s3logsbeat.yml").write_text(FILE)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def called(*arguments: str, capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = run(["s3logsbeat", *arguments])
    out, err = capsys.readouterr()
    return code, out, err


@pytest.mark.parametrize(
    "flags",
    [
        [],
        ["-c", "s3logsbeat.yml"],
        ["-c=s3logsbeat.yml"],
        ["--path.config", "."],
        ["-path.config=.", "-path.home", "x"],
        ["-e", "-v", "-d", "*"],
        ["-ev", "-d=*"],
        ["-d*"],
        ["-strict.perms=false"],
        ["--strict.perms=true"],
        ["-once", "-keepsqsmessages"],
        ["--once=false", "-keepsqsmessages=true"],
        ["--once=F", "-keepsqsmessages=1"],
        ["-Eoutput.console.pretty=true"],
        ["-E=output.console.pretty=true"],
    ],
)
def test_flags_that_are_taken(flags: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert called("test", "config", *flags, capsys=capsys)[:2] == (0, "Config OK\n")


def test_flags_without_effect_are_said_by_name(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = called("test", "config", "-httpprof", ":6060", "-cpuprofile=a", "--memprofile=b", capsys=capsys)
    assert code == 0
    assert [line for line in err.splitlines() if "dead_letter" not in line] == [
        "warning: --httpprof: profiles are not served; see /metrics of `http`",
        "warning: --cpuprofile: no profile is written",
        "warning: --memprofile: no profile is written",
    ]


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["-onec"], "No such option '-onec'. Did you mean '--once'?"),
        (["--keepsqsmesages"], "No such option '--keepsqsmesages'. Did you mean '--keepsqsmessages'?"),
        (["-path.confg=x"], "No such option '-path.confg'. (Did you mean one of: '--path.config', '--path.home', '--path.logs'?)"),
        (["-once=maybe"], "Invalid value for '--once': 'maybe' is neither true nor false"),
        (["-version"], "--version: write `version`"),
        (["-N"], "-N: nothing is run without publishing: use -E output.elasticsearch.enabled=false -E output.console.enabled=true"),
        (["-configtest"], "--configtest: write `test config`"),
        (["keystore", "add", "ES_PWD"], "keystore add ES_PWD: there is no keystore: put secrets into environment variables, and ${NAME} into the file"),
        (["export", "dashboard"], "export dashboard: there are no dashboards"),
        (["test", "configs"], "there is no command 'test configs'; did you mean 'test config' or 'export config'?: run, s3imports, test config, test output, export config, export template, setup, version, help"),
    ],
)  # fmt: skip
def test_what_is_not_taken_is_told(arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = called(*arguments, capsys=capsys)
    assert (code, err.splitlines()[-1]) == (2, f"Error: {said}")


def test_a_setting_that_is_none_is_told_without_its_value(capsys: pytest.CaptureFixture[str]) -> None:
    code, _, err = called("test", "config", "-E", "output..password=hunter2", capsys=capsys)
    assert code == 1
    assert err.splitlines()[0] == "error: -E output..password: this is no setting; write key=value"
    assert "hunter2" not in err


def test_words(capsys: pytest.CaptureFixture[str]) -> None:
    assert called("version", capsys=capsys) == (0, f"logsluice {__version__}\n", "")
    assert called("help", capsys=capsys)[1].startswith("Usage: logsluice s3logsbeat [OPTIONS] [COMMAND]\n")
    assert called("test", "output", capsys=capsys)[:2] == (0, "stdout: OK\n")
    assert called("setup", "--template", capsys=capsys)[1] == (
        "stdout: what it needs is installed (there are no dashboards)\n"
    )


def test_several_configurations_are_joined_in_order(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "more").mkdir()
    (folder / "more" / "a.yml").write_text("output.console.pretty: true\ns3logsbeat.shutdown_timeout: 5s\n")
    (folder / "more" / "b.yml").write_text("s3logsbeat: {inputs: [{log_format: elb}], shutdown_timeout: 6s}\n")
    files = ["-c", "s3logsbeat.yml", "-c", "more/a.yml", "-c", "more/b.yml"]
    code, out, _ = called("export", "config", *files, "--path.data", "/var/lib/beat", capsys=capsys)
    assert code == 0
    (pipeline,) = parse(out, "exported", {}).data["pipelines"]
    assert pipeline == {
        "name": "sqs-1",
        "source": {"type": "s3_sqs", "queues": [QUEUE]},
        "format": {"type": "elb", "as_s3logsbeat": True},
        "filters": [],
        "outputs": [{"stdout": {"codec": "pretty"}}],
        "document_id": "content",
        "origin": False,
        "timestamps": "milliseconds",
        "budget": "32768KiB",
        "shutdown_timeout": "6s",
        "state": "/var/lib/beat/state",
        "dead_letter": "/var/lib/beat/dead-letter",
        "workers": 5,
    }


def test_an_exported_configuration_has_the_variables_where_they_were(
    folder: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TEAM", "the web team")
    (folder / "fields.yml").write_text("fields: {team: '${TEAM}', what: 'a$${TEAM}', none: '${NONE:x}'}\n")
    _, out, _ = called("export", "config", "-c", "s3logsbeat.yml", "-c", "fields.yml", capsys=capsys)
    (as_text,) = parse(out, "exported", None).data["pipelines"]
    assert as_text["fields"] == {"fields": {"team": "${TEAM}", "what": "a$${TEAM}", "none": "x"}}
    (as_read,) = parse(out, "exported", {"TEAM": "the other team"}).data["pipelines"]
    assert as_read["fields"] == {"fields": {"team": "the other team", "what": "a${TEAM}", "none": "x"}}


@pytest.mark.parametrize(
    ("value", "written", "password"),
    [
        ("secret", 'output.elasticsearch: {username: joe, password: "${ONLY}"}', "${ONLY}"),
        ("se${cret", 'output.elasticsearch: {username: joe, password: "${ONLY}"}', "${ONLY}"),
        ("'secret'", 'output.elasticsearch: {username: joe, password: "${ONLY}"}', "${S3LOGSBEAT_PASSWORD}"),
        ("joe:secret", "cloud.auth: ${ONLY}\noutput.elasticsearch.hosts: [a]", "${S3LOGSBEAT_PASSWORD}"),
        ("https://joe:s%65cret@a", "output.elasticsearch.hosts: ['${ONLY}']", "${S3LOGSBEAT_PASSWORD}"),
    ],
)
def test_an_exported_configuration_holds_no_password_of_the_environment(
    value: str,
    written: str,
    password: str,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("ONLY", value)
    (folder / "cluster.yml").write_text(f"output.console.enabled: false\n{written}\n")
    _, out, _ = called("export", "config", "-c", "s3logsbeat.yml", "-c", "cluster.yml", capsys=capsys)
    assert "cret" not in out
    (pipeline,) = parse(out, "exported", None).data["pipelines"]
    assert pipeline["outputs"][0]["opensearch"]["password"] == password
    told = "# The password is a part of ${ONLY}: put it alone into S3LOGSBEAT_PASSWORD\n"
    assert out.startswith(told) is (password != "${ONLY}")


def test_a_problem_names_the_file_that_it_stands_in(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "more.yml").write_text("output:\n  console: {prety: true}\n")
    _, _, err = called("test", "config", "-c", "s3logsbeat.yml", "-c", "more.yml", capsys=capsys)
    assert err == "error: more.yml:2: output.console.prety: there is no option 'prety'; did you mean 'pretty'?\n"


def test_a_layout_that_go_does_not_know_is_told_at_its_option(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    options = "log_format: json, log_format_options:\n {timestamp_field: t,\n timestamp_format: 'time:YY'}"
    (folder / "s3logsbeat.yml").write_text(FILE.replace("log_format: alb", options))
    code, _, err = called("test", "config", capsys=capsys)
    said = "Go time layout 'YY' has no year: write the moment Mon Jan 2 15:04:05 MST 2006"
    where = "s3logsbeat.yml:3: s3logsbeat.inputs[0].log_format_options.timestamp_format"
    assert (code, err.splitlines()[-1]) == (2, f"error: {where}: {said}")


def test_s3imports_says_where_queues_are_read(capsys: pytest.CaptureFixture[str]) -> None:
    for arguments in (["s3imports"], ["s3logsbeat", "s3imports"]):
        assert run([*arguments, "-c", "s3logsbeat.yml"]) == 1
        assert "no enabled input of type s3" in capsys.readouterr().err
