from __future__ import annotations

import json
import re
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from logsluice.components import UnknownComponent, names
from logsluice.formats import load
from logsluice.framing.json_records import JsonRecords
from logsluice.framing.limits import DEFAULT_LIMITS
from logsluice.model import Format, Origin, Records
from logsluice.testing import formats as contract

NAMES = names("formats")
NOT_YET_AWS_S = {"cloudfront": {"x_some_new_column"}, "vpc_flow": {"next_hop_vpc_id"}}
OPEN_ENDED = {"auto", "json", "lines"}


@pytest.mark.parametrize("name", NAMES)
def test_the_sample_gives_what_is_expected(name: str) -> None:
    contract.assert_sample_gives_expected(name)


@pytest.mark.parametrize("name", NAMES)
def test_every_key_of_the_sample_is_declared(name: str) -> None:
    contract.assert_keys_are_declared(name, NOT_YET_AWS_S.get(name, frozenset()))


@pytest.mark.parametrize("name", NAMES)
def test_parsers_are_independent(name: str) -> None:
    contract.assert_parsers_are_independent(load(name), contract.sample_of(name))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50)
@given(data=st.binary(max_size=300))
def test_any_bytes_give_events_or_refusals(name: str, data: bytes) -> None:
    form = load(name)
    contract.assert_any_bytes_are_told_of(form, data)
    contract.assert_parser_keeps_its_contract(form, Records([data], [0]))


@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=50)
@given(data=st.data())
def test_a_spoilt_sample_gives_events_or_refusals(name: str, data: st.DataObject) -> None:
    spoilt = bytearray(contract.sample_of(name))
    for at in data.draw(st.lists(st.integers(0, len(spoilt) - 1), min_size=1, max_size=8)):
        spoilt[at] = data.draw(st.sampled_from(b'"\\ {}[]-,:\n\r\t0x\x00\xff'))
    contract.assert_any_bytes_are_told_of(load(name), bytes(spoilt))


VALUES: st.SearchStrategy[Any] = st.sampled_from(
    [None, True, -1, 1.5, 2**63, 10**17, "", "-", "x", "2026-01-31T00:00:00Z", [], [None], {}, {"a": {}}, ["\ud800"]]
)


@pytest.mark.parametrize("name", [name for name in NAMES if isinstance(load(name).framing, JsonRecords)])
@settings(max_examples=100)
@given(data=st.data())
def test_values_of_another_type_give_events_or_refusals(name: str, data: st.DataObject) -> None:
    value = data.draw(st.sampled_from(objects_in(contract.sample_of(name), load(name))))
    for key in data.draw(st.lists(st.sampled_from(sorted(value)), min_size=1, max_size=3)):
        value = {**value, key: data.draw(VALUES)}
    contract.assert_parser_keeps_its_contract(load(name), Records([json.dumps(value).encode()], [0]))


def objects_in(sample: bytes, form: Format) -> list[dict[str, Any]]:
    """The records of a sample that are objects, decoded by a decoder that knows nothing of formats."""
    found: list[dict[str, Any]] = []
    for batch in form.framing.frame([sample], DEFAULT_LIMITS):
        for record in batch.records:
            try:
                found.append(json.loads(record))
            except ValueError:  # one of the sample's traps
                continue
    return [value for value in found if isinstance(value, dict)]


@pytest.mark.parametrize("name", [name for name in NAMES if name not in OPEN_ENDED])
def test_auto_knows_each_sample_without_its_name(name: str) -> None:
    assert load("auto").select(Origin("stream:"), contract.sample_of(name)).name == name


KEYS = {
    "alb": "AWSLogs/111122223333/elasticloadbalancing/eu-west-1/2026/01/28/"
    "111122223333_elasticloadbalancing_eu-west-1_app.shop.50dc6c495c0c9188_20260128T1205Z_192.0.2.1_1a2b3c4d.log.gz",
    "vpc_flow": "AWSLogs/111122223333/vpcflowlogs/eu-west-1/2026/01/28/"
    "111122223333_vpcflowlogs_eu-west-1_fl-1a2b3c4d_20260128T1205Z_5e6f7a8b.log.gz",
    "waf": "AWSLogs/111122223333/WAFLogs/eu-west-1/shop/2026/01/28/12/00/"
    "111122223333_waflogs_eu-west-1_shop_20260128T1200Z_5e6f7a8b.log.gz",
    "cloudtrail": "AWSLogs/111122223333/CloudTrail/eu-west-1/2026/01/28/"
    "111122223333_CloudTrail_eu-west-1_20260128T1205Z_AbCdEfGh.json.gz",
    "guardduty": "AWSLogs/111122223333/GuardDuty/eu-west-1/2026/01/28/5e6f7a8b.jsonl.gz",
    "config": "AWSLogs/111122223333/Config/eu-west-1/2026/1/28/ConfigHistory/111122223333_Config_eu-west-1.json.gz",
}


@pytest.mark.parametrize("name", KEYS)
def test_auto_is_sure_of_a_sample_under_its_own_key(name: str) -> None:
    origin = Origin("s3://logs/key", name=KEYS[name])
    assert load("auto").select(origin, contract.sample_of(name)).name == name


def test_auto_goes_by_the_key_where_the_content_says_little() -> None:
    origin = Origin("s3://logs/key", name=KEYS["cloudtrail"])
    assert load("auto").select(origin, b'{"Records":[]}').name == "cloudtrail"


@pytest.mark.parametrize(
    ("head", "name"),
    [
        (b'{"a":1}\n', "json"),
        (b'\xef\xbb\xbf [{"a":1}]', "json"),
        (b"[INFO] {not json}\n", "lines"),
        (b"plain text\n", "lines"),
        (b"", "lines"),
    ],
)
def test_auto_falls_back_to_json_and_to_lines(head: bytes, name: str) -> None:
    assert load("auto").select(Origin("stream:"), head).name == name


def test_a_format_without_options_is_made_once() -> None:
    assert load("waf") is load("waf")


def test_an_unknown_format_or_option_names_the_near_match() -> None:
    with pytest.raises(UnknownComponent, match=re.escape("there is no format 'cloudtrial'; did you mean 'cloudtrail'")):
        load("cloudtrial")
    with pytest.raises(TypeError, match=re.escape("json has no option 'timestamp_filed'; did you mean 'timestamp_fi")):
        load("json", timestamp_filed="t")
    with pytest.raises(TypeError, match=re.escape("waf has no option 'x' (it has none)")):
        load("waf", x=1)
