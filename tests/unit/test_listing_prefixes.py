"""Which prefixes a template stands for."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, date, datetime

import pytest

from logsluice.sources.s3_objects.prefixes import Days, Template

ELB = "AWSLogs/{account}/elasticloadbalancing/{region}/{yyyy}/{MM}/{dd}/"


class Tree:
    """Keys as folders, and the folders asked for."""

    def __init__(self, *keys: str) -> None:
        self.keys = keys
        self.asked: list[str] = []

    def __call__(self, prefix: str) -> Iterator[str]:
        self.asked.append(prefix)
        below = (key.removeprefix(prefix) for key in self.keys if key.startswith(prefix))
        yield from sorted({f"{prefix}{rest.partition('/')[0]}/" for rest in below if "/" in rest})


def at(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()  # type: ignore[misc,arg-type]


def test_a_plain_prefix_is_itself() -> None:
    tree = Tree()
    assert list(Template("app/lo").expand(tree, Days())) == ["app/lo"]
    assert list(Template("").recent(0.0, tree)) == [""]
    assert tree.asked == []


def test_today_and_yesterday_are_made_and_other_names_are_found() -> None:
    tree = Tree("AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2020/01/01/x")
    assert list(Template(ELB).recent(at(2026, 3, 1, 12), tree)) == [
        "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/02/28/",
        "AWSLogs/123456789012/elasticloadbalancing/eu-west-1/2026/03/01/",
    ]
    assert set(tree.asked) == {"AWSLogs/", "AWSLogs/123456789012/elasticloadbalancing/"}


def test_given_values_are_not_looked_for() -> None:
    tree = Tree()
    template = Template("{region}/{yyyy}/{MM}/{dd}/", {"region": ["us-east-1", "eu-west-1"]})
    assert list(template.recent(at(2026, 1, 31, 23, 30), tree)) == [
        f"{region}/2026/{day}/" for day in ("01/30", "01/31", "02/01") for region in ("us-east-1", "eu-west-1")
    ]
    assert tree.asked == []


def test_a_sweep_finds_the_dates_that_there_are_within_the_days_asked_for() -> None:
    tree = Tree(*(f"app/2025/{month:02d}/{day:02d}/x" for month in (11, 12) for day in (1, 30)), "app/2026/01/02/x")
    days = Days(date(2025, 11, 30), date(2025, 12, 1))
    template = Template("app/{yyyy}/{MM}/{dd}/")
    assert list(template.expand(tree, days)) == ["app/2025/11/30/", "app/2025/12/01/"]
    assert len(list(template.expand(tree, Days()))) == 5


def test_folders_that_are_no_dates_and_names_within_a_segment() -> None:
    tree = Tree("logs/dt=2026-01-31/x", "logs/dt=unknown/x", "logs/other/x")
    template = Template("logs/dt={yyyy}-{MM}-{dd}/")
    assert list(template.expand(tree, Days())) == ["logs/dt=2026-01-31/"]
    assert list(template.recent(at(2026, 1, 31, 12), tree)) == ["logs/dt=2026-01-30/", "logs/dt=2026-01-31/"]


@pytest.mark.parametrize("text", ["{MM}/{yyyy}/{dd}/", "{yyyy}/{MM}/", "{yyyy}/{MM}/{dd}", "{region}"])
def test_templates_that_can_not_be_meant(text: str) -> None:
    with pytest.raises(ValueError, match="prefix"):
        Template(text)
