"""The contract of formats, for ours and for third parties': give each function a format and it asserts one promise.

A format's folder holds `sample.log`, made-up records with the traps that real ones have, and `expected.ndjson`, what
must come out of it. `rendered` writes such a file; read it before you believe it::

    python -m logsluice.testing.formats my_format > src/…/my_format/expected.ndjson
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterable, Iterator, Set
from datetime import timedelta
from importlib.resources import files
from typing import Any

import orjson

from logsluice.components import find
from logsluice.errors import Corrupt, Unparsable
from logsluice.formats import load
from logsluice.framing.limits import DEFAULT_LIMITS
from logsluice.model import EXCERPT_BYTES, Broken, Event, Format, Origin, Parsed, Records

_EXTRA = re.compile(r"extra_[0-9]+")
_REFUSALS = ("@unparsable", "@broken", "@corrupt")
ORIGIN = Origin("file:///sample.log", name="sample.log")


def sample_of(name: str) -> bytes:
    """A format's `sample.log`."""
    return (files(find("formats", name)) / "sample.log").read_bytes()


def expected_of(name: str) -> list[dict[str, Any]]:
    """A format's `expected.ndjson`, decoded."""
    return [orjson.loads(line) for line in (files(find("formats", name)) / "expected.ndjson").read_bytes().splitlines()]


def rendered(form: Format, data: bytes, *, chunk: int = 0) -> list[dict[str, Any]]:
    """What comes out of some bytes, in order, as plain JSON values.

    Events are as they would be written. A record that gives none is `{"@unparsable": reason}`, one that framing could
    not hand on `{"@broken": reason}`, a stream that can't be read on ends in `{"@corrupt": reason}`.

    Args:
        form: The format; `auto` chooses.
        data: Decompressed.
        chunk: Cut the bytes into chunks of so many; 0 for one chunk.
    """
    chosen = form.select(ORIGIN, data[:EXCERPT_BYTES])
    out: list[tuple[int, dict[str, Any]]] = []
    parser = chosen.parser()
    try:
        for records in chosen.framing.frame(_cut(data, chunk), DEFAULT_LIMITS):
            out.extend((broken.position, _plain(broken)) for broken in records.broken)
            for position, parsed in zip(records.positions, parser.parse(records), strict=True):
                out.extend((position, _plain(value)) for value in _several(parsed))
    except Corrupt as error:
        out.append((len(data), {"@corrupt": str(error)}))
    return [value for _, value in sorted(out, key=lambda found: found[0])]


def assert_sample_gives_expected(name: str) -> None:
    """`sample.log` gives `expected.ndjson`, however its bytes arrive."""
    form, data, expected = load(name), sample_of(name), expected_of(name)
    for chunk in (0, 1, 97):
        found = rendered(form, data, chunk=chunk)
        for number, (left, right) in enumerate(zip(found, expected, strict=False), start=1):
            assert left == right, f"{name}, line {number} of expected.ndjson, in chunks of {chunk or 'everything'}"
        assert len(found) == len(expected)


def assert_parser_keeps_its_contract(form: Format, records: Records) -> None:
    """One result for each record, in order, of the types that are promised; the records are left as they were."""
    before = list(records.records)
    results = form.parser().parse(records)
    assert len(results) == len(records.records)
    assert records.records == before
    for result in results:
        assert result is None or isinstance(result, dict | list | Unparsable)
        for value in _several(result):
            if isinstance(value, dict):
                _assert_is_event(value)


def assert_any_bytes_are_told_of(form: Format, data: bytes) -> None:
    """Bytes of any kind give events, refusals, or Corrupt; never another exception."""
    chosen = form.select(ORIGIN, data[:EXCERPT_BYTES])
    try:
        for records in chosen.framing.frame([data], DEFAULT_LIMITS):
            assert_parser_keeps_its_contract(chosen, records)
    except Corrupt:
        return


def assert_keys_are_declared(name: str, unknown: Set[str] = frozenset()) -> None:
    """Each key in the sample's events is a declared field or lies under an `object`; `fields` has no name twice.

    Args:
        name: The format's.
        unknown: What the sample has on purpose of columns that AWS might add. `extra_1` … need not be named.
    """
    form = load(name)
    assert len({field.name for field in form.fields}) == len(form.fields)
    if not form.fields:
        return  # open-ended as a whole
    declared = {field.name for field in form.fields}
    # a time that can't be read stays under AWS's name for it
    allowed = {"@timestamp", *_REFUSALS, *unknown, *(field.aws for field in form.fields if field.kind == "time")}
    for event in expected_of(name):
        undeclared = [key for key in _keys(event, declared, "") if key not in allowed and not _EXTRA.fullmatch(key)]
        assert not undeclared, f"{name} gives {undeclared}, which it does not declare"


def assert_parsers_are_independent(form: Format, data: bytes) -> None:
    """Two parsers that take turns give what one alone gives."""
    batches = list(form.framing.frame(_cut(data, 200), DEFAULT_LIMITS))
    only, first, second = form.parser(), form.parser(), form.parser()
    alone = [_all_plain(only.parse(records)) for records in batches]
    for records, expected in zip(batches, alone, strict=True):
        assert _all_plain(first.parse(records)) == expected
        assert _all_plain(second.parse(records)) == expected


def _cut(data: bytes, chunk: int) -> Iterator[bytes]:
    step = chunk or max(len(data), 1)
    return (data[at : at + step] for at in range(0, len(data), step))


def _several(parsed: Parsed) -> Iterable[Event | Unparsable]:
    if parsed is None:
        return ()
    return parsed if isinstance(parsed, list) else (parsed,)


def _plain(value: Event | Unparsable | Broken) -> dict[str, Any]:
    if isinstance(value, Broken):
        return {"@broken": value.reason}
    if isinstance(value, Unparsable):
        return {"@unparsable": str(value)}
    plain: dict[str, Any] = orjson.loads(orjson.dumps(value, option=orjson.OPT_UTC_Z))
    return plain


def _all_plain(results: Iterable[Parsed]) -> list[list[dict[str, Any]]]:
    return [[_plain(value) for value in _several(result)] for result in results]


def _assert_is_event(event: Event) -> None:
    assert "@metadata" not in event
    if "@timestamp" in event:
        assert event["@timestamp"].utcoffset() == timedelta(0)
    orjson.dumps(event)


def _keys(value: dict[str, Any], declared: Set[str], prefix: str) -> Iterator[str]:
    """Dotted names of what no declared field covers."""
    for key, inner in value.items():
        name = f"{prefix}{key}"
        if name in declared:
            continue
        if isinstance(inner, dict) and any(other.startswith(f"{name}.") for other in declared):
            yield from _keys(inner, declared, f"{name}.")
        elif inner is not None:
            yield name


def main(name: str) -> None:
    """Write what a format's sample gives, for `expected.ndjson`."""
    for value in rendered(load(name), sample_of(name)):
        sys.stdout.buffer.write(orjson.dumps(value, option=orjson.OPT_APPEND_NEWLINE))


if __name__ == "__main__":
    main(sys.argv[1])
