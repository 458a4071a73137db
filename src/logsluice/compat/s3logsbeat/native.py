"""An output in native words, while its options are translated one by one."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from logsluice.compat.s3logsbeat.selections import Selection
from logsluice.components import Options

NO_EFFECT = "without effect here"


@dataclass(slots=True)
class Native:
    """An output in native words.

    Attributes:
        sink: The sink's name.
        options: Its options.
        places: For an option of the sink, the option of the output that it comes from; the rest has the same name.
        warnings: (option, sentence) for what means nothing here.
        refused: (option, sentence) for what can't be done.
        selections: Options that depend on the event.
    """

    sink: str
    options: dict[str, Any] = field(default_factory=dict)
    places: dict[str, str] = field(default_factory=dict)
    warnings: list[tuple[str, str]] = field(default_factory=list)
    refused: list[tuple[str, str]] = field(default_factory=list)
    selections: dict[str, Selection] = field(default_factory=dict)

    def put(self, option: str, value: Any, place: str = "") -> None:
        """Set an option, unless the value is None."""
        if value is not None:
            self.options[option] = value
            self.places[option] = place or option

    def refuse(self, given: Options, *names: str, why: str, under: str = "") -> None:
        """Refuse options that are set."""
        self.refused += [(under + name, why) for name in names if name in given.model_fields_set]

    def ignore(self, given: Options, *names: str, why: str = NO_EFFECT, under: str = "") -> None:
        """Warn of options that are set and mean nothing."""
        self.warnings += [(under + name, why) for name in names if name in given.model_fields_set]


def seconds(value: float) -> str:
    """A native duration."""
    return f"{value:.3f}".rstrip("0").rstrip(".") + "s"
