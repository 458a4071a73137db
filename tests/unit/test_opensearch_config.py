"""Options of the opensearch output, and who signs its requests."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import ValidationError

from logsluice.aws.session import AwsOptions, forget_clients
from logsluice.aws.signing import place_of, signer
from logsluice.cluster.authorization import Signed, basic
from logsluice.cluster.client import Answer, Client
from logsluice.cluster.hosts import advice_unreachable
from logsluice.cluster.rotation import DEAD_SECONDS, Rotation
from logsluice.components import Context
from logsluice.config.secrets import Secret
from logsluice.errors import UsageError
from logsluice.sinks import opensearch

CLOUD_ID = "logs:" + b64encode(b"eu-west-1.aws.found.io$0123456789abcdef$fedcba").decode()


def config(**options: Any) -> opensearch.Config:
    return opensearch.Config.model_validate({"hosts": "https://search.example.com", **options})


def test_one_host_is_enough_and_the_rest_has_defaults() -> None:
    made = config()
    assert made.hosts == ("https://search.example.com",)
    assert made.index == "logsluice-%{[@metadata][format]}-%{+yyyy.MM.dd}"
    assert made.resolved_action == "create"


def test_hosts_are_urls_or_host_and_port() -> None:
    hosts = config(hosts=["localhost:9200", "https://a.example/", "http://b.example:9200/search"]).hosts
    assert hosts == ("http://localhost:9200", "https://a.example", "http://b.example:9200/search")


def test_a_document_id_replaces_unless_told_otherwise() -> None:
    assert config(document_id="%{id}").resolved_action == "index"
    assert config(document_id="%{id}", action="create").resolved_action == "create"


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"hosts": []}, "either `hosts` or `cloud_id`"),
        ({"hosts": "ftp://a"}, "a host is a URL such as"),
        ({"hosts": "https://admin:secret@a"}, "options of their own"),
        ({"hosts": "https://a?x=1"}, "has no ?"),
        ({"index": "Logs"}, "must be in lower case"),
        ({"index": "logs %{+yyyy}"}, "not allowed"),
        ({"document_id": "fixed"}, "overwrite the same document"),
        ({"user": "u"}, "`user` and `password` go together"),
        ({"auth": "aws", "user": "u", "password": "p"}, "leave `user` out"),
        ({"auth": "basic"}, "needs `user` and `password`"),
        ({"region": "eu-central-1"}, "`region` is for `auth: aws`"),
        ({"timeout": "30"}, "a duration needs its unit"),
        ({"request_bytes": "0"}, "greater than or equal to 1024"),
        ({"idx": "a"}, "Extra inputs are not permitted"),
        ({"cloud_id": CLOUD_ID}, "either `hosts` or `cloud_id`"),
        ({"api_key": "k", "bearer_token": "t"}, "one way to say who you are is enough: `api_key` or `bearer_token`"),
        ({"api_key": "k", "auth": "aws"}, "leave `api_key` out"),
        ({"aws": {"profile": "p"}}, "`aws` is for `auth: aws`"),
        ({"ca_fingerprint": "ab:cd"}, "64 hexadecimal digits"),
        ({"ca_fingerprint": "0" * 64, "ca_file": "ca.pem"}, "says alone whom to trust"),
        ({"client_key": "key.pem"}, "belongs to a `client_certificate`"),
        ({"headers": {"a b": "c"}}, "is no name of a header"),
        ({"headers": {"Authorization": "c"}}, "there are `user`, `api_key`"),
        ({"data_stream": True, "action": "index"}, "takes the action `create` only"),
        ({"data_stream": {"type": "logs"}, "index": "logs"}, "a data stream has one name"),
        ({"data_stream": {"dataset": "aws-elb"}}, "a hyphen divides the parts"),
        ({"data_stream": True, "index": "%{team}-logs"}, "a data stream needs a template"),
        ({"document_id": "none", "action": "index"}, "nothing can be replaced"),
    ],
)
def test_options_that_can_not_work_are_refused_with_a_sentence(options: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        config(**options)
    assert sentence in str(caught.value)
    assert "secret" not in str(caught.value.errors(include_input=False))


@pytest.mark.parametrize(
    ("said", "url"),
    [
        ("eu-west-1.aws.found.io$es$kibana", "https://es.eu-west-1.aws.found.io:443"),
        ("eu-west-1.aws.found.io:9243$es$kibana", "https://es.eu-west-1.aws.found.io:9243"),
        ("eu-west-1.aws.found.io:9243$es:9200$", "https://es.eu-west-1.aws.found.io:9200"),
        ("eu-west-1.aws.found.io$es", "https://es.eu-west-1.aws.found.io:443"),
    ],
)
def test_a_cloud_id_names_the_host(said: str, url: str) -> None:
    made = opensearch.Config.model_validate({"cloud_id": f"name:{b64encode(said.encode()).decode()}", "api_key": "k"})
    assert made.urls == (url,)


@pytest.mark.parametrize("text", ["name", "name:!", "name:aG9zdA==", f"name:{b64encode(b'host$$k').decode()}"])
def test_what_is_no_cloud_id_is_refused(text: str) -> None:
    with pytest.raises(ValidationError, match="Cloud ID"):
        opensearch.Config.model_validate({"cloud_id": text})


@pytest.mark.parametrize(
    ("options", "target", "action"),
    [
        ({"data_stream": True}, "logsluice-%{[@metadata][format]}", "create"),
        ({"data_stream": True, "index": "logs"}, "logs", "create"),
        ({"data_stream": {}}, "logs-%{[@metadata][format]}-default", "create"),
        ({"data_stream": {"dataset": "aws.elb", "namespace": "prod"}}, "logs-aws.elb-prod", "create"),
        ({"data_stream": True, "document_id": "%{id}"}, "logsluice-%{[@metadata][format]}", "create"),
        ({"document_id": "none", "index": "logs"}, "logs", "create"),
    ],
)
def test_where_events_go_and_how(options: dict[str, Any], target: str, action: str) -> None:
    made = config(**options)
    assert (made.target, made.resolved_action) == (target, action)


@pytest.mark.parametrize(
    ("options", "concerned"),
    [
        ({}, []),
        ({"document_id": "none"}, ["document_id"]),
        ({"data_stream": True}, ["data_stream"]),
        ({"verify_certificates": False}, ["verify_certificates"]),
        ({"api_key": "k"}, []),
        ({"hosts": "http://search.example.com", "user": "u", "password": "p"}, ["password"]),
    ],
)
def test_check_says_what_will_be_regretted(options: dict[str, Any], concerned: list[str]) -> None:
    assert [option for option, _ in opensearch.concerns(config(**options), Context())] == concerned


def test_a_sink_without_ids_says_that_repeats_add() -> None:
    sinks = [opensearch.build(config(**options), Context()) for options in ({}, {"document_id": "none"})]
    assert [sink.idempotent for sink in sinks] == [True, False]


@pytest.mark.parametrize(
    ("host", "advice"),
    [
        (
            "https://a.example",
            "; https://a.example means port 443, and a cluster of your own listens on 9200 as a rule",
        ),
        ("http://a.test", "; http://a.test means port 80, and a cluster of your own listens on 9200 as a rule"),
        ("https://a.example:9200", ""),
    ],
)
def test_a_host_that_nobody_answers_may_lack_its_port(host: str, advice: str) -> None:
    assert advice_unreachable(host) == advice


def test_the_password_is_not_shown() -> None:
    made = config(user="u", password="hush-hush")
    assert "hush" not in repr(made)
    assert "hush" not in made.model_dump_json()


def test_a_missing_ca_file_is_one_sentence(tmp_path: Path) -> None:
    sink = opensearch.build(config(ca_file="missing.pem"), Context(base=tmp_path))
    with pytest.raises(UsageError, match=r"ca_file .*missing.pem can't be used: No such file") as caught:
        sink.open()
    assert "PEM" in caught.value.hint


def test_basic_auth_is_in_utf_8() -> None:
    assert basic("user", Secret("pässword")).headers("GET", "", b"") == {"authorization": "Basic dXNlcjpww6Rzc3dvcmQ="}


# ------------------------------------------------------------------------------------------------- hosts in turn


def test_hosts_are_tried_in_turn_and_dead_ones_last(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 100.0
    monkeypatch.setattr("time.monotonic", lambda: now)
    rotation = Rotation(["a", "b", "c"])
    assert [rotation.in_turn()[0] for _ in range(4)] == ["a", "b", "c", "a"]
    rotation.mark_dead("b")
    assert rotation.in_turn() == ["c", "a", "b"]
    rotation.mark_alive("b")
    assert {rotation.in_turn()[0] for _ in range(3)} == {"a", "b", "c"}
    rotation.mark_dead("b")
    now += DEAD_SECONDS
    assert {rotation.in_turn()[0] for _ in range(3)} == {"a", "b", "c"}


def test_a_client_can_be_closed_before_it_was_used() -> None:
    Client(["https://search.example.com"]).close()


# ---------------------------------------------------------------------------------------------- AWS signatures


@pytest.mark.parametrize(
    ("host", "place"),
    [
        ("search-logs-abc.eu-central-1.es.amazonaws.com", ("eu-central-1", "es")),
        ("vpc-logs-abc.us-gov-west-1.es.amazonaws.com", ("us-gov-west-1", "es")),
        ("search-logs-abc.cn-north-1.es.amazonaws.com.cn", ("cn-north-1", "es")),
        ("search-logs-abc.aos.us-west-2.on.aws", ("us-west-2", "es")),
        ("07tjusf2h91cunochc.us-east-1.aoss.amazonaws.com", ("us-east-1", "aoss")),
        ("search.example.com", ("", "")),
        ("es.amazonaws.com.example.com", ("", "")),
    ],
)
def test_an_endpoint_tells_its_region_and_service(host: str, place: tuple[str, str]) -> None:
    assert place_of(host) == place


@pytest.fixture
def _keys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIDEXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "wJalrXUtnFEMI")
    monkeypatch.setenv("AWS_SESSION_TOKEN", "token")
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    for name in ("AWS_PROFILE", "AWS_REGION", "AWS_DEFAULT_REGION"):
        monkeypatch.delenv(name, raising=False)
    forget_clients()
    yield
    forget_clients()


@pytest.mark.usefixtures("_keys")
@pytest.mark.parametrize(
    ("url", "region", "scope"),
    [
        ("https://logs.eu-central-1.es.amazonaws.com", None, "eu-central-1/es"),
        ("https://abc.us-east-1.aoss.amazonaws.com", None, "us-east-1/aoss"),
        ("https://search.example.com", "us-west-2", "us-west-2/es"),
    ],
)
def test_requests_are_signed_for_their_region_and_service(url: str, region: str | None, scope: str) -> None:
    body = b'{"create":{}}\n'
    target = f"{url}/_bulk?filter_path=errors%2Citems.%2A.status&pipeline=a%2Fb"
    headers = {name.lower(): value for name, value in signer(url, region)("POST", target, body).items()}
    assert headers["x-amz-security-token"] == "token"
    assert headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
    assert headers["authorization"] == _expected(target, headers, scope, body)


def _expected(target: str, headers: dict[str, str], scope: str, body: bytes) -> str:
    """The signature computed anew (AWS General Reference, "Signature Version 4 signing process")."""
    parts, moment = urlsplit(target), headers["x-amz-date"]
    signed = {"host": parts.netloc, **{name: value for name, value in headers.items() if name.startswith("x-amz-")}}
    names = ";".join(sorted(signed))
    lines = [f"{name}:{signed[name]}" for name in sorted(signed)]
    digest = hashlib.sha256(body).hexdigest()
    canonical = "\n".join(["POST", parts.path, parts.query, *lines, "", names, digest])
    full_scope = f"{moment[:8]}/{scope}/aws4_request"
    text = "\n".join(["AWS4-HMAC-SHA256", moment, full_scope, hashlib.sha256(canonical.encode()).hexdigest()])
    key = b"AWS4wJalrXUtnFEMI"
    for part in full_scope.split("/"):
        key = hmac.digest(key, part.encode(), "sha256")
    signature = hmac.digest(key, text.encode(), "sha256").hex()
    return f"AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/{full_scope}, SignedHeaders={names}, Signature={signature}"


@pytest.mark.usefixtures("_keys")
def test_aws_credentials_refused_before_their_time_are_read_again(tmp_path: Path) -> None:
    (tmp_path / "key").write_text("AKIDOLD")
    keys = {"access_key_id": {"file": str(tmp_path / "key")}, "secret_access_key": "secret"}
    signed = Signed(signer("https://abc.us-east-1.es.amazonaws.com", options=AwsOptions.model_validate(keys)))
    signed.headers("GET", "https://abc.us-east-1.es.amazonaws.com/", b"")
    refusal = Answer(403, None, '{"message":"The security token included in the request is expired"}', "host")
    assert not signed.renew(refusal, {})
    (tmp_path / "key").write_text("AKIDNEW")
    assert not signed.renew(Answer(403, None, "User is not authorized to perform es:ESHttpPost", "host"), {})
    assert signed.renew(refusal, {})


@pytest.mark.usefixtures("_keys")
def test_no_region_is_one_sentence() -> None:
    with pytest.raises(UsageError, match="no region to sign requests") as caught:
        signer("https://search.example.com")
    assert caught.value.hint == "set `region`, or AWS_REGION"


@pytest.mark.usefixtures("_keys")
def test_no_credentials_are_one_sentence(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    with pytest.raises(UsageError, match="no AWS credentials were found"):
        signer("https://logs.eu-central-1.es.amazonaws.com")
