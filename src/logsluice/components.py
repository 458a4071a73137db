"""How components are found and described: by listing packages, never by a central list.

A component is a module (or package) under `filters/`, `sources/` or `sinks/`, or a folder under `formats/`, and its
`type:` is its name. Third parties add theirs by an entry point in the group `logsluice.<kind>`: `logsluice.sinks`.

Each module of a filter, source or sink has two names that are looked up here:

- `Config`: a subclass of `Options`, importable without the component's extras, so that schemas can be exported;
- `build(config, context)`: makes the component; heavy imports and connections wait for its `open`.

It may have more, for `logsluice check`; what they say is a warning, with the option that it is about:

- `concerns(config, context) -> Iterator[tuple[str, str]]`: (option, sentence) for each thing that works today and will
  be regretted later, as far as the options tell;
- `probe(config, context) -> Iterator[tuple[str, str]]`: the same, found by a few cheap calls to the real service
  (`check --live`). It raises what opening would raise;
- `rivalry(one, other) -> str`: why two sources of this kind must not run beside each other; "" when they may.

A format's package has `build(**options)` instead (see `logsluice.formats`). The module's docstring is its
documentation page. A module whose name starts with an underscore is a helper, not a component; so are the modules
beside the folders of `formats/`, which those who write a format import.
"""

from __future__ import annotations

import difflib
import importlib
import importlib.metadata
import pkgutil
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Literal, TypeAlias

from pydantic import BaseModel, ConfigDict

if TYPE_CHECKING:
    from logsluice.lang.as_json import Timestamps
    from logsluice.model import Format

Kind: TypeAlias = Literal["formats", "filters", "sources", "sinks"]


class Options(BaseModel):
    """Options of a component: unknown names are errors, values are fixed once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, arbitrary_types_allowed=True)

    @property
    def reads(self) -> tuple[str, ...]:
        """Of a source: what it reads, as prefixes of URIs (`s3://bucket/prefix`, a queue's URL), as far as told."""
        return ()

    @property
    def shareable(self) -> bool:
        """Of a source: whether several processes may read it side by side, each getting a part (a queue)."""
        return False

    @property
    def writes(self) -> tuple[str, ...]:
        """Of a sink: where its documents meet those of equal ids, such as `https://host:9200/index`; () where never."""
        return ()

    @property
    def is_alert(self) -> bool:
        """Of a sink: whether it tells people, so that deliveries wait for it only where `required: true` says so."""
        return False

    @property
    def overwrites(self) -> bool:
        """Of a sink: whether its files are named by the input, so that a second output of one would overwrite them."""
        return False


@dataclass(frozen=True, slots=True)
class Context:
    """What a component may know of the pipeline that it is built for.

    Attributes:
        pipeline: The pipeline's name, for logs and metrics.
        formats: The formats that its events may come from (one, or all for `auto`): templates are made from them.
        base: The folder that relative paths in the configuration start from.
        state: Where positions and ledgers are kept: a folder, or `s3://bucket/prefix`.
        timestamps: How outputs write times: see `logsluice.lang.as_json`.
        output: Of an output, its own name, which is unique in the pipeline.
    """

    pipeline: str = "main"
    formats: tuple[Format, ...] = ()
    base: Path = field(default_factory=Path)
    state: str = "state"
    timestamps: Timestamps = "exact"
    output: str = ""


class UnknownComponent(LookupError):
    """No component of that kind has that name; the message names the near matches."""


def near(name: str, known: Iterable[str]) -> str:
    """`; did you mean "alb"?`, or "" when nothing is near: for the end of an error message."""
    close = difflib.get_close_matches(name, list(known), n=2, cutoff=0.6)
    return f"; did you mean {' or '.join(repr(c) for c in close)}?" if close else ""


@cache
def names(kind: Kind) -> tuple[str, ...]:
    """Every component of a kind, sorted: ours and those that third parties registered."""
    package = importlib.import_module(f"logsluice.{kind}")
    own = {
        module.name
        for module in pkgutil.iter_modules(package.__path__)
        if not module.name.startswith("_") and (module.ispkg or kind != "formats")
    }
    return tuple(sorted(own | registered(f"logsluice.{kind}")))


@cache
def find(kind: Kind, name: str) -> ModuleType:
    """The module of a component.

    Raises:
        UnknownComponent: With the near matches in its message.
    """
    return module_named(name, names(kind), kind.rstrip("s"), f"logsluice.{kind}", f"logsluice.{kind}")


def registered(group: str) -> set[str]:
    """The names that third parties registered as entry points of a group."""
    return {point.name for point in importlib.metadata.entry_points(group=group)}


def module_named(name: str, known: Iterable[str], noun: str, package: str, group: str) -> ModuleType:
    """The module of a name: a third party's, else ours.

    Args:
        name: As it is written in a configuration.
        known: Every name that there is.
        noun: What it names, for the message.
        package: Ours of such modules.
        group: Of the entry points of others.

    Raises:
        UnknownComponent: With the near matches in its message.
    """
    if name not in known:
        raise UnknownComponent(f"there is no {noun} {name!r}{near(name, known)}")
    for point in importlib.metadata.entry_points(group=group, name=name):
        module = point.load()
        assert isinstance(module, ModuleType), f"entry point {name} of {group} must name a module"
        return module
    return importlib.import_module(f"{package}.{name}")
