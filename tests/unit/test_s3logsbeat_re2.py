r"""RE2's regular expressions find in `regex` what RE2 itself finds (DuckDB has it), and the rest is refused by name."""

from __future__ import annotations

import duckdb
import pytest
import regex

from logsluice.compat.s3logsbeat.re2 import translate
from logsluice.lang.ruby_regex import compile_ruby

TEXTS = (
    "prod-web/x",
    "staging-myapp/eu-west-1/2018/06/01/",
    "abc\n",
    "äöü abc",
    "x{,3}9x{,3}",
    "ABc",
    "a.bbb",
    "--]]a",
    "αβγ A",
    "prod_web",
    "aaaa",
    "a\nb\n",
    "a&|~[[",
    "{e}",
    "é 2018",
    "naïve café",
    "\t x",
)

PATTERNS = (
    r"^(?P<environment>[^\-]+)-(?P<application>[^/\-]+)",
    r"^(?P<environment>[^\-]+)-(?P<application>[^/]+)/(?P<awsregion>[^/]+)",
    r"\w+$",
    r"\W+\z",
    r"[[:alpha:]]+\b",
    r"[\d[:^digit:]]x{,3}",
    r"(?i:ab)c",
    r"\Qa.b\E+",
    r"[]a-]+",
    r"\pL+",
    r"\p{Greek}+|\x{41}",
    r"a{2,3}?",
    r"[^\s-]+",
    r"\S+\B",
    r"[&|~[]+",
    r"\101|é",
    r"[a&&b]+",
    r"{e}",
    r"[\W]+",
    r"[^\_]+\_",
)
MULTILINE = (r"(?m)^b$", r"(?s)a.b", r"(?i)AB.")


@pytest.mark.parametrize("pattern", [*PATTERNS, *MULTILINE])
def test_a_pattern_finds_what_re2_finds(pattern: str) -> None:
    connection = duckdb.connect()
    compiled = regex.compile(translate(pattern))
    found = {text: match[0] if (match := compiled.search(text)) else "" for text in TEXTS}
    query = "SELECT regexp_extract(?, ?, 0)"
    theirs = {text: connection.execute(query, [text, pattern]).fetchall()[0][0] for text in TEXTS}
    assert found == theirs


@pytest.mark.parametrize("pattern", [each for each in PATTERNS if "Greek" not in each])
def test_ruby_reads_the_same(pattern: str) -> None:
    connection = duckdb.connect()
    compiled = compile_ruby(translate(pattern, ruby=True))
    query = "SELECT regexp_matches(?, ?)"
    for text in TEXTS:
        ((theirs,),) = connection.execute(query, [text, pattern]).fetchall()
        assert (compiled.search(text) is not None) is theirs, text


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ("a(?=b)", "RE2 has no look-ahead: (?=…)"),
        ("(?<!a)b", "RE2 has no look-behind: (?<!…)"),
        (r"(a)\1", r"RE2 has no back-reference \1"),
        ("(?P<a>x)(?P=a)", "RE2 has no back-reference: (?P=…)"),
        ("(?>a)", "RE2 has no atomic group: (?>…)"),
        ("a++", "RE2 does not read + where nothing is to be repeated, nor after another repetition"),
        (r"a\Z", r"RE2 has no escape \Z"),
        (r"\C", r"RE2 has no escape \C"),
        ("(?U)a", "the flag 'U' of (?U) can't be translated"),
        ("a(?i)b", "flags in the middle of a pattern can't be translated: write (?i:…) around it"),
        ("[z-a]", "a range goes upwards, and z-a does not"),
        ("[[:foo:]]", "RE2 has no class [:foo:]"),
        ("[a", "the ] of '[a' is missing"),
        ("x{2000}", "RE2 repeats 1000 times at most, not {2000}"),
    ],
)
def test_what_re2_or_regex_can_not_do_is_named(pattern: str, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^{regex.escape(reason, special_only=True)}$"):
        translate(pattern)
