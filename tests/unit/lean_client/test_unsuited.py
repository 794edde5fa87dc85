"""What the lean client would do otherwise than boto3 is left to boto3."""

from pathlib import Path

import pytest

from cloudseam.lean_client.unsuited import VARIABLES, why_unsuited

LAMBDA = {
    "AWS_REGION": "eu-west-1",
    "AWS_ACCESS_KEY_ID": "ASIA",
    "AWS_SECRET_ACCESS_KEY": "secret",
    "AWS_SESSION_TOKEN": "token",
    "AWS_LAMBDA_FUNCTION_NAME": "state-machine",
    "AWS_EXECUTION_ENV": "AWS_Lambda_python3.12",
    "AWS_XRAY_CONTEXT_MISSING": "LOG_ERROR",
}
SNAPPED = {"AWS_CONTAINER_CREDENTIALS_FULL_URI": "http://127.0.0.1:9001/keys"}
LOCAL = {"AWS_ENDPOINT_URL": "http://127.0.0.1:4566", "AWS_CA_BUNDLE": "/etc/ssl/own.pem"}


@pytest.fixture(autouse=True)
def no_files(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))


@pytest.mark.parametrize("environ", [LAMBDA, SNAPPED, LOCAL], ids=["Lambda", "SnapStart", "local"])
def test_the_lean_client_suits_what_functions_usually_have(environ: dict[str, str]) -> None:
    assert why_unsuited(environ, "eu-west-1") is None


@pytest.mark.parametrize("name", [*VARIABLES, "HTTPS_PROXY", "https_proxy", "HTTP_PROXY"])
def test_a_setting_that_it_does_not_know_is_named_without_its_value(name: str) -> None:
    assert why_unsuited(LAMBDA | {name: "secret"}, "eu-west-1") == f"{name} is set"
    assert why_unsuited(LAMBDA | {name: ""}, "eu-west-1") is None


@pytest.mark.parametrize("name", ["config", "credentials"])
def test_a_file_may_hold_any_setting(name: str, tmp_path: Path) -> None:
    (tmp_path / ".aws").mkdir()
    (tmp_path / ".aws" / name).write_text("[default]\nuse_fips_endpoint = true\n")

    assert why_unsuited(LAMBDA, "eu-west-1") == f"there is a file ~/.aws/{name}"


def test_a_file_may_lie_elsewhere(tmp_path: Path) -> None:
    (tmp_path / "mine").write_text("[default]\n")
    environ = {"AWS_CONFIG_FILE": str(tmp_path / "mine")}

    assert why_unsuited(environ, "eu-west-1") == f"there is a file {tmp_path / 'mine'}"


def test_an_empty_file_says_nothing(tmp_path: Path) -> None:
    (tmp_path / "none").touch()

    assert why_unsuited({"AWS_CONFIG_FILE": str(tmp_path / "none")}, "eu-west-1") is None


@pytest.mark.parametrize(
    ("region", "reason"),
    [
        (None, "no variable names a region"),
        ("us-iso-east-1", "the region 'us-iso-east-1' has rules of its own"),
    ],
)
def test_it_needs_a_region_that_it_knows(region: str | None, reason: str) -> None:
    assert why_unsuited({}, region) == reason
