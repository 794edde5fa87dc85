"""Settings that cannot be used: each is named, and no value is shown."""

from typing import Any

import pytest

from cloudseam.errors import InvalidSettingsError
from cloudseam.settings import Settings
from state_machine.settings import StateMachineSettings
from task_satisfier.settings import TaskSatisfierSettings

SECRET = "canary-5c1d"
NEEDED = {
    "MACHINE_LOCATOR": "LOCAL_FS",
    "MACHINE_SPEC_DIR": "machines",
    "SQS_TASK_QUEUE_URL": "tasks",
    "SQS_EVENT_QUEUE_URL": "events",
}
WORDS = [SECRET, "\u202e1", "1\x00", "\udcff", "None", "1" * 5_000]
NUMBERS = [*WORDS, "1e400", "nan", "inf", "-1"]
WHOLE = [*NUMBERS, "0", "1.5"]

VALUES: dict[tuple[type[Settings], str], list[str]] = {
    (StateMachineSettings, "MACHINE_LOCATOR"): [*WORDS, "local_fs"],
    (StateMachineSettings, "AWS_CLIENT"): [*WORDS, "Lean"],
    (StateMachineSettings, "DYNAMODB_WRITES"): [*WORDS, "none"],
    (StateMachineSettings, "HISTORY"): [*WORDS, "0"],
    (StateMachineSettings, "MACHINE_VERSIONS"): [*WORDS, "any"],
    (StateMachineSettings, "POSTGRES_TLS"): [*WORDS, "on"],
    (StateMachineSettings, "REQUIRE_TASK_TOKEN"): [*WORDS, "2"],
    (StateMachineSettings, "MAX_RECEIVE_COUNT"): [*WHOLE, "1001"],
    (StateMachineSettings, "TASK_LOST_AFTER"): WHOLE,
    (StateMachineSettings, "MACHINE_S3_REFRESH"): NUMBERS,
    (StateMachineSettings, "CHAOS_FAILURE_RATE"): [*NUMBERS, "1.1"],
    (StateMachineSettings, "CHAOS_DELAY_SECONDS"): NUMBERS,
    (TaskSatisfierSettings, "MAX_RECEIVE_COUNT"): [*WHOLE, "1001"],
    (TaskSatisfierSettings, "TASK_LEASE"): [*WHOLE, "9", "3601"],
    (TaskSatisfierSettings, "TASKS_AT_ONCE"): [*WHOLE, "33"],
    (TaskSatisfierSettings, "TASK_TIMEOUT_MARGIN"): [*NUMBERS, "0", "301"],
    (TaskSatisfierSettings, "SKIP_TASK_EXECUTION"): [*WORDS, "2"],
}
BAD_SETTINGS = [
    (settings, name, value) for (settings, name), values in VALUES.items() for value in values
]


def _id(case: Any) -> str:
    return case.__name__[:5] if isinstance(case, type) else ascii(str(case))[:24]


@pytest.mark.parametrize(("settings", "name", "value"), BAD_SETTINGS, ids=_id)
def test_it_is_named_and_its_value_is_not_shown(
    settings: type[Settings], name: str, value: str
) -> None:
    with pytest.raises(InvalidSettingsError) as refused:
        settings.from_environment(NEEDED | {name: value})

    said = str(refused.value)
    assert f" {name} " in f" {said} "
    assert SECRET not in said
    assert "docs/configuration.md" in said
    assert len(said) < 500
    assert said.isprintable()
    assert refused.value.__cause__ is None


@pytest.mark.parametrize("settings", [StateMachineSettings, TaskSatisfierSettings])
def test_what_the_bad_ones_are_put_beside_is_fine(settings: type[Settings]) -> None:
    assert settings.from_environment(NEEDED)
