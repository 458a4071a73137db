from __future__ import annotations

from pathlib import Path

import pytest
import regex

from logsluice.components import names
from logsluice.config.assemble import KeyFields, assemble, possible_formats
from logsluice.config.check import check_file
from logsluice.config.load import load_text
from logsluice.errors import ConfigError
from logsluice.formats import load
from logsluice.hosts.daemon import Service


def services(text: str, base: Path = Path()) -> list[Service]:
    return assemble(load_text(text, "f.yaml", base, {}))


def test_outputs_under_conditions_hold_all_of_them() -> None:
    [service] = services(
        """
pipelines:
  - source: {type: files, paths: [logs]}
    format: alb
    outputs:
      - store
      - if: '[a] == 1'
        then:
          - if: '[b] == 1'
            then: [{stdout: {}, name: both}]
            else: [{stdout: {}, name: first}]
        else: [{stdout: {}, name: neither, required: false}]
"""
    )
    outputs = {sender.output.name: sender.output for sender in service.pipeline.senders}
    assert outputs["store"].condition is None
    events = [{"a": a, "b": b} for a in (1, 2) for b in (1, 2)]
    taken = {
        name: [bool(output.condition(event)) for event in events]
        for name, output in outputs.items()
        if output.condition is not None
    }
    assert taken == {
        "both": [True, False, False, False],
        "first": [False, True, False, False],
        "neither": [False, False, True, True],
    }
    assert [output.required for output in outputs.values()] == [True, True, True, False]


def test_components_that_cannot_be_built_are_all_named() -> None:
    with pytest.raises(ConfigError) as caught:
        services(
            """
pipelines:
  - source: {type: files, paths: [logs]}
    format: {type: vpc_flow, fields: [a]}
    outputs:
      - stdout
      - stdout: {codec: pretty}
"""
        )
    assert [str(problem) for problem in caught.value.problems] == [
        "f.yaml:4: pipelines[0].format: `fields` names 'a', which is no field of vpc_flow",
        (
            "f.yaml:7: pipelines[0].outputs[1]: another output is named 'stdout';"
            " give this one a name of its own: `name: ...`"
        ),
    ]


def test_each_pipeline_has_its_own_dead_letter_folder(tmp_path: Path) -> None:
    text = "pipelines: [{name: web, source: {type: files, paths: [logs]}, format: alb, outputs: [stdout]}]"
    [service] = services(text, tmp_path)
    shelf = service.pipeline.dead_letter._shelf
    assert getattr(shelf, "path", None) == tmp_path / "dead-letter" / "web"


def test_a_catastrophic_key_pattern_counts_as_not_found() -> None:
    pattern = KeyFields(regex.compile(r"^(?P<all>(a+)+)$"))
    assert pattern.search("a" * 40 + "b") is None
    found = pattern.search("aaa")
    assert found is not None
    assert found["all"] == "aaa"


TWO = """
pipelines:
  - name: one
    source: {type: files, paths: [logs]}
    format: alb
    outputs: [{store: {path: one}}]
  - name: two
    source: {type: files, paths: [logs]%s}
    format: %s
    outputs: [{store: {path: %s}}]
"""


@pytest.mark.parametrize(
    ("salt", "format_name", "path", "refused"),
    [
        ("", "lines", "one", True),
        ("", "alb", "one", False),  # the same events twice, as an import beside live traffic makes them
        (", id_salt: b", "lines", "one", False),
        ("", "lines", "two", False),
    ],
)
def test_two_pipelines_with_one_set_of_ids_are_refused(
    tmp_path: Path, salt: str, format_name: str, path: str, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/nowhere")
    file = tmp_path / "f.yaml"
    file.write_text(TWO % (salt, format_name, path))
    found = [problem.message for problem in check_file(str(file))]
    expected = (
        "'one' and 'two' read the same objects into one store: the events of one pass for repeats of the other's;"
        " give one source an `id_salt`, or separate the outputs"
    )
    assert found == ([expected] if refused else [])


ARCHIVES = """
pipelines:
  - source: {type: files, paths: [logs]}
    format: alb
    outputs:
      - archive: {to: "s3://kept/alb"}
      - if: '[elb_status_code] >= 500'
        then: [{archive: {to: "%s"}, name: errors}]
"""


@pytest.mark.parametrize(("to", "refused"), [("s3://kept/alb/", True), ("s3://kept/alb/errors", False)])
def test_two_archives_of_one_pipeline_in_one_place_are_refused(
    tmp_path: Path, to: str, refused: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: "/nowhere")
    file = tmp_path / "f.yaml"
    file.write_text(ARCHIVES % to)
    found = [(problem.line, problem.message) for problem in check_file(str(file))]
    expected = (
        "another archive of this pipeline writes to s3://kept/alb/, too: files are named by the input, and those of one"
        " would replace those of the other; give each a prefix of its own"
    )
    assert found == ([(8, expected)] if refused else [])


def test_a_dead_letter_in_a_temporary_folder_is_warned_of(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path))
    file = tmp_path / "f.yaml"
    file.write_text("pipelines: [{source: {type: files, paths: [x]}, format: alb, outputs: [stdout]}]")
    [problem] = check_file(str(file))
    assert (problem.severity, problem.option, problem.line) == ("warning", "pipelines[0].dead_letter", 1)


def test_outputs_know_every_format_that_auto_may_choose() -> None:
    chosen = possible_formats(load("auto"))
    assert {format_.name for format_ in chosen} == set(names("formats")) - {"auto"}
    assert possible_formats(load("alb")) == (load("alb"),)
