"""Everything that can be said of a configuration offline: what `logsluice check` prints."""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from logsluice.config.assemble import assemble
from logsluice.config.load import Configuration, load_file
from logsluice.config.model import Component, OutputBranch, OutputNode, PipelineModel
from logsluice.errors import ConfigError, Problem, UsageError


def check_file(path: str) -> list[Problem]:
    """All problems of one file, errors and warnings; none when it can be run."""
    try:
        configuration = load_file(path)
    except ConfigError as error:
        return list(error.problems)
    except UsageError as error:
        return [Problem(str(error), path)]
    problems = list(refusals(configuration)) + list(warnings(configuration))
    try:
        assemble(configuration)
    except ConfigError as error:
        problems += error.problems
    return sorted(problems, key=lambda problem: problem.line)


def refusals(configuration: Configuration) -> Iterator[Problem]:
    """What each pipeline may do and two together may not.

    Ids are made from the object: where two pipelines write the same objects into the same place, the second one's
    events pass for repeats of the first one's and are lost without a word. Different salts keep them apart.
    """
    numbered = enumerate(configuration.model.pipelines)
    for (_, one), (index, other) in itertools.combinations(numbered, 2):
        if _same_objects(one.source, other.source) and (shared := _shared_output(one, other)):
            yield configuration.document.problem(
                ("pipelines", index, "source"),
                f"{one.name!r} and {other.name!r} read the same objects into one {shared}: the events of one pass for"
                f" repeats of the other's; give one source an `id_salt`, or separate the outputs",
            )


def warnings(configuration: Configuration) -> Iterator[Problem]:
    """What will work today and be regretted later."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for index, pipeline in enumerate(configuration.model.pipelines):
        place = pipeline.dead_letter
        if not place.startswith("s3://") and (configuration.base / place).resolve().is_relative_to(temporary):
            yield configuration.document.problem(
                ("pipelines", index, "dead_letter"),
                f"the dead letter is below {temporary}, which is emptied at times; rejected records would be gone",
                "warning",
            )


def _same_objects(one: Component, other: Component) -> bool:
    if one.type != other.type or _option(one, "id_salt") != _option(other, "id_salt"):
        return False
    return any(set(_option(one, name)) & set(_option(other, name)) for name in ("all_queues", "buckets", "paths"))


def _option(component: Component, name: str) -> Any:
    return getattr(component.options, name, ())


def _shared_output(one: PipelineModel, other: PipelineModel) -> str:
    theirs = [(output.type, output.options) for output in _leaves(other.outputs)]
    return next((output.type for output in _leaves(one.outputs) if (output.type, output.options) in theirs), "")


def _leaves(nodes: tuple[OutputNode, ...]) -> Iterator[Component]:
    for node in nodes:
        if isinstance(node, OutputBranch):
            yield from _leaves(node.then)
            yield from _leaves(node.otherwise)
        else:
            yield node
