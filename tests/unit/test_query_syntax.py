"""Lucene syntax is read into a tree, or refused at the place that can't be read."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.errors import QueryError
from logsluice.query.syntax import All, And, Between, Exists, Like, Match, Node, Not, Or, Wild, parse

MANY, ONE = Wild.MANY, Wild.ONE


@pytest.mark.parametrize(
    ("query", "tree"),
    [
        ("", All()),
        ("  ", All()),
        ("*", All()),
        ("*:*", All()),
        ("error", Match(None, "error", 0)),
        ('"not found"', Match(None, "not found", 0)),
        ("status:500", Match("status", "500", 7)),
        ("a.b:x", Match("a.b", "x", 4)),
        ("delay:-5", Match("delay", "-5", 6)),
        ("a b", And((Match(None, "a", 0), Match(None, "b", 2)))),
        ("a AND b OR c", Or((And((Match(None, "a", 0), Match(None, "b", 6))), Match(None, "c", 11)))),
        ("+a -b", And((Match(None, "a", 1), Not(Match(None, "b", 4))))),
        ("NOT a", Not(Match(None, "a", 4))),
        ("f:(a OR b)", Or((Match("f", "a", 3), Match("f", "b", 8)))),
        ("f:(>=5 AND <7)", And((Between("f", "5", None, True, True, 3), Between("f", None, "7", True, False, 11)))),
        ("f:[1 TO 5}", Between("f", "1", "5", True, False, 2)),
        ("f:{* TO -5]", Between("f", None, "-5", False, True, 2)),
        ("f:[* TO *]", Exists("f", 2)),
        ("@timestamp:>=2026-01-31T10:00:00Z", Between("@timestamp", "2026-01-31T10:00:00Z", None, True, True, 11)),
        ("_exists_:a.b", Exists("a.b", 9)),
        ("a:*", Exists("a", 0)),
        ("a:x*y?", Like("a", ("x", MANY, "y", ONE), 2)),
        (r"a:x\*y", Match("a", "x*y", 2)),
        (r"a:\*x*", Like("a", ("*x", MANY), 2)),
        (r"foo\:bar", Match(None, "foo:bar", 0)),
        ('a:"x*"', Match("a", "x*", 2)),
        (r'a:"say \"x\""', Match("a", 'say "x"', 2)),
        ("client_ip:10.0.0.0/8", Match("client_ip", "10.0.0.0/8", 10)),
    ],
)
def test_what_is_read(query: str, tree: Node) -> None:
    assert parse(query).node == tree


@pytest.mark.parametrize(
    ("query", "position", "reason"),
    [
        ("a AND x~", 6, "fuzzy"),
        ("x^2", 0, "boosts"),
        ("a:/re.*/", 2, "regular expressions"),
        ('a:"x y"~2', 2, "proximity"),
        ("a:", 2, "ends too early"),
        ("(a", 2, "ends too early"),
        ("a)", 1, "unexpected ')'"),
        ('x "y', 2, "never closed"),
        ("url:/admin", 4, "quotes"),
        ("ip:fe80::1", 8, "quotes"),
        ("a:b:c", 2, "quotes"),
        ("[1 TO 2]", 0, "needs a field"),
        ("f:>b*", 3, "wildcards"),
        ("_exists_:(a b)", 0, "one field name"),
        ("(" * 80 + "a" + ")" * 80, 65, "too deeply"),
        ("x" * 10_001, 10_000, "longer"),
        ("x~1.2.3", 0, "can't be read"),
    ],
)
def test_what_is_refused_and_where(query: str, position: int, reason: str) -> None:
    with pytest.raises(QueryError, match=reason.replace("(", r"\(").replace(")", r"\)")) as caught:
        parse(query)
    assert (caught.value.position, caught.value.query) == (position, query)


def test_the_fields_of_a_query_are_listed_with_their_places() -> None:
    assert parse("a:1 AND _exists_:b OR NOT (c:* d)").fields == (("a", 0), ("b", 17), ("c", 27))


PIECES = st.sampled_from(
    [*':()[]{}"*?\\+-~^/< \n\x00é', "a", "AND", "OR", "NOT", "TO", "10.0.0.0/8", "now-1h", ">=", "1.2"]
)


@given(st.lists(PIECES, max_size=14).map("".join) | st.text(max_size=20))
def test_any_text_is_read_or_refused(query: str) -> None:
    try:
        parse(query)
    except QueryError as error:
        position = error.position
    else:
        position = 0
    assert 0 <= position <= len(query)
