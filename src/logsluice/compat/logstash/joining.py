"""Pipelines that send to each other, joined before they are translated.

What is sent to an address goes on, in the sending pipeline, with the filters and outputs of the one that listens
there. A pipeline whose only output is an address simply goes on so; else each address gets a copy of the event (the
filter `fork`), and conditions keep the copies on their ways. Facts: Logstash Reference, "Pipeline-to-pipeline
communication".
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import ValidationError

from logsluice.compat.logstash.inputs import pipeline as input_
from logsluice.compat.logstash.outputs import pipeline as output
from logsluice.compat.logstash.syntax import Attribute, Branch, Case, LogstashPipeline, Node, Plugin, Section
from logsluice.compat.logstash.values import options
from logsluice.config.document import Document, Mark

PIPELINE = "pipeline"
"""The name of both plugins."""


def join(
    pipelines: Sequence[LogstashPipeline], document: Document, environ: Mapping[str, str] | None
) -> list[LogstashPipeline]:
    """The pipelines that have inputs of their own, each with all that its events go through."""
    return _Joiner(pipelines, document, environ).joined()


@dataclass
class _Ways:
    """What one pipeline with inputs of its own becomes.

    Attributes:
        outputs: What is put out on each way; the way "" is that of the events themselves.
        numbers: For the ids of copies.
    """

    outputs: dict[str, tuple[Node, ...]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))


class _Joiner:
    def __init__(
        self, pipelines: Sequence[LogstashPipeline], document: Document, environ: Mapping[str, str] | None
    ) -> None:
        self._pipelines = pipelines
        self._document = document
        self._environ = environ
        self._reached: set[str] = set()
        self._listeners: dict[str, tuple[LogstashPipeline, Plugin]] = {}
        self._listening: list[Plugin] = []
        for pipeline in pipelines:
            for plugin in _listening(pipeline):
                if (settings := self._settings(plugin, input_.Settings)) is None:
                    continue
                self._listening.append(plugin)
                if settings.address in self._listeners:
                    self._problem(plugin.mark, f"another pipeline listens at the address {settings.address!r} already")
                else:
                    self._listeners[settings.address] = pipeline, plugin

    def joined(self) -> list[LogstashPipeline]:
        found = [self._whole(pipeline) for pipeline in self._pipelines if not self._only_listens(pipeline)]
        for address, (_, plugin) in self._listeners.items():
            if address not in self._reached:
                self._document.marks[("input.pipeline", address)] = plugin.mark
                self._document.names[("input.pipeline", address)] = f"input.pipeline {address}"
                self._document.warn_once(("input.pipeline", address), "nothing sends to this address")
        return found

    def _listens(self, node: Node) -> bool:
        return any(node is plugin for plugin in self._listening)

    def _only_listens(self, pipeline: LogstashPipeline) -> bool:
        nodes = pipeline.nodes("input")
        return bool(nodes) and all(map(self._listens, nodes))

    def _whole(self, pipeline: LogstashPipeline) -> LogstashPipeline:
        ways = _Ways()
        mark = pipeline.sections[0].mark if pipeline.sections else Mark()
        filters = self._through(pipeline, "", ways, (pipeline.id,))
        outputs: list[Node] = list(ways.outputs.pop("", ()))
        if ways.outputs and outputs:
            outputs = [Branch((Case("![@metadata][way]", mark, tuple(outputs)),), (), mark)]
        outputs += [_on(way, nodes, mark) for way, nodes in ways.outputs.items()]
        inputs = tuple(node for node in pipeline.nodes("input") if not self._listens(node))
        return replace(
            pipeline,
            sections=(
                Section("input", inputs, mark),
                Section("filter", tuple(filters), mark),
                Section("output", tuple(outputs), mark),
            ),
        )

    def _through(self, pipeline: LogstashPipeline, way: str, ways: _Ways, stack: tuple[str, ...]) -> list[Node]:
        """All filters that events on a way go through from here; their outputs are noted."""
        filters: list[Node] = list(pipeline.nodes("filter"))
        nodes = pipeline.nodes("output")
        if (
            len(nodes) == 1
            and isinstance(nodes[0], Plugin)
            and len(targets := list(self._targets(nodes[0], stack))) == 1
        ):
            _, target, listening = targets[0]
            filters += [*_decorations(listening), *self._through(target, way, ways, (*stack, target.id))]
            return filters
        found: dict[str, tuple[LogstashPipeline, Plugin]] = {}
        forks, kept = self._parted(nodes, way, found, ways, stack)
        filters += forks
        ways.outputs[way] = (*ways.outputs.get(way, ()), *kept)
        for inner, (target, listening) in found.items():
            body = (*_decorations(listening), *self._through(target, inner, ways, (*stack, target.id)))
            filters.append(_on(inner, body, listening.mark))
        return filters

    def _parted(
        self,
        nodes: Iterable[Node],
        way: str,
        found: dict[str, tuple[LogstashPipeline, Plugin]],
        ways: _Ways,
        stack: tuple[str, ...],
    ) -> tuple[tuple[Node, ...], tuple[Node, ...]]:
        """Outputs as forks for those that send to addresses, and all the others."""
        forks: list[Node] = []
        kept: list[Node] = []
        for node in nodes:
            if isinstance(node, Branch):
                parted = [self._parted(case.body, way, found, ways, stack) for case in node.cases]
                otherwise = self._parted(node.otherwise, way, found, ways, stack)
                for side, into in enumerate((forks, kept)):
                    if otherwise[side] or any(body[side] for body in parted):
                        cases = zip(node.cases, parted, strict=True)
                        bodies = tuple(replace(case, body=body[side]) for case, body in cases)
                        into.append(Branch(bodies, otherwise[side], node.mark))
                continue
            targets = list(self._targets(node, stack))
            if not _is_pipeline(node) or (not targets and self._must_arrive(node)):
                kept.append(node)
            for address, target, listening in targets:
                inner = f"{way}/{address}" if way else address
                found[inner] = target, listening
                forks.append(_plugin("fork", node.mark, to=inner, **{"from": way}, number=next(ways.numbers)))
        return tuple(forks), tuple(kept)

    def _targets(self, plugin: Plugin, stack: tuple[str, ...]) -> Iterator[tuple[str, LogstashPipeline, Plugin]]:
        """The pipelines that an output sends to: (address, pipeline, its input)."""
        settings = self._settings(plugin, output.Settings) if _is_pipeline(plugin) else None
        for address in settings.send_to if settings is not None else ():
            if address in self._listeners:
                self._reached.add(address)
                target, listening = self._listeners[address]
                if target.id in stack:
                    self._problem(plugin.mark, f"pipelines send in a circle: {' to '.join((*stack, target.id))}")
                else:
                    yield address, target, listening
            elif settings is not None and settings.ensure_delivery:
                self._problem(plugin.mark, f"no pipeline listens at the address {address!r}")

    def _must_arrive(self, plugin: Plugin) -> bool:
        """Whether an output that reaches no pipeline is left to the translator, which says what is wrong with it."""
        return self._settings(plugin, output.Settings) is None

    def _settings(self, plugin: Plugin, model: Any) -> Any:
        try:
            return model.model_validate(options(plugin, Document(""), (), self._environ))
        except ValidationError:
            return None  # it stays as it is, and is told of when it is translated

    def _problem(self, mark: Mark, message: str) -> None:
        path = (f"{PIPELINE} of {mark}",)
        self._document.marks[path], self._document.names[path] = mark, PIPELINE
        problem = self._document.problem(path, message)
        if problem not in self._document.problems:
            self._document.problems.append(problem)


def _is_pipeline(node: Node) -> bool:
    return isinstance(node, Plugin) and node.name == PIPELINE


def _listening(pipeline: LogstashPipeline) -> Iterator[Plugin]:
    for node in pipeline.nodes("input"):
        if isinstance(node, Plugin) and node.name == PIPELINE:
            yield node


def _on(way: str, body: tuple[Node, ...], mark: Mark) -> Branch:
    return Branch((Case(f'[@metadata][way] == "{way}"', mark, body),), (), mark)


def _decorations(listening: Plugin) -> Iterator[Node]:
    """What an input adds to its events, as filters."""
    given = {attribute.name: attribute for attribute in listening.attributes}
    named = [
        replace(given[old], name=new) for old, new in (("add_field", "add_field"), ("tags", "add_tag")) if old in given
    ]
    if "type" in given:
        add_type = replace(given["type"], name="add_field", value={"type": given["type"].value}, marks={})
        mutate = Plugin("mutate", (add_type,), listening.mark)
        yield Branch((Case("![type]", listening.mark, (mutate,)),), (), listening.mark)
    if named:
        yield Plugin("mutate", tuple(named), listening.mark)


def _plugin(name: str, mark: Mark, **values: Any) -> Plugin:
    return Plugin(name, tuple(Attribute(key, value, mark, {}) for key, value in values.items()), mark)
