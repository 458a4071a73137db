"""Everything that can be said of a configuration: what `logsluice check` prints.

What is dangerous in one component's options is known to its own module (`concerns`, `probe`, `rivalry`: see
`logsluice.components`); what is dangerous between pipelines is found here.
"""

from __future__ import annotations

import itertools
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType
from typing import Literal, TypeAlias

from logsluice.components import Context, Kind, Options, find
from logsluice.config import document_names
from logsluice.config.assemble import assemble
from logsluice.config.document import Path as Place
from logsluice.config.load import Configuration, load_file
from logsluice.config.model import (
    Component,
    FilterBranch,
    FilterNode,
    OutputBranch,
    OutputNode,
    PipelineModel,
)
from logsluice.errors import ConfigError, LogsluiceError, Problem, UsageError

FORMAT = "%{[@metadata][format]}"

Look: TypeAlias = Literal["concerns", "probe"]


def check_file(path: str, *, live: bool = False) -> list[Problem]:
    """All problems of one file, errors and warnings; none when it can be run.

    Args:
        path: A configuration in YAML, or of Logstash.
        live: Make cheap calls to the services it names, too.
    """
    try:
        configuration = load_file(path)
    except ConfigError as error:
        return list(error.problems)
    except UsageError as error:
        return [Problem(str(error), path)]
    return check_configuration(configuration, live=live)


def check_configuration(configuration: Configuration, *, live: bool = False) -> list[Problem]:
    """All problems of a configuration whose options are good, in the order of their places."""
    problems = [*configuration.document.warnings, *refusals(configuration), *warnings(configuration)]
    try:
        assemble(configuration)
    except ConfigError as error:
        problems += error.problems
    else:
        problems += said_by_components(configuration, "concerns")
        problems += named_badly(configuration)
        if live:
            problems += said_by_components(configuration, "probe")
    return sorted(dict.fromkeys(problems), key=lambda problem: (problem.file, problem.line))


def refusals(configuration: Configuration) -> Iterator[Problem]:
    """What each pipeline may do and two together may not.

    Ids are made from the object: where two pipelines make different events of the same objects and write them into the
    same place, the second one's pass for repeats of the first one's and are lost without a word. Different salts keep
    them apart. Where both make the same events (an import beside live traffic), that is what ids are for.
    """
    yield from _unshared(configuration)
    yield from _overwritten(configuration)
    for place, one, other in _pairs(configuration):
        theirs, ours = other.source.options, one.source.options
        if one.source.type == other.source.type:
            rivalry = getattr(find("sources", one.source.type), "rivalry", None)
            if rivalry is not None and (reason := rivalry(ours, theirs)):
                yield configuration.document.problem(place, f"{one.name!r} and {other.name!r}: {reason}")
                continue
        if _salt(ours) != _salt(theirs) or _processing(one) == _processing(other):
            continue
        if _meet(ours.reads, theirs.reads) and (shared := _shared_output(one, other)):
            yield configuration.document.problem(
                place,
                f"{one.name!r} and {other.name!r} read the same objects into one {shared}: the events of one pass for"
                f" repeats of the other's; give one source an `id_salt`, or separate the outputs",
            )


def _unshared(configuration: Configuration) -> Iterator[Problem]:
    """`processes: N` with a source that each of them would read in full."""
    if configuration.model.processes == 1:
        return
    for index, pipeline in enumerate(configuration.model.pipelines):
        if not pipeline.source.options.shareable:
            yield configuration.document.problem(
                ("pipelines", index, "source"),
                f"{pipeline.source.type} can't be shared by several processes: each would read all of it;"
                " leave `processes` out, or use a queue (s3_sqs)",
            )


def _overwritten(configuration: Configuration) -> Iterator[Problem]:
    """Two outputs of one pipeline that would write the same files: what one gets would replace what the other got."""
    for index, pipeline in enumerate(configuration.model.pipelines):
        taken: set[str] = set()
        for sink, place in _leaves(pipeline.outputs, ("pipelines", index, "outputs")):
            if not sink.options.overwrites:
                continue
            if shared := taken.intersection(sink.options.writes):
                yield configuration.document.problem(
                    place,
                    f"another {sink.type} of this pipeline writes to {shared.pop()}, too: files are named by the input,"
                    " and those of one would replace those of the other; give each a prefix of its own",
                )
            taken.update(sink.options.writes)


