"""What is dangerous in how documents are named: ids that collide, names made of fields that may be missing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from logsluice.config.document import Path
from logsluice.config.model import Component, FilterBranch, FilterNode, OutputBranch, OutputNode, PipelineModel
from logsluice.lang.references import Reference
from logsluice.lang.templates import template

COLLIDING = (
    "MURMUR3 has 32 bits: of ten million documents more than eleven thousand share an id with another and overwrite it;"
    " use MURMUR3_128 or SHA256"
)
ALWAYS = ("[@timestamp]", "[@metadata][_id]", "[@metadata][position]", "[@metadata][format]")
"""What every event has."""


def concerns(pipeline: PipelineModel) -> Iterator[tuple[Path, str]]:
    """For each danger its place below the pipeline, and a sentence."""
    filters = list(_filters(pipeline.filters))
    always = {Reference(name) for name in (*ALWAYS, *pipeline.defaults, *pipeline.fields)}
    always |= {name for component, surely in filters if surely for name in _set_by(component)}
    short = {name for component, _ in filters for name in _short_ids(component)}
    for output, place, conditions in _outputs(pipeline.outputs, ("outputs",), ""):
        for option in ("index", "document_id"):
            text = getattr(output.options, option, None)
            if not isinstance(text, str):
                continue
            for reference in template(text).references:
                where = (*place, *output.place, option)
                if option == "document_id" and reference in short:
                    yield where, COLLIDING
                if reference not in always and not _is_of_source(reference) and _bracketed(reference) not in conditions:
                    yield (
                        where,
                        f"an event without {_bracketed(reference)} has no such name and goes to the dead letter",
                    )


def _filters(nodes: tuple[FilterNode, ...], surely: bool = True) -> Iterator[tuple[Component, bool]]:
    """All filters, and whether every event goes through each."""
    for node in nodes:
        if isinstance(node, FilterBranch):
            yield from _filters(node.then, surely=False)
            yield from _filters(node.otherwise, surely=False)
        else:
            yield node, surely


def _outputs(nodes: tuple[OutputNode, ...], place: Path, conditions: str) -> Iterator[tuple[Component, Path, str]]:
    """All outputs with the conditions that hold for them."""
    for index, node in enumerate(nodes):
        here = (*place, index)
        if isinstance(node, OutputBranch):
            yield from _outputs(node.then, (*here, "then"), f"{conditions} {node.condition.text}")
            yield from _outputs(node.otherwise, (*here, "else"), conditions)
        else:
            yield node, here, conditions


def _set_by(component: Component) -> Iterator[Reference]:
    """Fields that events have behind a filter, whatever they had before."""
    options = component.options
    names: list[Any] = []
    if component.type == "mutate":
        names += [*options.add_field, *options.replace]
    elif component.type == "fingerprint":
        names.append(options.target_field)
    elif component.type == "uuid":
        names.append(options.target)
    for name in names:
        if template(name).is_constant:
            yield Reference(name)


def _short_ids(component: Component) -> Iterator[Reference]:
    if component.type == "fingerprint" and component.options.method == "MURMUR3":
        yield Reference(component.options.target_field)


def _is_of_source(reference: Reference) -> bool:
    """`[@metadata][s3][bucket]` and the like, which the source gives to every event."""
    return reference.path[0] == "@metadata" and len(reference.path) > 2


def _bracketed(reference: Reference) -> str:
    return "".join(f"[{part}]" for part in reference.path)
