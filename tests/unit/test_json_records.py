from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from itertools import pairwise
from typing import Any, TypeAlias

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from logsluice.errors import Corrupt
from logsluice.framing import _bulk
from logsluice.framing import json_records as module
from logsluice.framing.json_records import JsonRecords
from logsluice.framing.limits import DEFAULT_LIMITS, KIB, Limits
from logsluice.model import Broken

Found: TypeAlias = "tuple[int, bytes, bytes] | Broken | str"

EXCERPT = 14
TINY = Limits(record=30, batch=40)


@pytest.fixture(autouse=True, scope="module")
def _short_excerpts() -> Iterator[None]:
    """So that short records reach the state in which a long one is let go."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "EXCERPT_BYTES", EXCERPT)
        yield


def frame(chunks: Iterable[bytes], *paths: str, limits: Limits = DEFAULT_LIMITS) -> list[Found]:
    """Everything in order of position, whatever the batches; damage as its text at the end."""
    out: list[tuple[int, bytes, bytes] | Broken] = []
    damage: list[str] = []
    try:
        for batch in JsonRecords(*paths).frame(chunks, limits):
            out += [
                (p, r, batch.terminator(i)) for i, (p, r) in enumerate(zip(batch.positions, batch.records, strict=True))
            ]
            out += batch.broken
    except Corrupt as error:
        damage = [str(error)]
    out.sort(key=lambda found: found.position if isinstance(found, Broken) else found[0])
    return [*out, *damage]


def cut(data: bytes, cuts: Iterable[int]) -> list[bytes]:
    places = sorted({0, len(data), *(c % (len(data) + 1) for c in cuts)})
    return [data[a:b] for a, b in pairwise(places)]


def records(data: bytes, *paths: str) -> list[bytes]:
    return [found[1] for found in frame([data], *paths) if isinstance(found, tuple)]


def test_lines_concatenated_and_pretty_printed_documents_give_each_object() -> None:
    pretty = json.dumps({"a": [{"b": 1}, "}{"], "c": {}}, indent=2).encode()
    data = b'{"a":1}\n{"b":"}{\\""}\r\n\n{"c":[{}]}{"a":1,"a":2}  ' + pretty
    assert frame([data]) == [
        (0, b'{"a":1}', b"\n"),
        (8, b'{"b":"}{\\""}', b"\r\n"),
        (23, b'{"c":[{}]}', b""),
        (33, b'{"a":1,"a":2}', b""),
        (48, pretty, b""),
    ]


def test_json_lines_have_no_list_of_terminators() -> None:
    data = b'{"a":1}\n{"b":[{"c":"]"}]}\n{}\n'
    batches = list(JsonRecords().frame([data], DEFAULT_LIMITS))
    assert [(r, batch.terminators) for batch in batches for r in batch.records] == [
        (b'{"a":1}', None),
        (b'{"b":[{"c":"]"}]}', None),
        (b"{}", None),
    ]


def test_the_elements_of_an_array_are_records() -> None:
    assert frame([b' [ {"a":1}, \n{"b":[2]},null,"x,]" , [3] ]\n[]']) == [
        (3, b'{"a":1}', b""),
        (13, b'{"b":[2]}', b""),
        (23, b"null", b""),
        (28, b'"x,]"', b""),
        (36, b"[3]", b""),
    ]


def test_the_array_at_a_path_gives_its_elements_and_what_surrounds_it_nothing() -> None:
    data = b'{"x":{"Records":[0]},"y":"Records","Records" : [{"a":1},{"b":2}],"z":[{}]}\n{"Records":[]}{"Records":[{}]}'
    assert frame([data], "Records") == [(48, b'{"a":1}', b""), (56, b'{"b":2}', b""), (101, b"{}", b"")]


def test_a_path_may_be_dotted_and_there_may_be_several() -> None:
    data = b'{"a":{"c":[{"n":0}],"b":[{"n":1}]},"b":[{"n":2}]}{"Events":[{"n":3}]}'
    assert records(data, "a.b", "Events") == [b'{"n":1}', b'{"n":3}']


def test_an_object_without_the_array_is_a_record() -> None:
    data = b'{"eventName":"A"}\n{"Records":null}\n{"r":{"Records":[1]}}\n{"Records":[{"eventName":"B"}]}\n'
    assert records(data, "Records") == [
        b'{"eventName":"A"}',
        b'{"Records":null}',
        b'{"r":{"Records":[1]}}',
        b'{"eventName":"B"}',
    ]


def test_a_byte_order_mark_is_skipped_and_counted() -> None:
    assert frame([b"\xef\xbb", b'\xbf{"a":1}']) == [(3, b'{"a":1}', b"")]


def test_broken_lines_are_told_and_their_neighbours_read() -> None:
    data = b'{"a":1\n{"b":2}\n{"c":"x\n{"d":3}\nhello\n[INFO] x\n{"e":[}\n{"f":1}\n{"g":'
    assert frame([data]) == [
        Broken(0, b'{"a":1', 6, "an object starts where none can be"),
        (7, b'{"b":2}', b"\n"),
        Broken(15, b'{"c":"x', 7, "a string holds a line feed"),
        (23, b'{"d":3}', b"\n"),
        Broken(31, b"hello", 5, "the line holds no JSON object"),
        Broken(37, b"[INFO] x", 8, "the line holds no JSON object"),
        Broken(46, b'{"e":[}', 7, "brackets that don't match"),
        (54, b'{"f":1}', b"\n"),
        Broken(62, b'{"g":', 5, "the data ends within a JSON value"),
    ]


@pytest.mark.parametrize(
    ("rest", "reason"),
    [
        (b'{"b":', "the data ends within a JSON value (byte 24 of the JSON data)"),
        (b"", "the document ends within its array (byte 19 of the JSON data)"),
        (b"{]}]}", "brackets that don't match (byte 20 of the JSON data)"),
        (b'"x\ny"', "a string holds a line feed (byte 21 of the JSON data)"),
        (b"}", "a value of the array is missing (byte 19 of the JSON data)"),
        (b"nul{", "a bracket where a value of the array should end (byte 22 of the JSON data)"),
    ],
)
def test_damage_within_an_array_ends_the_stream_after_what_stands(rest: bytes, reason: str) -> None:
    assert frame([b'{"Records":[{"a":1}' + rest], "Records") == [(12, b'{"a":1}', b""), reason]


@pytest.mark.parametrize(("brackets", "deep"), [("[]", 200), ("[]", 201), ("{}", 200), ("{}", 201)])
def test_a_record_is_nested_200_deep_at_most(brackets: str, deep: int) -> None:
    opening, closing = ("[", "]") if brackets == "[]" else ('{"a":', "}")
    nested = ('{"a":' + opening * (deep - 1) + "0" + closing * (deep - 1) + "}").encode()
    data = b'{"b":1}\n' + nested + b'\n{"b":2}\n'
    found = (8, nested, b"\n") if deep == 200 else Broken(8, nested[:EXCERPT], len(nested), "nested more than 200 deep")
    whole = [(0, b'{"b":1}', b"\n"), found, (9 + len(nested), b'{"b":2}', b"\n")]
    assert frame([data]) == whole
    assert frame(data[i : i + 1] for i in range(len(data))) == whole


def test_a_record_over_the_limit_is_broken_and_its_neighbours_are_not() -> None:
    long = b'{"a":"' + b"\\\\x" * 20 + b'"}'
    data = b'{"a":1}\n' + long + b'\n{"b":2}'
    reason = f"a record of {len(long)} bytes is over the limit of 30"
    assert frame([data], limits=TINY) == [
        (0, b'{"a":1}', b"\n"),
        Broken(8, long[:EXCERPT], len(long), reason),
        (9 + len(long), b'{"b":2}', b""),
    ]
    assert frame([b"[" + long + b',{"b":2}]'], limits=TINY) == [
        Broken(1, long[:EXCERPT], len(long), reason),
        (2 + len(long), b'{"b":2}', b""),
    ]


def test_of_an_endless_string_only_an_excerpt_is_held() -> None:
    limits = Limits(record=100 * KIB)
    scan = module._Scan(frozenset(), 0, limits)
    most = 0
    for chunk in [b'{"a":"\\', *[b'"\\' * KIB] * 1000]:
        list(scan.feed(chunk))
        most = max(most, len(scan.data))
    assert most < 110 * KIB
    [batch] = scan.feed(b'""}{"b":1}', final=True)
    assert [(b.position, b.length) for b in batch.broken] == [(0, 10 + 2000 * KIB)]
    assert batch.records == [b'{"b":1}']


def test_what_follows_the_array_is_read_over_without_holding_it() -> None:
    scan = module._Scan(frozenset({(b"Records",)}), 0, DEFAULT_LIMITS)
    for chunk in [b'{"Records":[{}],"rest":["', *[b"x" * 10 * KIB] * 100, b'",', *[b"{},1," * KIB] * 100]:
        list(scan.feed(chunk))
        assert len(scan.data) < 20 * KIB
    [batch] = scan.feed(b'0]}{"b":1}', final=True)
    assert batch.records == [b'{"b":1}']


def test_an_array_of_like_records_is_proved_a_block_at_a_time() -> None:
    elements = [b'{"v":"%d","x":[{"v":"}{"},{"v":"\\\\"}],"y":"{\\"v\\""}' % n for n in range(100)]
    data = b'{"Records":[' + b",".join(elements) + b"]}"
    assert records(data, "Records") == elements
    assert _bulk.split(b",".join(elements[1:]), _bulk.Separator(b",", b'"v"')) is None  # inner objects begin alike
    unlike = [element.replace(b'[{"v"', b'[{"w"').replace(b',{"v":"\\', b',{"w":"\\') for element in elements]
    assert _bulk.split(b", ".join(unlike), _bulk.Separator(b", ", b'"v"')) == unlike


PIECES = [
    *[bytes([byte]) for byte in b'{}[]",:\\\n x1'],
    b"\r\n", b'{"a":', b'"}', b'{"k":1}\n', b'{"Records":[', b'{"k":"x"},', b'{"k":[{"k":2},{"k":3}]},', b'"\\""',
    b"]}\n", b"\x01", b"\x02\n\x01", b"}\n{", b'},{"k"', b'"a b c d e f g h i j k l m n o p q r s t u v"',
]  # fmt: skip
TEXT = st.lists(st.sampled_from(PIECES), max_size=30).map(b"".join)


@given(TEXT, st.lists(st.integers(min_value=0), max_size=10), st.sampled_from([(), ("Records",), ("a.k",)]))
def test_any_chunking_gives_the_same_records(data: bytes, cuts: list[int], paths: tuple[str, ...]) -> None:
    for limits in (DEFAULT_LIMITS, TINY):
        whole = frame([data], *paths, limits=limits)
        assert frame(cut(data, cuts), *paths, limits=limits) == whole
        assert frame((data[i : i + 1] for i in range(len(data))), *paths, limits=limits) == whole


@example([b'\\"}\\'], b"\n")  # backslashes outside of strings
@given(st.lists(TEXT, min_size=1, max_size=4), st.sampled_from([b"\n", b',{"k"']))
def test_a_block_that_is_proved_is_what_the_scanner_finds(bodies: list[bytes], between: bytes) -> None:
    separator = _bulk.Separator(b"\n") if between == b"\n" else _bulk.Separator(b",", b'"k"')
    block = separator.whole.join([b"{" + bodies[0], *bodies[1:]]) + b"}"
    proved = _bulk.split(block, separator)
    if proved is not None:
        data = block if between == b"\n" else b"[" + block + b"]"
        assert frame(data[i : i + 1] for i in range(len(data))) == frame([data])
        assert records(data) == proved


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text('{}[]",:\\\n aé', max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(["k", "Records", 'q"{']), inner, max_size=3)
    ),
    max_leaves=8,
)
OBJECTS = st.lists(st.dictionaries(st.sampled_from(["k", "b", "\\]"]), VALUES, max_size=3), max_size=6)
LAYOUTS: list[dict[str, Any]] = [{}, {"separators": (",", ":")}, {"indent": 1}, {"ensure_ascii": False}]


@given(OBJECTS, st.sampled_from(LAYOUTS), st.sampled_from(["\n", "", "\r\n", " "]))
def test_valid_documents_give_their_objects_in_any_layout(
    objects: list[dict[str, Any]], layout: dict[str, Any], between: str
) -> None:
    texts = [json.dumps(value, **layout) for value in objects]
    assert [json.loads(r) for r in records(between.join(texts).encode())] == objects
    assert [json.loads(r) for r in records(json.dumps(objects, **layout).encode())] == objects
    envelope = json.dumps({"before": objects, "Records": objects, "after": objects}, **layout)
    assert [json.loads(r) for r in records(envelope.encode(), "Records")] == objects


@given(st.binary(max_size=200) | TEXT)
def test_any_bytes_give_records_that_lie_where_they_say(data: bytes) -> None:
    for found in frame([data], "Records"):
        if isinstance(found, tuple):
            assert data[found[0] :].startswith(found[1] + found[2])
        elif isinstance(found, Broken):
            assert data[found.position :].startswith(found.excerpt)
            assert found.length <= len(data) - found.position
