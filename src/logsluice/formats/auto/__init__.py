"""The format of each object, found by itself: by AWS's path in its key, then by its first lines.

Each format's package may have a function `recognise(origin_name, head) -> float` that says how sure it is of a payload,
from 0 to 1; the surest is taken. `json` and `lines` say little more than 0, so they get what nothing else knows. A new
format takes part by having the function. What was chosen is in `[@metadata][format]` and in the summary.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, TypeAlias

from logsluice.components import find, names
from logsluice.formats import load
from logsluice.framing.lines import Lines

if TYPE_CHECKING:
    from logsluice.formats.fields import Field
    from logsluice.model import Format, Framing, Origin, Parser

Recognise: TypeAlias = Callable[[str, bytes], float]


@cache
def recognisers() -> dict[str, Recognise]:
    """Those formats that can tell whether a payload is theirs."""
    modules = {name: find("formats", name) for name in names("formats") if name != "auto"}
    return {name: module.recognise for name, module in modules.items() if hasattr(module, "recognise")}


@dataclass(frozen=True, slots=True)
class Auto:
    """Chooses another format for each payload; as itself, it is `lines`."""

    name: str = "auto"
    fields: Sequence[Field] = ()

    @property
    def framing(self) -> Framing:
        """Lines, until a format is chosen."""
        return Lines()

    @property
    def formats(self) -> tuple[Format, ...]:
        """Those that it chooses among: outputs prepare for all of them."""
        return tuple(load(name) for name in recognisers())

    def select(self, origin: Origin, head: bytes) -> Format:
        """The format that is surest of the payload."""
        scores = {name: recognise(origin.name, head) for name, recognise in recognisers().items()}
        return load(max(scores, key=lambda name: scores[name]))

    def parser(self) -> Parser:
        """That of `lines`."""
        return load("lines").parser()


def build() -> Format:
    """The format; it has no options."""
    return Auto()
