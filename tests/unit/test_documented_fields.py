"""What AWS documents of its logs and is easily got wrong: each fact a test."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from logsluice.components import names
from logsluice.errors import Unparsable
from logsluice.formats import alb, alb_connection, cloudfront, cloudfront_realtime, load, nlb, s3_access, vpc_flow
from logsluice.model import Records

_ECS = """
    @timestamp client.as.number client.geo.country_iso_code client.ip client.port cloud.account.id cloud.account.name
    cloud.availability_zone cloud.instance.id cloud.region destination.bytes destination.ip destination.port
    dns.question.class dns.question.name dns.question.type dns.response_code error.code error.message event.action
    event.end event.id event.provider event.severity event.start http.request.body.bytes http.request.bytes
    http.request.id http.request.method http.request.referrer http.response.body.bytes http.response.bytes
    http.response.mime_type http.response.status_code http.version log.file.path message network.bytes
    network.direction network.iana_number network.packets network.protocol network.transport network.type
    observer.name observer.product observer.vendor rule.category rule.id rule.name rule.ruleset server.ip server.port
    source.address source.bytes source.ip source.port tls.cipher tls.client.ja3 tls.client.server_name
    tls.client.subject tls.curve tls.next_protocol tls.version url.domain url.fragment url.original url.path url.query
    url.scheme user.id user.name user_agent.original
