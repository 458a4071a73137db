from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.errors import Undecidable
from logsluice.lang.conditions import InvalidCondition, Semantics, compile_condition

BOTH: tuple[Semantics, ...] = ("native", "logstash")

EVENT: dict[str, Any] = {
    "@timestamp": datetime(2026, 1, 31, tzinfo=UTC),
    "@metadata": {"s3": {"bucket": "logs"}},
    "status": 503,
    "time": 2.0,
    "agent": 'ELB-HealthChecker/2.0 "x"',
    "tags": ["waf", "slow", 5],
    "inner": {"list": [{"k": "v"}]},
    "zero": 0,
    "no": False,
    "yes": True,
    "null": None,
    "empty": "",
    "false": "false",
    "nothing": [],
    "lines": "one\ntwo",
    "slash": "a/b",
    "back": "a\\nb",
}


@pytest.mark.parametrize("semantics", BOTH)
@pytest.mark.parametrize(
    ("text", "holds"),
    [
        # fields alone
        ("[status]", True),
        ("[missing]", False),
        ("[null]", False),
        ("[no]", False),
        ("[empty]", False),
        ("[false]", False),
        ("[zero]", True),
        ("[nothing]", True),
        ("![missing]", True),
        ("!([status] == 503)", False),
        # equality is strict about types
        ("[status] == 503", True),
        ("503 == [status]", True),
        ('[status] == "503"', False),
        ('[status] != "503"', True),
        ("[yes] == 1", False),
        ("[inner][list][0][k] == 'v'", True),
        ("[@metadata][s3][bucket] == 'logs'", True),
        ("[missing] == [other]", True),
        ("[missing] == [null]", False),
        ("[missing] != 5", True),
        # order
        ("[status] >= 500 and [status] < 600", True),
        ("[status] > -5.5", True),
        ("[status] <= 502", False),
        ("[agent] > 'A'", True),
        ("[null] > 5", False),
        ("[yes] > 0", False),
        ("[@timestamp] >= [@timestamp]", True),
        # membership
        ('"waf" in [tags]', True),
        ('"wa" in [tags]', False),
        ('"5" in [tags]', False),
        ("5 in [tags]", True),
        ('"Health" in [agent]', True),
        ('"Health" not in [agent]', False),
        ("[status] in [500, 503]", True),
        ('[status] in ["500", "503"]', True),
        ("[status] not in [500, 502]", True),
        ("[tags] in [[tags], 1]", None),
        ("[tags] in [tags]", False),
        ("[missing] in [tags]", False),
        ("[missing] in [missing]", False),
        ('"x" in [missing]', False),
        ('"x" in [status]', False),
        # regular expressions
        ("[agent] =~ /^ELB-HealthChecker/", True),
        ("[agent] =~ '^ELB'", True),
        ("[agent] !~ /curl/", True),
        ("[lines] =~ /^two$/", True),
        (r"[slash] =~ /a\/b/", True),
        ("[status] =~ /5/", False),
        ("[status] !~ /5/", True),
        ("[missing] !~ /./", True),
        # logic
        ("[missing] and [status] or [status]", True),
        ("[missing] and ([status] or [status])", False),
        ("[status] or [missing] and [missing]", True),
        ("[status] xor [missing]", True),
        ("[status] xor [zero]", False),
        ("[status] nand [zero]", False),
        ("([status] xor [zero]) and [zero]", False),
        # layout
        ("[status]==503and[zero]!=2 # why not", True),
        ("\n\t( [status] == 503\n)\n", True),
    ],
)
def test_conditions_hold(text: str, holds: bool | None, semantics: Semantics) -> None:
    if holds is None:
        with pytest.raises(InvalidCondition):
            compile_condition(text, semantics)
    else:
        assert compile_condition(text, semantics)(EVENT) is holds


