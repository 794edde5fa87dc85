"""Chaos for users: as much as they ask for, before and after a call, and none in production."""

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from cloudseam import chaos as module
from cloudseam.aws import make_client
from cloudseam.chaos import Chaos, ChaosSettings, chaos_of, unsettle
from cloudseam.errors import InvalidSettingsError, ServiceUnavailableError
from cloudseam.persistence.dynamodb.stacks import DynamoDBStackRepository
from cloudseam.queues import OutgoingMessage
from cloudseam.queues.sqs import SqsQueue
from state_machine.settings import StateMachineSettings
from task_satisfier.settings import TaskSatisfierSettings
from tests.builders import a_delivery, a_stack, an_answer_body, an_event_body
from tests.emulated import EmulatedAws, emulated_aws
from tests.function import StateMachineFunction, a_record, state_machine_function

CALLS = 10_000
SELDOM = "0.000000001"
LIFE = Path(__file__).parents[2] / "machines" / "preview.yml"
NEEDED = {
    "MACHINE_LOCATOR": "LOCAL_FS",
    "MACHINE_SPEC_DIR": "machines",
    "SQS_TASK_QUEUE_URL": "tasks",
    "SQS_EVENT_QUEUE_URL": "events",
}


class Made(Exception):
    """A failure made on purpose."""


@pytest.fixture(autouse=True)
def _new_process() -> Iterator[None]:
    """Chaos is made once for each process."""
    module._chaos.cache_clear()
    yield
    module._chaos.cache_clear()


@pytest.fixture
def aws() -> Iterator[EmulatedAws]:
    with emulated_aws() as aws:
        yield aws


def a_chaos(slept: list[float] | None = None, **environment: str) -> Chaos:
    settings = ChaosSettings.from_environment({"CHAOS_SEED": "7"} | environment)
    return Chaos(settings, sleep=([] if slept is None else slept).append)


def failures(chaos: Chaos, calls: int = CALLS) -> list[str]:
    """Where each of so many calls failed, or nothing where it did not."""
    return [failure(chaos) for _ in range(calls)]


def failure(chaos: Chaos) -> str:
    where = "before"
    try:
        with chaos.around("call", [Made], [Made]):
            where = "after"
    except Made:
        return where
    return ""


@pytest.mark.parametrize("rate", [0.01, 0.2, 0.5, 1])
def test_as_many_calls_fail_as_asked_half_of_them_after_they_were_made(rate: float) -> None:
    met = failures(a_chaos(CHAOS_FAILURE_RATE=str(rate)))

    for where in ("before", "after"):
        assert met.count(where) / CALLS == pytest.approx(rate / 2, abs=0.012)
    assert met.count("") / CALLS == pytest.approx(1 - rate, abs=0.015)


def test_a_seed_makes_the_same_calls_fail_and_no_seed_others() -> None:
    seeded = [failures(a_chaos(CHAOS_FAILURE_RATE="0.5"), 200) for _ in range(2)]
    unseeded = failures(a_chaos(CHAOS_FAILURE_RATE="0.5", CHAOS_SEED=""), 200)

    assert seeded[0] == seeded[1] != unseeded


def test_as_many_calls_wait_as_asked_and_no_longer() -> None:
    slept: list[float] = []

    met = failures(a_chaos(slept, CHAOS_DELAY_RATE="0.3", CHAOS_DELAY_SECONDS="2.5"))

    assert len(slept) / CALLS == pytest.approx(0.3, abs=0.02)
    assert 2.4 < max(slept) <= 2.5
    assert min(slept) < 0.1
    assert set(met) == {""}


def test_a_call_that_fails_before_is_not_made_and_one_that_fails_after_is(
    aws: EmulatedAws,
) -> None:
    url, sqs = aws.queue(), make_client("sqs")
    unsettle(sqs, a_chaos(CHAOS_FAILURE_RATE="0.6"))
    answered, failed = [], []
    for number in range(60):
        try:
            sqs.send_message(QueueUrl=url, MessageBody=str(number))
            answered.append(str(number))
        except (ClientError, BotoCoreError):
            failed.append(str(number))

    sent = {message["Body"] for message in aws.received(url)}

    assert len(answered) + len(failed) == 60
    assert set(answered) < sent
    assert sent & set(failed)
    assert set(failed) - sent


def test_every_failure_is_one_that_the_adapters_know(aws: EmulatedAws) -> None:
    sqs, dynamodb = make_client("sqs"), make_client("dynamodb")
    for client in (sqs, dynamodb):
        unsettle(client, a_chaos(CHAOS_FAILURE_RATE="1"))
    queue, stacks = SqsQueue(sqs, aws.queue()), DynamoDBStackRepository(dynamodb, aws.table())

    for _ in range(40):
        told = [
            *queue.send([OutgoingMessage("x")]).values(),
            *stacks.load(["s"]).failures.values(),
            *stacks.save([a_stack(id="s")]).values(),
        ]
        assert [type(error) for error in told] == [ServiceUnavailableError] * 3


