"""What the filter `python` would do instead, where there is no Ruby: for the idioms that everybody copies."""

from __future__ import annotations

import re

_HEADERS = re.compile(
    r"""event\.get\(\s*(["'])(?P<list>[^"']+)\1\s*\)\.each\s*(?:\{|do)\s*\|\s*(?P<each>\w+)\s*\|\s*
    event\.set\(\s*(?:name\s*=\s*)?(?P=each)\[(["'])(?P<name>\w+)\4\]\s*,
    \s*(?:value\s*=\s*)?(?P=each)\[(["'])(?P<value>\w+)\6\]\s*\)\s*(?:\}|end)""",
    re.VERBOSE,
)
_LOCAL_TIME = re.compile(
    r"""event\.set\(\s*(["'])(?P<target>[^"']+)\1\s*,\s*event\.(?:get\(\s*(["'])(?P<source>[^"']+)\3\s*\)|timestamp)
    \.time\.localtime\.strftime\(\s*(["'])(?P<layout>[^"']+)\5\s*\)\s*\)""",
    re.VERBOSE,
)


def instead(code: str | None) -> str:
    """What to do: install Ruby, or the `python` filter that does the same as some Ruby code."""
    python = _translated(code or "")
    offer = f"which takes:\n{python}" if python else "with the same work in Python"
    return f"install it (`apt-get install ruby`), or use the filter `python` in its place, {offer}"


def _translated(code: str) -> str:
    code = code.strip().rstrip(";")
    if found := _HEADERS.fullmatch(code):
        return (
            f"for item in get({found['list']!r}) or []:\n    put(item[{found['name']!r}], item.get({found['value']!r}))"
        )
    if found := _LOCAL_TIME.fullmatch(code):
        source = found["source"] or "@timestamp"
        return f"put({found['target']!r}, get({source!r}).astimezone().strftime({found['layout']!r}))"
    return ""
