"""`indices` and `pipelines` of beats' output to a cluster: the first rule that holds says the index, or the pipeline.

Facts: Beats Platform Reference 6.8, "Configure the Elasticsearch output: indices, pipelines".
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from logsluice.compat.s3logsbeat.processors import condition, reference

Rules: TypeAlias = list[tuple[str, str]]
"""(condition, value) in our language, in order."""

_FIELD = re.compile(r"%\{\[([^}\]]+(?:\]\[[^}\]]+)*)\]\}")


@dataclass(frozen=True, slots=True)
class Selection:
    """What an option is, by conditions.

    Attributes:
        rules: The first that holds counts.
        otherwise: The value where none does; None for that of the output itself.
    """

    rules: Rules
    otherwise: str | None = None


def selection(given: Sequence[Any], option: str, formatted: Callable[[str], str]) -> Selection:
    """The rules of a list.

    Args:
        given: What is written.
        option: What each rule sets: `index` or `pipeline`.
        formatted: From a format string of beats to one of ours; raises ValueError.

    Raises:
        ValueError: A rule can't be translated.
    """
    rules: Rules = []
    for rule in given:
        if not isinstance(rule, dict) or not isinstance(rule.get(option), str):
            raise ValueError(f"each of them is a mapping with `{option}`, and perhaps `when`")
        if unknown := rule.keys() - {option, "when"}:
            raise ValueError(f"`{min(unknown)}` can't be translated: write a rule with `when` for each value")
        value = formatted(rule[option])
        # a rule that names a field does not hold for events without it
        tests = [reference(name.replace("][", ".")) for name in _FIELD.findall(rule[option]) if name not in _CONSTANT]
        if "when" in rule:
            tests.insert(0, condition(rule["when"]))
        if not tests:
            return Selection(rules, value)
        rules.append((" and ".join(tests), value))
    return Selection(rules)


_CONSTANT = ("beat.version", "beat.name", "beat.hostname", "agent.version", "agent.name", "agent.hostname")


def branches(sink: str, options: dict[str, Any], selections: dict[str, Selection]) -> list[dict[str, Any]]:
    """Outputs by conditions: one for each value that an option may have, with names of their own."""
    return _Branches(sink).of(options, list(selections.items()))


class _Branches:
    def __init__(self, sink: str) -> None:
        self._sink = sink
        self._count = 0

    def of(self, options: dict[str, Any], selections: Sequence[tuple[str, Selection]]) -> list[dict[str, Any]]:
        if not selections:
            self._count += 1
            named = {"name": f"{self._sink}-{self._count}"} if self._count > 1 else {}
            return [{self._sink: options, **named}]
        (option, chosen), *others = selections

        def from_rule(number: int) -> list[dict[str, Any]]:
            if number == len(chosen.rules):
                rest = options if chosen.otherwise is None else {**options, option: chosen.otherwise}
                return self.of(rest, others)
            test, value = chosen.rules[number]
            return [{"if": test, "then": self.of({**options, option: value}, others), "else": from_rule(number + 1)}]

        return from_rule(0)