def warnings(configuration: Configuration) -> Iterator[Problem]:
    """What will work today and be regretted later, of the pipelines themselves."""
    temporary = Path(tempfile.gettempdir()).resolve()
    for index, pipeline in enumerate(configuration.model.pipelines):
        for option, what in (
            ("dead_letter", "the dead letter is below {}, which is emptied at times; rejected records would be gone"),
            ("state", "the state is below {}, which is emptied at times; what was read would be read again"),
        ):
            place: str = getattr(pipeline, option)
            is_default = option not in pipeline.model_fields_set
            if option == "state" and is_default:
                continue  # most sources keep none
            if not place.startswith("s3://") and (configuration.base / place).resolve().is_relative_to(temporary):
                yield configuration.document.problem(("pipelines", index, option), what.format(temporary), "warning")


def named_badly(configuration: Configuration) -> Iterator[Problem]:
    """Names of documents that collide or can't be made."""
    for index, pipeline in enumerate(configuration.model.pipelines):
        for place, sentence in document_names.concerns(pipeline):
            yield configuration.document.problem(("pipelines", index, *place), sentence, "warning")


def said_by_components(configuration: Configuration, look: Look) -> Iterator[Problem]:
    """What the modules of all components find dangerous in their options, or in the services that these name."""
    for index, pipeline in enumerate(configuration.model.pipelines):
        context = Context(pipeline.name, (), configuration.base, pipeline.state)
        for kind, component, place in _components(pipeline, ("pipelines", index)):
            module = find(kind, component.type)
            for option, sentence, severity in _said(module, look, component, context):
                where = (*place, *component.place, *option.split(".")) if option else place
                yield configuration.document.problem(where, sentence, severity)


def _said(module: ModuleType, look: Look, component: Component, context: Context) -> Iterator[tuple[str, str, str]]:
    ask = getattr(module, look, None)
    if ask is None:
        return
    try:
        for option, sentence in ask(component.options, context):
            yield option, sentence, "warning"
    except UsageError as error:
        yield "", f"{error}{f'; {error.hint}' if error.hint else ''}", "error"
    except LogsluiceError as error:
        yield "", str(error), "error"


def _components(pipeline: PipelineModel, place: Place) -> Iterator[tuple[Kind, Component, Place]]:
    yield "sources", pipeline.source, (*place, "source")
    for component, where in _leaves(pipeline.filters, (*place, "filters")):
        yield "filters", component, where
    for component, where in _leaves(pipeline.outputs, (*place, "outputs")):
        yield "sinks", component, where


def _leaves(nodes: tuple[FilterNode, ...] | tuple[OutputNode, ...], place: Place) -> Iterator[tuple[Component, Place]]:
    """The components of a tree of conditions, each with its place."""
    for index, node in enumerate(nodes):
        here = (*place, index)
        if isinstance(node, FilterBranch | OutputBranch):
            yield from _leaves(node.then, (*here, "then"))
            yield from _leaves(node.otherwise, (*here, "else"))
        else:
            yield node, here


def _pairs(configuration: Configuration) -> Iterator[tuple[Place, PipelineModel, PipelineModel]]:
    """Every two pipelines, and the place of the second one's source."""
    for (_, one), (index, other) in itertools.combinations(enumerate(configuration.model.pipelines), 2):
        yield ("pipelines", index, "source"), one, other


def _salt(options: Options) -> str:
    return getattr(options, "id_salt", "")


def _processing(pipeline: PipelineModel) -> tuple[object, ...]:
    """What decides which events a pipeline makes of an object."""
    return pipeline.format, pipeline.key_fields, pipeline.fields, pipeline.document_id, pipeline.filters


def _meet(ones: tuple[str, ...], others: tuple[str, ...]) -> bool:
    """Whether two lists of prefixes have anything in common."""
    return any(one.startswith(other) or other.startswith(one) for one in ones for other in others)


def _shared_output(one: PipelineModel, other: PipelineModel) -> str:
    """The kind of an output in which documents of both meet, "" when there is none."""
    theirs = {place for _, places in _written(other) for place in places}
    return next((kind for kind, places in _written(one) if theirs & places), "")


def _written(pipeline: PipelineModel) -> Iterator[tuple[str, set[str]]]:
    """Of each output: its kind, and where it writes, as far as the pipeline's format tells."""
    name = pipeline.format.type
    for sink, _ in _leaves(pipeline.outputs, ()):
        places = sink.options.writes
        yield sink.type, set(places) if name == "auto" else {place.replace(FORMAT, name) for place in places}
