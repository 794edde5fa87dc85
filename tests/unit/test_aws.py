"""Where clients find their services, in LOCAL_MODE and elsewhere."""

from pathlib import Path

import pytest
import yaml

from cloudseam.aws import (
    LOCAL_ENDPOINTS,
    chosen_kind,
    client_arguments,
    is_local,
    local_arguments,
)
from cloudseam.errors import InvalidSettingsError

COMPOSE = Path(__file__).parents[2] / "compose.yaml"
LOCAL = {"LOCAL_MODE": "true"}


@pytest.mark.parametrize(
    ("value", "local"),
    [("true", True), ("1", True), ("yes", True), ("", False), ("0", False), ("False", False)],
)
def test_local_mode_is_on_unless_it_says_no(value: str, local: bool) -> None:
    assert is_local({"LOCAL_MODE": value}) is local


def test_without_local_mode_a_client_is_as_the_sdk_makes_it() -> None:
    assert local_arguments("sqs", {}) == {}


def test_in_local_mode_sqs_and_dynamodb_are_on_this_computer_and_need_no_account() -> None:
    assert local_arguments("sqs", LOCAL) == {
        "endpoint_url": "http://sqs:9324",
        "region_name": "us-east-1",
        "aws_access_key_id": "local",
        "aws_secret_access_key": "local",
    }
    assert local_arguments("dynamodb", LOCAL)["endpoint_url"] == "http://dynamodb:8000"


@pytest.mark.parametrize("service", ["lambda", "s3", "secretsmanager"])
def test_in_local_mode_other_services_are_where_they_always_are(service: str) -> None:
    assert local_arguments(service, LOCAL) == {}


@pytest.mark.parametrize("variable", ["AWS_ENDPOINT_URL", "AWS_ENDPOINT_URL_SQS"])
def test_a_standard_variable_names_another_endpoint(variable: str) -> None:
    assert local_arguments("sqs", LOCAL | {variable: "http://127.0.0.1:4566"}) == {}


def test_an_endpoint_of_another_service_changes_nothing() -> None:
    environ = LOCAL | {"AWS_ENDPOINT_URL_DYNAMODB": "http://127.0.0.1:4566"}

    assert local_arguments("sqs", environ)["endpoint_url"] == "http://sqs:9324"


def test_credentials_and_region_that_are_there_are_used() -> None:
    environ = LOCAL | {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_REGION": "eu-west-1"}

    assert local_arguments("sqs", environ) == {
        "endpoint_url": "http://sqs:9324",
        "region_name": "eu-west-1",
    }


def test_the_hosts_are_services_of_the_compose_file() -> None:
    services = yaml.safe_load(COMPOSE.read_text())["services"]

    for endpoint in LOCAL_ENDPOINTS.values():
        host = endpoint.removeprefix("http://").partition(":")[0]
        assert host in services
    assert "db" in services


def test_the_region_is_read_from_the_variable_that_lambda_and_other_sdks_use() -> None:
    assert client_arguments("sqs", {"AWS_REGION": "eu-west-1"}) == {"region_name": "eu-west-1"}
    assert client_arguments("sqs", {"AWS_DEFAULT_REGION": "eu-west-1"}) == {}
    assert client_arguments("sqs", LOCAL)["region_name"] == "us-east-1"


IN_LAMBDA = {"AWS_REGION": "eu-west-1"}
TRACED = {"CLOUDSEAM_TRACING": "1"}
CHAOTIC = {"CHAOS_FAILURE_RATE": "0.1"}
PROXIED = {"HTTPS_PROXY": "http://user:secret@proxy"}


@pytest.fixture(autouse=True)
def no_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize(
    ("environ", "loaded", "kind"),
    [
        ({}, (), "lean"),
        ({}, ("boto3",), "boto3"),
        ({}, ("botocore.client",), "boto3"),
        ({}, ("botocore.exceptions",), "lean"),
        (TRACED, (), "boto3"),
        ({"CLOUDSEAM_TRACING": "0"}, (), "lean"),
        (CHAOTIC, (), "boto3"),
        ({"CHAOS_FAILURE_RATE": "0"}, (), "lean"),
        (PROXIED, (), "boto3"),
        ({"AWS_REGION": ""}, (), "boto3"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "eu-west-1"}, (), "lean"),
        ({"AWS_REGION": "", "LOCAL_MODE": "true"}, (), "lean"),
        ({"AWS_CLIENT": "boto3"}, (), "boto3"),
        ({"AWS_CLIENT": "lean"}, (), "lean"),
        ({"AWS_CLIENT": "lean"}, ("boto3",), "lean"),
        ({"AWS_CLIENT": ""}, ("boto3",), "boto3"),
    ],
)
def test_the_client_is_the_one_that_the_settings_and_the_process_ask_for(
    environ: dict[str, str], loaded: tuple[str, ...], kind: str
) -> None:
    assert chosen_kind(IN_LAMBDA | environ, loaded) == kind


@pytest.mark.parametrize(
    ("environ", "reason"),
    [
        (CHAOTIC, "chaos is made by boto3's events"),
        (TRACED, "CLOUDSEAM_TRACING is set"),
        (PROXIED, "HTTPS_PROXY is set"),
        ({"AWS_REGION": ""}, "no variable names a region"),
    ],
    ids=["chaos", "tracing", "a proxy", "no region"],
)
def test_a_lean_client_that_would_not_do_is_refused(environ: dict[str, str], reason: str) -> None:
    with pytest.raises(InvalidSettingsError, match=reason) as refused:
        chosen_kind(IN_LAMBDA | {"AWS_CLIENT": "lean"} | environ, ())

    assert "secret" not in str(refused.value)


def test_a_client_that_there_is_not_is_refused() -> None:
    with pytest.raises(InvalidSettingsError, match="AWS_CLIENT"):
        chosen_kind(IN_LAMBDA | {"AWS_CLIENT": "requests"}, ())
