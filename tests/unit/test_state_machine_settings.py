"""Settings of the state machine function: what is needed, and what is said about the rest."""

import re

import pytest

from cloudseam.errors import InvalidSettingsError
from cloudseam.timers.scheduler import Schedules
from state_machine.settings import StateMachineSettings

NEEDED = {
    "MACHINE_LOCATOR": "LOCAL_FS",
    "MACHINE_SPEC_DIR": "machines",
    "SQS_TASK_QUEUE_URL": "task-queue",
}


def settings(**environment: str) -> StateMachineSettings:
    return StateMachineSettings.from_environment(NEEDED | environment)


def test_what_is_needed_is_enough_and_the_rest_has_defaults() -> None:
    made = settings()

    assert (made.dynamodb_table, made.max_receive_count) == ("Stacks", 8)
    assert (made.event_queue_url, made.dead_letter_queue_url) == (None, None)


def test_a_variable_that_is_empty_counts_as_not_set() -> None:
    assert settings(DYNAMODB_TABLE="", SQS_EVENT_DLQ_URL="") == settings()


def test_variables_of_others_are_left_alone() -> None:
    assert settings(PATH="x", AWS_REGION="y") == settings()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("MACHINE_LOCATOR", "nowhere"),
        ("MAX_RECEIVE_COUNT", "many"),
        ("MAX_RECEIVE_COUNT", "0"),
        ("MAX_RECEIVE_COUNT", "1001"),
        ("MAX_RECEIVE_COUNT", "2.5"),
    ],
)
def test_a_value_that_cannot_be_used_is_named_but_not_shown(name: str, value: str) -> None:
    with pytest.raises(InvalidSettingsError, match=name) as raised:
        settings(**{name: value})

    assert f"'{value}'" not in str(raised.value)


def test_everything_that_is_missing_is_named_at_once() -> None:
    with pytest.raises(InvalidSettingsError) as raised:
        StateMachineSettings.from_environment({})

    said = str(raised.value)
    assert re.search(r"MACHINE_LOCATOR:? is required", said)
    assert re.search(r"SQS_TASK_QUEUE_URL:? is required", said)


SCHEDULES = {
    "TIMER_SCHEDULE_GROUP": "group",
    "TIMER_ROLE_ARN": "role",
    "SQS_EVENT_QUEUE_ARN": "queue",
    "SQS_EVENT_QUEUE_URL": "event-queue",
}


def test_far_timers_are_scheduled_where_all_that_it_takes_is_named() -> None:
    assert settings(**SCHEDULES).schedules == Schedules("group", "queue", "role")


@pytest.mark.parametrize("missing", SCHEDULES)
def test_what_is_missing_for_schedules_is_named(missing: str) -> None:
    with pytest.raises(InvalidSettingsError, match=f"need {missing} as well"):
        settings(**SCHEDULES | {missing: ""})


def test_the_arn_of_the_event_queue_alone_asks_for_no_schedules() -> None:
    assert settings(SQS_EVENT_QUEUE_ARN="queue").schedules is None
