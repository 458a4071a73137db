from __future__ import annotations

import contextlib
import threading
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from logsluice.lang.ruby_regex import InvalidPattern, compile_replacement, compile_ruby, translate


@pytest.mark.parametrize(
    ("pattern", "text", "found"),
    [
        (r"\w+", "naïve a_1", ["na", "ve", "a_1"]),
        (r"\W+", "aé-b", ["é-"]),
        (r"[\w.]+", "a.b-é", ["a.b"]),
        (r"[^\w]+", "aé-b", ["é-"]),
        (r"[\W&&[^-]]", "a-é", ["é"]),
        (r"\d+", "1٣2", ["1", "2"]),
        (r"\h{4}", "xbeefx", ["beef"]),
        (r"\H+", "beefxyz", ["xyz"]),
        (r"\s", "a\u00a0b c", [" "]),
        (r"[[:alnum:]_]+", "é_1-", ["é_1"]),
        (r"[[:^digit:]]", "1a", ["a"]),
        (r"^x|y$", "x y\nx y", ["x", "y", "x", "y"]),
        (r"\Ax|y\z", "x y\nx y", ["x", "y"]),
        (r"y\Z", "x y\n", ["y"]),
        (r"a.b", "a\nb", []),
        (r"(?m:a.b)", "a\nb", ["a\nb"]),
        (r"(?m)a.b", "a\nb", ["a\nb"]),
        (r"(?i)É", "é", ["é"]),
        (r"a{e}", "a{e}", ["a{e}"]),
        (r"%{p}", "%{p}", ["%{p}"]),
        (r"a{,2}b", "aaab", ["aab"]),
        (r"\u00e9\u{1F600}", "é😀", ["é😀"]),
        (r"\p{Han}+", "go日本", ["日本"]),
        (r"[]a]+", "]a", ["]a"]),
        (r"[a--b]+", "-a-b", ["-a-b"]),
        (r"[|||]", "|", ["|"]),
        (r"(?>a+)b", "aab", ["aab"]),
        (r"\/\-\#\"", '/-#"', ['/-#"']),
        (r"\y", "y", ["y"]),
    ],
)
def test_patterns_mean_what_they_mean_in_ruby(pattern: str, text: str, found: list[str]) -> None:
    assert [match[0] for match in compile_ruby(pattern).finditer(text)] == found


def test_beside_named_groups_others_capture_nothing() -> None:
    assert compile_ruby(r"(a)(?:b)(c)").groups == 2
    assert compile_ruby(r"(a)(?<x>b(c))(?=d)\(e").groups == 1


def test_named_groups_and_calls_work() -> None:
    assert compile_ruby(r"(?<x>[ab])-\k<x>").search("a-b b-b")[0] == "b-b"  # type: ignore[index]
    assert compile_ruby(r"(?<nested>\((?:[^()]|\g<nested>)*\))").search("x(a(b)c)")[0] == "(a(b)c)"  # type: ignore[index]


def test_with_dotall_the_dot_matches_a_line_feed() -> None:
    assert compile_ruby("a.b", dotall=True).search("a\nb")


@pytest.mark.parametrize("pattern", ["(", "[a", "*", "(?<1>x)", r"\k<none>"])
def test_what_can_not_be_compiled_is_refused_with_the_reason(pattern: str) -> None:
    with pytest.raises(InvalidPattern, match="regular expression /"):
        compile_ruby(pattern)


def test_a_catastrophic_pattern_ends_and_lets_other_threads_run() -> None:
    ticks: list[float] = []
    stop = threading.Event()

    def tick() -> None:
        while not stop.wait(0.01):
            ticks.append(time.monotonic())

    thread = threading.Thread(target=tick)
    thread.start()
    try:
        with pytest.raises(TimeoutError):
            compile_ruby("(a|aa)+$").search("a" * 60 + "b", timeout=0.3)
    finally:
        stop.set()
        thread.join()
    assert len(ticks) >= 3


@given(st.text(st.sampled_from(r"\[]{}()^$.-|&~:aAdDwWhsSpzZ0123<>?*+,'` é")))
def test_any_text_compiles_or_is_refused(pattern: str) -> None:
    assert isinstance(translate(pattern), str)
    with contextlib.suppress(InvalidPattern):
        compile_ruby(pattern)


@pytest.mark.parametrize(
    ("replacement", "result"),
    [
        ("x", "-x-"),
        (r"\2:\1", "-b:a-"),
        (r"\0\&", "-abab-"),
        (r"[\`|\']", "-[-|-]-"),
        (r"\\1", r"-\1-"),
        (r"\9", "--"),
        (r"$1 & \t", r"-$1 & \t-"),
        ("\\", "-\\-"),
    ],
)
def test_replacements_are_read_as_ruby_reads_them(replacement: str, result: str) -> None:
    assert compile_ruby("(a)(b)").sub(compile_replacement(replacement), "-ab-") == result


def test_replacements_know_groups_by_name() -> None:
    assert compile_ruby("(?<x>a)b").sub(compile_replacement(r"\k<x>\k<y>"), "ab") == "a"
