from __future__ import annotations

import base64
import hashlib
import hmac
import uuid
from datetime import UTC, datetime
from typing import Any

import pytest
from pydantic import ValidationError

from logsluice.components import Context
from logsluice.filters.fingerprint import Config, build
from logsluice.filters.fingerprint._murmur import murmur3_32, murmur3_128
from logsluice.model import Event

FOX = "The quick brown fox jumps over the lazy dog"


def after(event: Event, **options: Any) -> Event:
    [only] = build(Config(**options), Context()).apply([event], lambda *_: pytest.fail("rejected"))
    return only


def fingerprint(value: Any, **options: Any) -> Any:
    return after({"message": value}, **options).get("fingerprint")


def sha1(text: str) -> str:
    return hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    ("text", "short", "long"),
    [
        ("", 0, "00000000000000000000000000000000"),
        ("hello", 0x248BFA47, "cbd8a7b341bd9b025b1e906a48ae1d19"),
        ("hello, world", 0x149BBB7F, "342fac623a5ebc8e4cdcbc079642414d"),
        (FOX, 0x2E4FF723, "e34bbc7bbc071b6c7a433ca9c49a9347"),
    ],
)
def test_murmur_is_as_in_its_published_vectors(text: str, short: int, long: str) -> None:
    assert murmur3_32(text.encode()) == short
    assert "".join(f"{half:016x}" for half in murmur3_128(text.encode())) == long


@pytest.mark.parametrize("method", ["SHA1", "SHA256", "SHA384", "SHA512", "MD5"])
def test_digests_are_hexadecimal_or_base64_with_or_without_a_key(method: str) -> None:
    data, name = FOX.encode(), method.lower()
    plain, keyed = hashlib.new(name, data).digest(), hmac.digest(b"k", data, name)
    assert fingerprint(FOX, method=method) == plain.hex()
    assert fingerprint(FOX, method=method, key="k") == keyed.hex()
    assert fingerprint(FOX, method=method, base64encode=True) == base64.b64encode(plain).decode()


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("\N{SNOWMAN}", "\N{SNOWMAN}"),
        (5, "5"),
        (1.5, "1.5"),
        (1e20, "1.0e+20"),
        (True, "true"),
        (None, ""),
        (datetime(2026, 1, 31, 12, tzinfo=UTC), "2026-01-31T12:00:00.000Z"),
        (
            {"b": 'say "x"\n', "a": [1, None, {"d": 1, "c": 2}]},
            r'{"a"=>[1, nil, {"c"=>2, "d"=>1}], "b"=>"say \"x\"\n"}',
        ),
    ],
)
def test_what_is_no_text_is_written_as_ruby_does(value: Any, text: str) -> None:
    assert fingerprint(value) == sha1(text)


def test_numbers_are_hashed_as_numbers_by_murmur() -> None:
    assert fingerprint(123, method="MURMUR3") == murmur3_32(bytes([123, 0, 0, 0, 0, 0, 0, 0]))
    assert fingerprint(-1, method="MURMUR3") == murmur3_32(b"\xff" * 8)
    assert fingerprint("123", method="MURMUR3") == murmur3_32(b"123")
    four, eight = fingerprint(2**31 - 1, method="MURMUR3_128"), fingerprint(2**31, method="MURMUR3_128")
    assert bytes.fromhex(four)[:8] == murmur3_128(b"\xff\xff\xff\x7f", 2)[0].to_bytes(8, "little")
    assert bytes.fromhex(eight)[8:] == murmur3_128(b"\0\0\0\x80\0\0\0\0", 2)[1].to_bytes(8, "little")


def test_lists_have_a_fingerprint_for_each_and_the_last_source_wins() -> None:
    assert fingerprint(["a", "b"]) == [sha1("a"), sha1("b")]
    event = {"a": "1", "b": "2"}
    assert after(dict(event), source=["b", "a", "missing"])["fingerprint"] == sha1("1")
    assert after(dict(event), source="missing") == event


def test_sources_are_concatenated_by_name_and_all_fields_but_metadata_are() -> None:
    event = {"b": "2", "a": {"y": 1, "x": "z"}, "@metadata": {"_id": "i"}}
    options: dict[str, Any] = {"source": ["b", "a", "no"], "concatenate_sources": True}
    assert after(dict(event), **options)["fingerprint"] == sha1('|a|{"x"=>"z", "y"=>1}|b|2|no||')
    assert after(dict(event), concatenate_all_fields=True)["fingerprint"] == sha1('|a|{"x"=>"z", "y"=>1}|b|2|')


@pytest.mark.parametrize(
    ("address", "prefix", "network"),
    [("192.0.2.77", 24, "192.0.2.0"), ("192.0.2.77", "28", "192.0.2.64"), ("2001:db8:1::5", 32, "2001:db8::")],
)
def test_an_address_becomes_its_network(address: str, prefix: Any, network: str) -> None:
    assert fingerprint(address, method="IPV4_NETWORK", key=prefix) == network


@pytest.mark.parametrize("key", [None, "", "x"])
def test_a_network_needs_the_length_of_its_prefix(key: str | None) -> None:
    with pytest.raises(ValidationError, match="prefix"):
        Config(method="IPV4_NETWORK", key=key)


def test_what_has_no_fingerprint_tags_the_event() -> None:
    event = after({"message": "localhost"}, method="IPV4_NETWORK", key=24, add_tag="done")
    assert event == {"message": "localhost", "tags": ["_fingerprint_failure"]}


def test_punctuation_is_what_is_neither_letter_nor_digit_nor_blank() -> None:
    assert after({"a": "a.", "b": "b!"}, method="PUNCTUATION", source=["b", "a"])["fingerprint"] == "!"
    assert fingerprint("PHP Warning: json_encode() [x=5 €] „y“", method="PUNCTUATION") == ":_()[=€]„“"


def test_a_uuid_is_the_events_own() -> None:
    made = [after({"@metadata": {"_id": i}}, method="UUID")["fingerprint"] for i in ("a", "b", "a")]
    assert made[0] == made[2] != made[1]
    assert uuid.UUID(made[0]).version == 4


def test_the_target_can_be_named_and_follows_ecs() -> None:
    assert after({"message": "x"}, target="[@metadata][id]")["@metadata"] == {"id": sha1("x")}
    assert after({"message": "x"}, ecs_compatibility="v8")["event"] == {"hash": sha1("x")}