"""
ECS = frozenset(_ECS.split())
"""Those names of the Elastic Common Schema that are used; look a new one up there before you add it."""


def parse(name: str, *lines: str, **options: Any) -> list[Any]:
    records = [line.encode() for line in lines]
    parsed: list[Any] = load(name, **options).parser().parse(Records(records, list(range(len(records)))))
    return parsed


def order(columns: Any) -> list[str]:
    return [column.aws for column in columns]


@pytest.mark.parametrize("name", names("formats"))
def test_names_of_the_elastic_common_schema_are_in_it(name: str) -> None:
    assert {field.ecs for field in load(name).fields} - {""} <= ECS


# ------------------------------------------------------------------------------------------------ load balancers


def test_alb_transformed_host_and_uri_come_after_the_connection_and_the_nodes_address_is_last() -> None:
    assert order(alb.TABLE.columns)[-5:] == [
        "conn_trace_id",
        "transformed_host",
        "transformed_uri",
        "request_transform_status",
        "ip_address",
    ]
    assert len(alb.TABLE.columns) == 34


def test_alb_connection_log_goes_on_after_its_trace_id() -> None:
    assert order(alb_connection.TABLE.columns)[11:] == ["conn_trace_id", "tls_keyexchange", "elb", "ip_address"]


def test_nlb_key_exchange_has_the_place_of_the_former_named_group() -> None:
    assert order(nlb.TABLE.columns)[15:18] == ["tls_protocol_version", "tls_keyexchange", "domain_name"]
    assert len(nlb.TABLE.columns) == 22


# ---------------------------------------------------------------------------------------------------- CloudFront


def test_cloudfront_version_1_has_33_columns() -> None:
    assert len(cloudfront.V1.split()) == 33


def test_cloudfront_version_2_may_have_the_columns_of_real_time_logs() -> None:
    header = "#Fields: timestamp(ms)\ts-ip\tcmcd-playback-rate\tr-host\tviewer-request-log-data"
    assert parse("cloudfront", header, "1769601600123\t192.0.2.80\t1.25\torigin.example.com\tvariant%3Db") == [
        None,
        {
            "@timestamp": datetime(2026, 1, 28, 12, 0, 0, 123000, tzinfo=UTC),
            "s_ip": "192.0.2.80",
            "cmcd_playback_rate": "1.25",
            "r_host": "origin.example.com",
            "viewer_request_log_data": "variant=b",
        },
    ]


def test_cloudfront_real_time_columns_are_in_awss_order() -> None:
    columns = order(cloudfront_realtime.COLUMNS)
    assert columns[:5] == ["timestamp", "c-ip", "s-ip", "time-to-first-byte", "sc-status"]
    assert columns[40:46] == [
        "cs-headers-count",
        "primary-distribution-id",
        "primary-distribution-dns-name",
        "origin-fbl",
        "origin-lbl",
        "asn",
    ]
    assert columns[-4:] == [
        "distribution-tenant-id",
        "connection-id",
        "viewer-request-log-data",
        "viewer-response-log-data",
    ]
    assert len(columns) == 71


@pytest.mark.parametrize(
    "fields",
    ["timestamp c-ip sc-status asn", "timestamp, c-ip, sc-status, asn", ["timestamp", "c-ip", "sc-status", "asn"]],
)
def test_cloudfront_real_time_columns_may_be_chosen(fields: Any) -> None:
    assert parse("cloudfront_realtime", "1769601600.123\t2001:db8::17\t000\t-", fields=fields) == [
        {"@timestamp": datetime(2026, 1, 28, 12, 0, 0, 123000, tzinfo=UTC), "c_ip": "2001:db8::17", "sc_status": 0}
    ]


def test_cloudfront_real_time_line_of_another_choice_of_columns_is_refused() -> None:
    (refused,) = parse("cloudfront_realtime", "1769601600.123\t192.0.2.7\t200", fields="timestamp c-ip s-ip sc-status")
    assert isinstance(refused, Unparsable)
    assert str(refused) == "3 columns; lines of this format have 4 or more"


def test_cloudfront_real_time_column_that_aws_does_not_have() -> None:
    with pytest.raises(ValueError, match=r"names 'cs-uri', which is no field of cloudfront_realtime; did you mean"):
        load("cloudfront_realtime", fields="timestamp cs-uri")
    with pytest.raises(TypeError, match="must be the order of the columns"):
        load("cloudfront_realtime", fields=3)


# ------------------------------------------------------------------------------------------------- other services


def test_public_dns_queries_that_cloudwatch_logs_exported_have_a_time_before_them() -> None:
    line = "1.0 2026-01-28T12:00:00.130Z Z123412341234 example.com A NOERROR UDP FRA6 192.0.2.53 -"
    plain, exported = parse("route53_query", line, f"2026-01-28T12:00:01.000Z {line}")
    assert plain["@timestamp"] == datetime(2026, 1, 28, 12, 0, 0, 130000, tzinfo=UTC)
    assert exported == {"log_time": datetime(2026, 1, 28, 12, 0, 1, tzinfo=UTC), **plain}


def test_s3_access_line_has_27_columns_and_ends_in_the_source_region() -> None:
    assert order(s3_access.TABLE.columns)[23:] == ["tls_version", "access_point_arn", "acl_required", "source_region"]


def test_vpc_flow_time_is_the_start_as_in_cloudwatch_logs() -> None:
    event = parse("vpc_flow", "2 1 eni-1 192.0.2.1 192.0.2.2 1 2 6 1 40 1769601600 1769601660 ACCEPT OK")[0]
    assert event["@timestamp"] == datetime(2026, 1, 28, 12, 0, tzinfo=UTC)
    assert {"reject-reason", "resource-id", "encryption-status"} <= set(vpc_flow.FLOW.columns)


def test_guardduty_attack_sequence_is_one_arn() -> None:
    fields = {field.name: field for field in load("guardduty").fields}
    assert not fields["associatedAttackSequenceArn"].many


def test_account_level_subscription_says_so_in_each_event() -> None:
    document = {
        "messageType": "DATA_MESSAGE",
        "policyLevel": "ACCOUNT_LEVEL_POLICY",
        "logGroup": "g",
        "logEvents": [{"id": "1", "timestamp": 1769601600123, "message": "m"}],
    }
    ((event,),) = parse("cloudwatch_logs", json.dumps(document))
    assert event == {
        "id": "1",
        "@timestamp": datetime(2026, 1, 28, 12, 0, 0, 123000, tzinfo=UTC),
        "message": "m",
        "logGroup": "g",
        "policyLevel": "ACCOUNT_LEVEL_POLICY",
    }