@pytest.mark.parametrize(
    ("environment", "hooked"),
    [
        ({}, False),
        ({"CHAOS_FAILURE_RATE": "0", "CHAOS_SEED": "1", "CHAOS_DELAY_SECONDS": "9"}, False),
        ({"CHAOS_FAILURE_RATE": SELDOM}, True),
        ({"CHAOS_DELAY_RATE": SELDOM}, True),
    ],
    ids=["unset", "off", "failures", "delays"],
)
def test_a_client_is_touched_only_where_chaos_is_asked_for(
    environment: Mapping[str, str], hooked: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_REGION", "us-east-1")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    client = make_client("secretsmanager")
    model = client.meta.service_model.operation_model("GetSecretValue")
    seen: dict[str, Any] = {"model": model, "http_response": None, "parsed": {}, "context": {}}

    called = client.meta.events.emit("after-call.secrets-manager.GetSecretValue", **seen)

    assert (module.__name__ in [handler.__module__ for handler, _ in called]) is hooked


def test_chaos_is_told_of_once_when_it_begins(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        first, second = (chaos_of({"CHAOS_DELAY_RATE": "0.5"}) for _ in range(2))

    assert first is second is not None
    assert [record.message for record in caplog.records] == [
        "Chaos is on: calls fail and wait on purpose"
    ]


@pytest.mark.parametrize("settings", [StateMachineSettings, TaskSatisfierSettings])
@pytest.mark.parametrize("rate", ["CHAOS_FAILURE_RATE", "CHAOS_DELAY_RATE"])
@pytest.mark.parametrize("name", ["prod", "PROD"])
def test_there_is_no_chaos_in_production(
    settings: type[StateMachineSettings | TaskSatisfierSettings], rate: str, name: str
) -> None:
    production = NEEDED | {"CLOUDSEAM_ENVIRONMENT": name}

    assert settings.from_environment(production | {rate: "0"})
    assert settings.from_environment(NEEDED | {rate: "0.1", "CLOUDSEAM_ENVIRONMENT": "dev"})
    with pytest.raises(InvalidSettingsError, match="CLOUDSEAM_ENVIRONMENT is prod"):
        settings.from_environment(production | {rate: "0.1"})
    with pytest.raises(InvalidSettingsError):
        chaos_of({"CLOUDSEAM_ENVIRONMENT": name, rate: "0.1"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CHAOS_FAILURE_RATE", "1.1"),
        ("CHAOS_FAILURE_RATE", "-0.1"),
        ("CHAOS_FAILURE_RATE", "nan"),
        ("CHAOS_DELAY_RATE", "often"),
        ("CHAOS_DELAY_SECONDS", "901"),
        ("CHAOS_SEED", "lucky"),
    ],
)
def test_chaos_that_cannot_be_is_refused(name: str, value: str) -> None:
    with pytest.raises(InvalidSettingsError, match=name):
        ChaosSettings.from_environment({name: value})


@pytest.mark.parametrize("seed", range(3))
def test_a_stack_lives_through_chaos_and_ends_as_without_it(
    aws: EmulatedAws, tmp_path: Path, caplog: pytest.LogCaptureFixture, seed: int
) -> None:
    (tmp_path / "life.yml").write_text(LIFE.read_text())
    chaos = {"CHAOS_FAILURE_RATE": "0.5", "CHAOS_SEED": str(seed), "MAX_RECEIVE_COUNT": "1000"}

    with state_machine_function(aws, tmp_path) as function:
        quiet = life(function)
    with (
        caplog.at_level(logging.INFO, "cloudseam.chaos"),
        state_machine_function(aws, tmp_path, None, **chaos) as function,
    ):
        unquiet = life(function)

    made = [record for record in caplog.records if record.message.startswith("Chaos: a call")]
    assert len(made) > 5
    assert unquiet == quiet
    assert quiet[-1] == ("REMOVED", quiet[-1][1])


def life(function: StateMachineFunction) -> list[tuple[str, int]]:
    """State and epoch after each event of a life, tasks answered and what fails tried again."""
    reached = []
    metadata = {"image_tag": "v1"}
    for body in (
        an_event_body("LAUNCH", machine="life", metadata=metadata),
        an_event_body("UPDATE", metadata=metadata),
        an_event_body("DESTROY"),
    ):
        settle(function, body)
        stack = function.stack()
        assert stack is not None
        reached.append(("REMOVED" if stack.is_removed else stack.state, stack.epoch))
    return reached


def settle(function: StateMachineFunction, body: dict[str, Any]) -> None:
    waiting = [a_delivery(body)]
    for _ in range(200):
        if not waiting:
            return
        records = [a_record(delivery) for delivery in waiting]
        failed = function.invoke({"Records": records})
        waiting = [delivery for delivery in waiting if delivery.message_id in failed]
        waiting += [a_delivery(an_answer_body(json.dumps(task))) for task in function.tasks()]
    pytest.fail("the events were never done with")
