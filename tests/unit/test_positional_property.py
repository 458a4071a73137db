"""The generated loop and the exact parser agree on every line that the loop takes."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from logsluice.errors import Unparsable
from logsluice.formats import (
    alb,
    alb_connection,
    cloudfront,
    cloudfront_realtime,
    elb,
    nlb,
    route53_query,
    s3_access,
    transit_gateway_flow,
    vpc_flow,
)
from logsluice.formats.exact import parse
from logsluice.formats.generate import loop
from logsluice.formats.table import Table
from logsluice.formats.values import Memo

SPACED = next(t for t in [cloudfront.build().table.other] if t)("a line without tabs")  # type: ignore[attr-defined]
TABLES: dict[str, Table] = {
    "alb": alb.TABLE,
    "alb_connection": alb_connection.TABLE,
    "elb": elb.TABLE,
    "nlb": nlb.TABLE,
    "s3_access": s3_access.TABLE,
    "vpc_flow": vpc_flow.FLOW.default,
    "transit_gateway_flow": transit_gateway_flow.FLOW.default,
    "cloudfront": cloudfront.build().table,  # type: ignore[attr-defined]
    "cloudfront by spaces": SPACED,
    **{
        f"{name} as S3logsbeat": module.build(as_s3logsbeat=True).table
        for name, module in (("alb", alb), ("cloudfront", cloudfront), ("elb", elb))
    },
    "cloudfront_realtime": cloudfront_realtime.build().table,  # type: ignore[attr-defined]
    "route53_query": route53_query.TABLE,
}

TOKENS = st.one_of(
    st.sampled_from(
        [
            "-", "", "-1", "0", "000", "200", "443", "1.5", "-2", "1_0", "nan", "1e3", "99999999999999999999",
            "2026-01-31T12:00:00.123456Z", "2026-01-31T12:00:00", "2026-01-31T14:00:00+02:00", "2026-01-31",
            "12:00:00", "31/Jan/2026:12:00:00 +0000", "1769860800", "1769860800000", "-5",
            "192.0.2.1:443", "[2001:db8::1]:443", "2001:db8::1:443", "192.0.2.1", ":80", "-:80", "192.0.2.1:-", "[::1]",
            "GET http://a:80/ HTTP/1.1", "GET http://a:80/b c HTTP/1.1", "- http://a:80-/ ", "- - - ", "GET /x",
            "GET  HTTP/1.1", "GET /a+%20b HTTP/1.1", "- - -", "a+b%20",
            "GET /%41%20b HTTP/2.0", "GET /%zz HTTP/1.1", "GET /%2D HTTP/1.1", "a%20b", "a%2520b", "%zz%20", "%2D",
            "é", "\x0b",
            "192.0.2.1:80 192.0.2.2:80", "200 500", "x y", 'h2","http/1.1', "a\\b", 'say "hi"', "SigV4",
            "[", "]", "[x]",
        ]
    ),
    st.text(alphabet=' "-\\[]%0aé\r\x85', max_size=6),
)  # fmt: skip
FORMS = st.sampled_from(["{}", "{}", '"{}"', "[{}]"])


@st.composite
def lines(draw: st.DrawFn, table: Table) -> str:
    """Lines near the format: mostly tokens that fit their columns, in any form, of any count."""
    count = draw(st.one_of(st.just(len(table.columns)), st.integers(1, len(table.columns) + 3)))
    fitting = [_fitting(table, n) for n in range(count)]
    for _ in range(draw(st.integers(0, 3))):
        n = draw(st.integers(0, count - 1))
        fitting[n] = draw(FORMS).format(draw(TOKENS))
    return table.delimiter.join(fitting)


def _fitting(table: Table, n: int) -> str:
    if n >= len(table.columns):
        return "more"
    column = table.columns[n]
    kinds = {field.kind for field in column.fields}
    if len(column.fields) == 3:
        return '"GET http://a:80/ HTTP/1.1"'
    if column.fields[0].name == "user_agent":
        return '"curl/8 (x)"'
    if column.aws == "signature_version":
        return "SigV4"
    if column.aws == "timestamp" and table.delimiter == "\t":
        return "1769860800.125"
    if table.brackets and "time" in kinds:
        return "[31/Jan/2026:12:00:00 +0000]"
    if "time" in kinds and "integer" not in kinds:
        return "2026-01-31T12:00:00.5Z"
    if len(column.fields) == 2 and "ip" in kinds:
        return "192.0.2.1:443"
    return {"integer": "17", "float": "0.25", "ip": "192.0.2.1"}.get(column.fields[0].kind, "word")


def _forget(table: Table) -> None:
    for column in table.columns:
        if isinstance(column.convert, Memo):
            column.convert.clear()


def _both(table: Table, layout: str, line: str) -> tuple[Any, Any]:
    """What the loop makes of a line by itself (None when it hands it on), and the exact parser."""
    handed_on: list[str] = []
    found: list[Any] = []

    def exact(text: str) -> None:
        handed_on.append(text)

    exactly, _ = parse(line, table)
    loop(table, layout)([line], found.append, exact)
    (fast,) = found
    return (None if handed_on else fast), exactly


@pytest.mark.parametrize("name", TABLES)
def test_loop_and_exact_parser_agree(name: str) -> None:
    table = TABLES[name]

    @settings(max_examples=150)
    @given(st.data())
    def agree(data: st.DataObject) -> None:
        first = data.draw(lines(table))
        _forget(table)
        _, layout = parse(first, table)
        for line in (first, data.draw(lines(table))):
            if layout:
                fast, exactly = _both(table, layout, line)
                assert fast is None or (fast == exactly and not isinstance(exactly, Unparsable))

    agree()


@pytest.mark.parametrize("name", TABLES)
def test_loop_takes_the_ordinary_line(name: str) -> None:
    table = TABLES[name]
    line = table.delimiter.join(_fitting(table, n) for n in range(len(table.columns)))
    if name.split()[0] == "cloudfront":
        line = line.replace("word", "2026-01-31", 1).replace("word", "12:00:00", 1)
    exactly, layout = parse(line, table)
    assert _both(table, layout, line) == (exactly, exactly)
    assert not isinstance(exactly, Unparsable)


@given(st.text(alphabet=st.characters(exclude_characters="\n"), max_size=60))
@example('"')
@example('"\\')
@example('a "b')
def test_any_text_is_parsed_or_refused(line: str) -> None:
    for table in TABLES.values():
        parsed, layout = parse(line, table)
        assert isinstance(parsed, dict | Unparsable)
        assert bool(layout) <= isinstance(parsed, dict)
