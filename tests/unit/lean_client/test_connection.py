"""Connections are kept, shared by threads, and never leaked or trusted for too long."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from cloudseam.lean_client import connection
from tests.aws_clients import Sdk, lean_sdk
from tests.scripted_service import Reply, Reset, ScriptedService, scripted_service

GOOD = Reply(body=b"{}")


@pytest.fixture
def sdk(monkeypatch: pytest.MonkeyPatch) -> Iterator[Sdk]:
    sdk = lean_sdk(monkeypatch)
    yield sdk
    sdk.close()


def connections(service: ScriptedService) -> int:
    return len({call.caller for call in service.calls})


def test_calls_one_after_the_other_share_a_connection(sdk: Sdk) -> None:
    with scripted_service(GOOD) as service:
        sqs = sdk.client("sqs", service.url)
        for _ in range(3):
            sqs.receive_message()

    assert connections(service) == 1


def test_clients_of_one_endpoint_share_connections(sdk: Sdk) -> None:
    with scripted_service(GOOD) as service:
        sdk.client("sqs", service.url).receive_message()
        sdk.client("dynamodb", service.url).scan()

    assert connections(service) == 1


def test_a_client_that_was_closed_takes_another_connection(sdk: Sdk) -> None:
    with scripted_service(Reply(body=b"<ListBucketResult/>")) as service:
        s3 = sdk.client("s3", service.url)
        s3.list_objects_v2(Bucket="machines")
        s3.close()
        s3.list_objects_v2(Bucket="machines")

    assert connections(service) == 2


def test_a_call_that_is_made_once_takes_a_connection_of_its_own(sdk: Sdk) -> None:
    with scripted_service(GOOD) as service:
        for _ in range(2):
            sdk.client("lambda", service.url, attempts=1).invoke(FunctionName="f")

    assert connections(service) == 2


def test_an_attempt_after_a_failure_takes_another_connection(sdk: Sdk) -> None:
    with scripted_service(GOOD, Reset(), GOOD) as service:
        sqs = sdk.client("sqs", service.url)
        sqs.receive_message()
        sqs.receive_message()

    assert connections(service) == 2


def test_threads_may_share_a_client(sdk: Sdk) -> None:
    with scripted_service(Reply(503, b""), GOOD) as service:
        dynamodb = sdk.client("dynamodb", service.url, connections=4)

        def ask(number: int) -> Any:
            return dynamodb.get_item(TableName="T", Key={"id": {"S": str(number)}})

        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(ask, range(100)))

    assert len(answers) == 100
    assert len(service.calls) == 101


def test_authorities_are_read_once_and_verify_host_names(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    context = connection._tls(connection._authorities())

    assert context is connection._tls(connection._authorities())
    assert context.check_hostname
    assert context.get_ca_certs()


@pytest.mark.parametrize("name", ["AWS_CA_BUNDLE", "REQUESTS_CA_BUNDLE"])
def test_the_environment_may_name_the_authorities(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.delenv("AWS_CA_BUNDLE", raising=False)
    monkeypatch.setenv(name, "/etc/ssl/own.pem")

    assert connection._authorities() == "/etc/ssl/own.pem"
