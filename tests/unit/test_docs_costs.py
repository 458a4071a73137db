"""The page about migrating from S3logsbeat: what it says of costs is what its own reckonings give."""

from __future__ import annotations

import re
from decimal import Decimal
from pathlib import Path

PAGE = Path(__file__).parent.parent.parent / "docs" / "migrating-from-s3logsbeat.md"
CENT = Decimal("0.01")


def reckoned(formula: str) -> Decimal:
    """Numbers with × and / between them, from left to right."""
    first, *rest = re.split(r" ([×/]) ", formula.replace(",", ""))
    result = Decimal(first)
    for sign, number in zip(rest[::2], rest[1::2], strict=True):
        result = result * Decimal(number) if sign == "×" else result / Decimal(number)
    return result


def tables() -> list[list[tuple[str, str, str]]]:
    """The rows of each table, without its head."""
    section = PAGE.read_text(encoding="utf-8").partition("## What it costs\n")[2].partition("\n## ")[0]
    blocks = [block.splitlines()[2:] for block in section.split("\n\n") if block.startswith("|")]
    rows = [[[cell.strip() for cell in row.strip("|").split("|")] for row in block] for block in blocks]
    return [[(what, formula, amount) for what, formula, amount in block] for block in rows]


def test_001_12_every_amount_is_what_its_reckoning_gives() -> None:
    for *rows, (_, _, together) in tables():
        amounts = [reckoned(formula) for _, formula, _ in rows]
        assert [amount for _, _, amount in rows] == [str(amount.quantize(CENT)) for amount in amounts]
        assert together == str(sum(amounts, Decimal(0)).quantize(CENT))


def test_001_12_every_reckoning_has_the_price_of_its_row() -> None:
    prices = {formula: what.partition("$")[2].split()[0] for rows in tables() for what, formula, _ in rows[:-1]}
    assert all(price in formula.split() for formula, price in prices.items())


def test_001_12_the_example_of_s3logsbeat_costs_what_aws_takes() -> None:
    totals = [rows[-1][2] for rows in tables()]
    assert totals == ["4.80", "26.83"]
