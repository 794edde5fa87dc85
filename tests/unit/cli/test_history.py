"""`cloudseam history`: what has happened to a stack, and how much of it is kept."""

import json
from dataclasses import replace
from typing import Any

import pytest

from cloudseam.history import Entry
from cloudseam.stack import Stack
from cloudseam_cli import history
from cloudseam_cli.main import main
from cloudseam_cli.moment import moment
from tests.builders import NOW, a_completion, a_stack, after, an_event
from tests.unit.cli.installation import Installation, installed

LAUNCHED = Entry(NOW, "LAUNCH", "PROVISION")
LATE = Entry(NOW + 1_000, "TASK_COMPLETED", "PROVISION", "net", "LATE")


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(monkeypatch, history)


def told(capsys: pytest.CaptureFixture[str], *arguments: str) -> dict[str, Any]:
    """What the command prints as JSON."""
    assert main(["history", "s", "--json", *arguments]) == 0
    answer: dict[str, Any] = json.loads(capsys.readouterr().out)
    return answer


def put_without_full_history(there: Installation, stack: Stack) -> None:
    there.put(stack)
    there.stacks.entries.clear()


def test_the_rows_history_is_shown_newest_last_with_what_had_no_effect(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    put_without_full_history(there, replace(a_stack(), history=(LAUNCHED, LATE)))

    assert main(["history", "s"]) == 0

    said = capsys.readouterr()
    _, first, second = said.out.splitlines()
    assert first == f"{moment(NOW)}  LAUNCH          PROVISION"
    assert second == (f"{moment(NOW + 1_000)}  TASK_COMPLETED  PROVISION  net   not applied: late")
    assert said.err.startswith("The recent history")


def test_the_full_history_is_shown_where_it_is_kept(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(a_stack())
    for _ in range(20):
        there.change("s", lambda stack: after(stack, an_event()))

    known = told(capsys)

    assert known["history"] == "full"
    assert [entry["version"] for entry in known["entries"]] == list(range(2, 22))
    assert len(there.stacks.load(["s"]).stacks["s"].history) < 20
    assert [entry["version"] for entry in told(capsys, "--limit", "3")["entries"]] == [19, 20, 21]


def test_what_came_after_the_full_history_was_switched_off_is_shown_as_well(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(replace(a_stack(), history=(LAUNCHED, LATE)))
    there.stacks.entries = {("s", 1): (replace(LAUNCHED, version=1),)}

    assert [entry["event"] for entry in told(capsys)["entries"]] == ["LAUNCH", "TASK_COMPLETED"]


def test_a_stack_that_ended_still_has_a_history(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = after(a_stack("DESTROY", tasks={"net-down": "PENDING"}), a_completion("net-down"))
    assert stack.is_removed
    put_without_full_history(there, stack)

    (entry,) = told(capsys)["entries"]

    assert (entry["event"], entry["state"], entry["task"]) == (
        "TASK_COMPLETED",
        "REMOVED",
        "net-down",
    )


def test_a_stack_that_never_was_is_code_1(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["history", "nobody"]) == 1

    assert capsys.readouterr().err == "cloudseam history: there is no stack 'nobody'.\n"
