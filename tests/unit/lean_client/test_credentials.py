"""The keys of the moment: of the environment, or those that botocore finds and refreshes."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import NoCredentialsError, PartialCredentialsError

from cloudseam.lean_client import credentials
from cloudseam.lean_client.credentials import Keys, current_keys, keys_in
from tests.scripted_service import Reply, scripted_service

BOTH = {"AWS_ACCESS_KEY_ID": "AKIA", "AWS_SECRET_ACCESS_KEY": "secret"}


@pytest.fixture(autouse=True)
def nothing_found(monkeypatch: pytest.MonkeyPatch, tmp_path: Any) -> Iterator[None]:
    """No keys in the environment, in files or from the metadata service; nothing remembered."""
    for name in (*BOTH, "AWS_SESSION_TOKEN", "AWS_SECURITY_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "none"))
    credentials._provided.cache_clear()
    yield
    credentials._provided.cache_clear()


@pytest.mark.parametrize(
    ("environ", "keys"),
    [
        (BOTH, Keys("AKIA", "secret")),
        (BOTH | {"AWS_SESSION_TOKEN": "t"}, Keys("AKIA", "secret", "t")),
        (BOTH | {"AWS_SESSION_TOKEN": ""}, Keys("AKIA", "secret")),
        (BOTH | {"AWS_SESSION_TOKEN": "t", "AWS_SECURITY_TOKEN": "u"}, Keys("AKIA", "secret", "u")),
        ({"AWS_ACCESS_KEY_ID": "AKIA"}, None),
        ({}, None),
    ],
    ids=["lasting", "of a session", "an empty token", "an old name", "half of them", "none"],
)
def test_the_environment_may_hold_keys(environ: dict[str, str], keys: Keys | None) -> None:
    assert keys_in(environ) == keys


def test_keys_that_change_in_the_environment_are_used_at_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for secret in ("one", "two"):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        assert current_keys() == Keys("AKIA", secret)


def test_without_keys_there_is_an_error_and_keys_may_come_later(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(NoCredentialsError):
        current_keys()

    for name, value in BOTH.items():
        monkeypatch.setenv(name, value)

    assert current_keys() == Keys("AKIA", "secret")


def test_half_of_the_keys_is_the_error_that_botocore_makes_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIA")

    with pytest.raises(PartialCredentialsError):
        current_keys()


def test_keys_of_a_container_are_asked_for_once_and_again_before_they_end(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    ended, soon = _container_keys("one", minutes=-1), _container_keys("two", minutes=60)
    with scripted_service(ended, soon) as service:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{service.url}/keys")
        monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "let me")

        used = [current_keys() for _ in range(3)]

    assert used == [Keys("two", "secret-two", "token-two")] * 3
    assert [call.path for call in service.calls] == ["/keys", "/keys"]
    assert service.calls[0].headers["authorization"] == "let me"


def _container_keys(name: str, minutes: float) -> Reply:
    until = datetime.now(UTC) + timedelta(minutes=minutes)
    keys = {
        "AccessKeyId": name,
        "SecretAccessKey": f"secret-{name}",
        "Token": f"token-{name}",
        "Expiration": until.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }
    return Reply(body=json.dumps(keys).encode())