@pytest.mark.parametrize(
    ("text", "native", "logstash"),
    [
        ("[time] == 2", True, False),
        ("[time] in [2]", True, False),
        ("[time] in [2, 3]", True, False),
        ('[agent] in ["x"]', False, False),
        ('"x" in ["x", "y"]', True, False),
        ('"x" in ["x"]', True, False),
        ("503 in [status]", True, False),
        (r'[agent] == "ELB-HealthChecker/2.0 \"x\""', True, False),
        (r'[back] == "a\nb"', True, True),
        (r'[back] == "a\\nb"', True, False),
    ],
)
def test_semantics_differ_where_logstash_surprises(text: str, native: bool, logstash: bool) -> None:
    assert compile_condition(text, "native")(EVENT) is native
    assert compile_condition(text, "logstash")(EVENT) is logstash


@pytest.mark.parametrize("text", ["[missing] > 5", "[tags] < 5", "[agent] >= 5", "[status] < '5'", "!([missing] > 5)"])
def test_what_has_no_order_is_false_or_undecidable(text: str) -> None:
    assert compile_condition(text, "native")(EVENT) is text.startswith("!")
    with pytest.raises(Undecidable, match="can't be compared"):
        compile_condition(text, "logstash")(EVENT)


def test_a_list_without_commas_is_a_field_in_logstash() -> None:
    assert compile_condition('[agent] in ["x" "y"]', "logstash")(EVENT) is False
    with pytest.raises(InvalidCondition, match="expected ',', ']'"):
        compile_condition('[agent] in ["x" "y"]', "native")


@pytest.mark.parametrize(
    ("text", "column", "message"),
    [
        ("[a] = 1", 5, "expected .*== !=.*, found '='"),
        ("[a] ==", 7, "expected a field like .*, found the end"),
        ("status == 1", 1, "expected .*a field like .*, found 's'"),
        ("([a]", 5, r"expected '\)', found the end"),
        ("[a] && [b]", 5, "found '&'"),
        ("[a] xor [b] and [c]", 13, "put brackets round"),
        ("[a] and [b] xor [c]", 13, "put brackets round"),
        ("[a] nand [b] nand [c]", 14, "put brackets round"),
        ("![a] == 1", 6, "expected .*the end"),
        ("[a] =~ /(/", 5, r"regular expression /\(/"),
        ("[a] =~ [b]", 8, "expected a /regular expression/"),
        ('[a] == "x', 8, "found '\"'"),
        ("", 1, "found the end"),
    ],
)
def test_what_can_not_be_read_is_refused_with_its_column(text: str, column: int, message: str) -> None:
    with pytest.raises(InvalidCondition, match=message) as caught:
        compile_condition(text)
    assert (caught.value.column, caught.value.text) == (column, text)


def test_a_regular_expression_that_takes_too_long_is_undecidable(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("logsluice.lang.conditions.TIMEOUT_SECONDS", 0.05)
    condition = compile_condition("[a] =~ /(a|aa)+$/")
    with pytest.raises(Undecidable, match="took longer"):
        condition({"a": "a" * 60 + "b"})


SCALARS = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text()
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3)
)


@given(VALUES, VALUES)
def test_native_conditions_decide_about_any_values(left: Any, right: Any) -> None:
    event = {"l": left, "r": right}
    for symbol in ("==", "!=", "<", "<=", ">", ">=", "in", "not in"):
        assert isinstance(compile_condition(f"[l] {symbol} [r]")(event), bool)
    assert compile_condition("[l] == [r]")(event) is not compile_condition("[l] != [r]")(event)
    assert not (compile_condition("[l] < [r]")(event) and compile_condition("[l] >= [r]")(event))


@given(st.lists(st.sampled_from([*"[]()ab\"'!=<>~/,. 12", "and ", "or ", "in ", "not "])).map("".join))
def test_any_text_compiles_or_is_refused(text: str) -> None:
    for semantics in BOTH:
        try:
            compile_condition(text, semantics)
        except InvalidCondition as error:
            assert 1 <= error.column <= len(text) + 1  # noqa: PT017 - either outcome is right
