"""Clients made from less data are those that botocore makes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from botocore.client import Config
from botocore.loaders import Loader
from botocore.session import Session

from logsluice.aws.models import SERVICES, loader
from logsluice.aws.session import AwsOptions, regions_beside

REGIONS = ("us-east-1", "cn-north-1", "us-gov-west-1", "eu-nowhere-9")
SPECIAL = (None, "use_fips", "use_dualstack")
STOCK = {special: Session() for special in SPECIAL}


def fresh() -> Loader:
    """Not the shared one: botocore notes in the data what it has found out."""
    return loader.__wrapped__()


def without_documentation(part: Any) -> Any:
    if isinstance(part, list):
        return [without_documentation(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {
        name: "" if name == "documentation" and isinstance(value, str) else without_documentation(value)
        for name, value in part.items()
    }


@pytest.mark.parametrize("kind", ["service-2", "endpoint-rule-set-1", "paginators-1"])
@pytest.mark.parametrize("service", ["s3", "sqs"])
def test_a_description_is_botocores_but_for_documentation(service: str, kind: str) -> None:
    whole = Session().get_component("data_loader").load_service_model(service, kind)
    assert fresh().load_service_model(service, kind) == without_documentation(whole)


def test_endpoints_are_those_of_the_services_that_are_asked() -> None:
    whole = Session().get_component("data_loader").load_data("endpoints")
    for partition in whole["partitions"]:
        partition["services"] = {name: ends for name, ends in partition["services"].items() if name in SERVICES}
    assert fresh().load_data("endpoints") == whole


@pytest.mark.parametrize("region", REGIONS)
@pytest.mark.parametrize("service", ["s3", "sqs", "sts", "cloudwatch", "ssm", "sso"])
@pytest.mark.parametrize("special", SPECIAL)
def test_a_client_asks_and_signs_as_botocores_own(
    aws_environment: None, service: str, region: str, special: str | None
) -> None:
    ours = AwsOptions(region=region, **({special: True} if special else {})).client(service)
    config = Config(**({f"{special}_endpoint": True} if special else {}))  # type: ignore[arg-type]
    theirs = STOCK[special].create_client(service, region_name=region, config=config)
    assert told_of(ours) == told_of(theirs)


def told_of(client: Any) -> tuple[object, ...]:
    meta, signer = client.meta, client._request_signer
    return meta.endpoint_url, meta.partition, meta.config.signature_version, signer.signing_name, signer.region_name


@pytest.mark.parametrize("told_by", ["environment", "profile"])
def test_descriptions_may_lie_elsewhere(
    aws_environment: None, told_by: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "models" / "sqs" / "2099-01-01"
    folder.mkdir(parents=True)
    data = Session().get_component("data_loader").load_service_model("sqs", "service-2")
    data["metadata"]["apiVersion"] = "2099-01-01"
    (folder / "service-2.json").write_text(json.dumps(data))
    (folder / "endpoint-rule-set-1.json").write_text(
        json.dumps(Session().get_component("data_loader").load_service_model("sqs", "endpoint-rule-set-1"))
    )
    if told_by == "environment":
        monkeypatch.setenv("AWS_DATA_PATH", str(tmp_path / "models"))
    else:
        (tmp_path / "config").write_text(f"[profile own]\ndata_path = {tmp_path / 'models'}\n")
        monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "config"))
    client = AwsOptions(region="eu-west-1", profile=None if told_by == "environment" else "own").client("sqs")
    assert client.meta.service_model.api_version == "2099-01-01"


def test_the_regions_of_a_partition_are_botocores() -> None:
    assert regions_beside("cn-north-1") == set(Session().get_available_regions("s3", "aws-cn"))
    assert {"us-east-1", "eu-west-1"} < regions_beside("eu-central-1")
