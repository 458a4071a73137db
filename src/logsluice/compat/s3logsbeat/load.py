"""An s3logsbeat.yml to a document in the native model."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from pathlib import Path as FilePath

from pydantic import ValidationError

from logsluice.compat.s3logsbeat.dotted import expand, overlay, override, without_nulls
from logsluice.compat.s3logsbeat.options import Root
from logsluice.compat.s3logsbeat.outputs import REFUSED
from logsluice.compat.s3logsbeat.translate import InputType, translate
from logsluice.compat.s3logsbeat.values import is_off
from logsluice.compat.s3logsbeat.variables import resolve
from logsluice.config.document import Document
from logsluice.config.explain import explain
from logsluice.config.load import S3LOGSBEAT
from logsluice.config.yaml_source import parse
from logsluice.errors import ConfigError, Problem, UsageError


def is_file_of_beat(path: str) -> bool:
    """Whether a path names a file in which `s3logsbeat` stands at the top, whole or dotted."""
    place = FilePath(path)
    try:
        return place.is_file() and S3LOGSBEAT.search(place.read_text(encoding="utf-8")) is not None
    except (OSError, UnicodeDecodeError):
        return False


def document_of_text(text: str, file: str, environ: Mapping[str, str], overrides: Sequence[str] = ()) -> Document:
    """The native document of a file's text, with inputs of type `sqs` where it has such inputs, else of `s3`.

    Args:
        text: What is written.
        file: Its name, for messages.
        environ: For `${NAME}`.
        overrides: `key=value` of the command line, over what is written.

    Raises:
        ConfigError: Everything that is wrong with its options.
        UsageError: An override is none.
    """
    document = parse(text, file, None)
    expand(document)
    return _native(document, environ, (), overrides)


def document_of_files(
    files: Sequence[str], environ: Mapping[str, str], types: Collection[InputType], overrides: Sequence[str] = ()
) -> Document:
    """The native document of one file, or of several of which each stands above those before it.

    Args:
        files: Their paths.
        environ: For `${NAME}`.
        types: Of the inputs that are wanted. Without any: as `document_of_text` takes them.
        overrides: `key=value` of the command line, over what is written.

    Raises:
        ConfigError: Everything that is wrong with it.
        UsageError: There is no such file, it can't be read, or it has no such inputs.
    """
    document, *others = (_read(file) for file in files)
    for other in others:
        overlay(document, other)
    native = _native(document, environ, types, overrides)
    if not native.data["pipelines"] and not native.problems:
        advice = (
            "logsluice s3imports reads inputs of type s3" if "sqs" in types else "logsluice s3logsbeat reads queues"
        )
        raise UsageError(f"{' and '.join(files)}: no enabled input of type {' or '.join(types)}", advice)
    return native


def _read(path: str) -> Document:
    try:
        text = FilePath(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise UsageError(f"there is no file {path}", "-c FILE names it, from here or from --path.config") from None
    except UnicodeDecodeError:
        raise UsageError(f"{path} is not a text file in UTF-8") from None
    except OSError as error:
        raise UsageError(f"{path} can't be read: {error.strerror}") from None
    document = parse(text, path, None)
    expand(document)
    return document


def _native(
    document: Document, environ: Mapping[str, str], types: Collection[InputType], overrides: Sequence[str]
) -> Document:
    for setting in overrides:
        try:
            override(document, setting)
        except ValueError as error:
            name = setting.partition("=")[0]  # the value may be a password
            raise UsageError(f"-E {name}: {error}", "such as -E output.elasticsearch.hosts=localhost:9200") from None
    resolve(document, environ)
    expand(document)  # of mappings that came from variables and -E
    document.data = without_nulls(document.data)
    problems = [*document.problems, *_refused(document)]
    try:
        root = Root.model_validate(document.data if document.data is not None else {})
    except ValidationError as error:
        known = {problem.option for problem in problems}
        found = [document.problem(path, said) for path, said in explain(error, Root, document.data)]
        problems += [problem for problem in found if problem.option not in known]
    if problems:
        raise ConfigError(sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line)))
    native = translate(root, document, types or _types(root))
    if not types and not native.data["pipelines"]:
        raise ConfigError([document.problem(("s3logsbeat", "inputs"), "no input is enabled")])
    if not types:
        native.warnings += _left_out(root, document)
    return native


def _left_out(root: Root, document: Document) -> Iterator[Problem]:
    """Warnings of inputs that a run leaves to `s3imports`."""
    for number, given in enumerate(root.s3logsbeat.inputs):
        if given.enabled and given.type not in _types(root):
            said = "left out: `logsluice s3imports` brings what inputs of type s3 name"
            yield document.problem(("s3logsbeat", "inputs", number), said, "warning")


def _types(root: Root) -> tuple[InputType, ...]:
    queues = any(given.enabled and given.type == "sqs" for given in root.s3logsbeat.inputs)
    return ("sqs",) if queues else ("s3",)


def _refused(document: Document) -> list[Problem]:
    """Outputs that there are none of, and what to use instead."""
    given = document.data.get("output") if isinstance(document.data, dict) else None
    found = []
    for name, advice in REFUSED.items():
        if isinstance(given, dict) and name in given:
            if is_off(given.pop(name)):
                continue
            found.append(document.problem(("output", name), f"there is no output {name} here: {advice}"))
    return found
