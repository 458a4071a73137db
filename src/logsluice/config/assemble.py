"""From a checked configuration to pipelines that can be run: every component built, nothing opened yet."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import regex

from logsluice.branches import Branch, Chain
from logsluice.components import Context, Kind, find
from logsluice.config.document import Document, Path
from logsluice.config.load import Configuration
from logsluice.config.model import (
    Component,
    Condition,
    FilterBranch,
    FilterNode,
    OutputBranch,
    OutputNode,
    OutputSpec,
    PipelineModel,
)
from logsluice.decode import Decoder
from logsluice.delivery.dead_letter import open_dead_letter
from logsluice.delivery.policies import Policies
from logsluice.errors import ConfigError, LogsluiceError, Problem
from logsluice.hosts.daemon import Service
from logsluice.model import Event, Filter, Format, Source
from logsluice.pipeline import Output, Pipeline
from logsluice.telemetry.counters import Counters

PATTERN_TIMEOUT_SECONDS = 0.1


def assemble(configuration: Configuration) -> list[Service]:
    """Build every pipeline. Connects to nothing.

    Raises:
        ConfigError: All components that can't be built, each with its place.
    """
    problems: list[Problem] = []
    services = []
    for index, model in enumerate(configuration.model.pipelines):
        builder = _Builder(configuration, model, ("pipelines", index), problems)
        if (service := builder.service()) is not None:
            services.append(service)
    if problems:
        raise ConfigError(problems)
    return services


@dataclass(frozen=True, slots=True)
class KeyFields:
    """A user's pattern over object keys, which may not hold up the worker: a catastrophic one counts as not found."""

    pattern: regex.Pattern[str]

    def search(self, string: str) -> regex.Match[str] | None:
        """The first match within PATTERN_TIMEOUT_SECONDS."""
        try:
            return self.pattern.search(string, timeout=PATTERN_TIMEOUT_SECONDS)
        except TimeoutError:
            return None


class _Builder:
    """Builds one pipeline, and notes what can't be built."""

    def __init__(
        self, configuration: Configuration, model: PipelineModel, place: Path, problems: list[Problem]
    ) -> None:
        self._document: Document = configuration.document
        self._base = configuration.base
        self._model = model
        self._place = place
        self._problems = problems
        self._names: set[str] = set()

    def service(self) -> Service | None:
        """The pipeline with its source, or None when a part of it is missing."""
        model = self._model
        before = len(self._problems)
        chosen: Format | None = self._format()
        formats = () if chosen is None else possible_formats(chosen)
        context = Context(model.name, formats, self._base, model.state, model.timestamps)
        source: Source | None = self._build("sources", model.source, (*self._place, "source"), context)
        # a source may choose formats of its own for some payloads: templates and columns must know them
        further = tuple(each for own in getattr(source, "formats", ()) for each in possible_formats(own))
        context = replace(context, formats=(*context.formats, *further))
        filters = [self._filter(node, (*self._place, "filters", i), context) for i, node in enumerate(model.filters)]
        outputs = list(self._outputs(model.outputs, (*self._place, "outputs"), context, None))
        if len(self._problems) > before or chosen is None or source is None:
            return None
        counters = Counters()
        pipeline = Pipeline(
            model.name,
            Decoder(
                chosen,
                limits=model.limits.limits(),
                key_fields=None if model.key_fields is None else KeyFields(model.key_fields),
                fields=model.fields,
                defaults=model.defaults,
                document_id=model.document_id,
                with_origin=model.origin,
                count=counters.add,
            ),
            outputs,
            # Each pipeline has its own folder in it: two may refuse the same record for different reasons.
            open_dead_letter(
                f"{model.dead_letter.rstrip('/')}/{model.name}", getattr(model.source.options, "aws", None), self._base
            ),
            filters=filters,
            policies=Policies(model.on),
            budget=model.budget,
            workers=model.workers,
            counters=counters,
        )
        return Service(pipeline, source, model.workers)

    def _format(self) -> Format | None:
        named = self._model.format
        build = find("formats", named.type).build
        chosen: Format | None = self._guarded((*self._place, "format"), lambda: build(**named.options))
        return chosen

    def _build(self, kind: Kind, component: Component, place: Path, context: Context) -> Any:
        build = find(kind, component.type).build
        return self._guarded((*place, *component.place), lambda: build(component.options, context))

    def _guarded(self, place: Path, build: Callable[[], Any]) -> Any:
        try:
            return build()
        except ImportError as error:
            self._problem(place, f"a package that this needs is not installed: {error}")
        except (LogsluiceError, ValueError, TypeError, OSError) as error:
            self._problem(place, str(error))
        return None

    def _problem(self, place: Path, message: str) -> None:
        self._problems.append(self._document.problem(place, message))

    def _filter(self, node: FilterNode, place: Path, context: Context) -> Filter:
        if isinstance(node, Component):
            built: Filter = self._build("filters", node, place, context)
            return built
        assert isinstance(node, FilterBranch)
        then = [self._filter(child, (*place, "then", i), context) for i, child in enumerate(node.then)]
        otherwise = [self._filter(child, (*place, "else", i), context) for i, child in enumerate(node.otherwise)]
        branch: Filter = Branch(node.condition.holds, Chain(then), Chain(otherwise))
        return branch

    def _outputs(
        self, nodes: Sequence[OutputNode], place: Path, context: Context, outer: Callable[[Event], bool] | None
    ) -> Iterator[Output]:
        """The outputs of a tree of conditions, each with all that must hold for it."""
        for index, node in enumerate(nodes):
            here = (*place, index)
            if isinstance(node, OutputBranch):
                yield from self._outputs(node.then, (*here, "then"), context, _both(outer, node.condition, True))
                yield from self._outputs(node.otherwise, (*here, "else"), context, _both(outer, node.condition, False))
                continue
            assert isinstance(node, OutputSpec)
            if node.name in self._names:
                self._problem(
                    here, f"another output is named {node.name!r}; give this one a name of its own: `name: ...`"
                )
            self._names.add(node.name)
            sink = self._build("sinks", node, here, replace(context, output=node.name))
            if sink is not None:
                yield Output(node.name, sink, outer, node.required)


def _both(outer: Callable[[Event], bool] | None, condition: Condition, wanted: bool) -> Callable[[Event], bool]:
    holds = condition.holds
    if outer is None:
        return holds if wanted else lambda event: not holds(event)
    return lambda event: outer(event) and holds(event) is wanted


def possible_formats(chosen: Format) -> tuple[Format, ...]:
    """The formats that events of a format may have: several for one that chooses among others, such as `auto`."""
    return tuple(getattr(chosen, "formats", (chosen,)))
