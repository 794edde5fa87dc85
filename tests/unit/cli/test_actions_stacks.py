"""What people get to see of stacks on machines of actions, as the engine has made them."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cloudseam.stack import Stack
from cloudseam_cli import cancel, history, retry, show, stacks
from cloudseam_cli.main import main
from cloudseam_cli.moment import moment
from tests.builders import CANARY, NOW
from tests.unit.cli.installation import Installation, installed
from tests.unit.python_actions.test_machine import Actions


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(monkeypatch, show, stacks, history, retry, cancel)


def started(**fields: Any) -> Actions:
    actions = Actions()
    assert actions.start(**fields) == [None]
    return actions


def stored() -> Stack:
    context = {"key": "contexts/1/2", "bytes": 150_000, "sha256": "0" * 64}
    return started(stored=context).world.stack()


def between_first_and_second() -> Stack:
    actions = started(context={"password": CANARY}, additionalDelaySeconds=60)
    actions.ends("done", context={"password": CANARY, "n": 1})
    return actions.world.stack()


def parked() -> Stack:
    actions = started()
    actions.ends(None)
    return actions.world.stack()


def failed_once() -> Stack:
    actions = started()
    actions.fails()
    actions.wakes(60)
    return actions.world.stack()


def given_up() -> Stack:
    actions = started()
    for _ in range(3):
        actions.fails()
        actions.wakes(60)
    return actions.world.stack()


def ending() -> Stack:
    actions = started()
    actions.ends("skip")
    actions.ends(None)
    return actions.world.stack()


def shown(there: Installation, stack: Stack, capsys: pytest.CaptureFixture[str]) -> str:
    """What `show` says, with one blank between words."""
    there.put(stack)
    assert main(["show", "s"]) == 0
    return "\n".join(" ".join(line.split()) for line in capsys.readouterr().out.splitlines())


@pytest.mark.parametrize(
    ("stack", "transition"),
    [
        pytest.param(stored(), "start → First", id="started"),
        pytest.param(between_first_and_second(), "First → Second by done", id="on-its-way"),
        pytest.param(parked(), "none: it waits for an event from outside", id="parked"),
        pytest.param(ending(), "Third → end", id="only-the-last-exit-is-left"),
    ],
)
def test_a_stack_is_shown_with_its_transition(
    stack: Stack, transition: str, there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert f"\ntransition {transition}\n" in shown(there, stack, capsys)


def test_of_a_context_the_size_is_shown_and_no_value(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = between_first_and_second()

    said = shown(there, stack, capsys)
    main(["show", "s", "--json"])
    told = capsys.readouterr().out

    size = len(json.dumps({"password": CANARY, "n": 1}))
    assert f"\ncontext {size} bytes, keys: 2" in said
    assert json.loads(told)["progress"]["context"] == {"bytes": size, "keys": 2, "stored": None}
    assert CANARY not in said + told


def test_of_a_context_in_the_bucket_its_place_is_shown(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "\ncontext 150,000 bytes, in contexts/1/2" in shown(there, stored(), capsys)


def test_a_transition_that_is_put_off_is_shown_with_its_moment(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = between_first_and_second()

    said = shown(there, stack, capsys)
    main(["stacks"])

    assert "\ndelay 60 s before each transition\n" in said
    assert f"\nactions WAITING asked for at {moment(stack.tasks[0].retry_at)}" in said
    assert "1 waiting" in capsys.readouterr().out


def test_steps_and_retries_are_shown(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    said = shown(there, failed_once(), capsys)

    assert "\nsteps 0\nretries 1\n" in said


def test_a_stack_of_another_language_has_no_progress(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(Stack("s", "life", created_at=NOW, updated_at=NOW))

    main(["show", "s", "--json"])

    assert "progress" not in json.loads(capsys.readouterr().out)


def test_what_was_given_up_is_listed_as_failed_and_can_be_retried_but_not_cancelled(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(given_up())

    main(["stacks", "--failed"])
    assert main(["cancel", "s"]) == 1
    assert main(["retry", "s"]) == 0

    assert "error: actions" in capsys.readouterr().out
    assert [body["event"] for body in there.sent] == ["RETRY_FAILED_TASKS"]


def test_what_is_put_off_can_be_cancelled_and_not_retried(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(between_first_and_second())

    assert main(["retry", "s"]) == 1
    assert main(["cancel", "s"]) == 0

    assert "(tasks: 1 waiting)" in capsys.readouterr().err
    assert [body["event"] for body in there.sent] == ["CANCEL_TASKS"]


def test_the_history_has_each_state_and_nothing_of_the_context(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(replace(between_first_and_second()))

    main(["history", "s", "--json"])

    told = capsys.readouterr().out
    entries = [(entry["event"], entry["state"]) for entry in json.loads(told)["entries"]]
    assert entries == [("START", "First"), ("TASK_COMPLETED", "Second")]
    assert CANARY not in told
