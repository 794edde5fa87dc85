"""`cloudseam retry` and `cloudseam cancel`: an event is sent where it would do something."""

from dataclasses import replace

import pytest

from cloudseam.event import CANCEL_TASKS, RETRY_FAILED_TASKS, RETRY_PENDING_TASKS
from cloudseam_cli import cancel, retry
from cloudseam_cli.main import main
from tests.builders import NOW, a_stack, a_task, statuses
from tests.unit.cli.installation import Installation, installed


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(monkeypatch, retry, cancel)


@pytest.mark.parametrize(
    ("arguments", "tasks", "event"),
    [
        pytest.param(["retry"], {"net": "ERROR", "db": "PENDING"}, RETRY_FAILED_TASKS, id="failed"),
        pytest.param(["retry", "--pending"], {"db": "PENDING"}, RETRY_PENDING_TASKS, id="pending"),
        pytest.param(["cancel"], {"net": "SATISFIED", "db": "PENDING"}, CANCEL_TASKS, id="cancel"),
    ],
)
def test_the_event_is_sent_with_an_id_of_its_own(
    arguments: list[str],
    tasks: dict[str, str],
    event: str,
    there: Installation,
    capsys: pytest.CaptureFixture[str],
) -> None:
    there.put(a_stack("PROVISION", tasks=tasks))

    assert main([*arguments, "s"]) == 0
    assert main([*arguments, "s"]) == 0

    first, second = there.sent
    assert (first["stackId"], first["event"]) == ("s", event)
    assert first["eventId"] != second["eventId"]
    assert f"Sent {event} to s (event id {first['eventId']})." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "tasks", "why"),
    [
        pytest.param(
            ["retry"],
            {"net": "SATISFIED", "db": "PENDING"},
            "no task of 's' has failed. It is in state PROVISION (tasks: 1 satisfied, 1 pending). "
            "With --pending the tasks are run again that have not answered.",
            id="nothing-has-failed",
        ),
        pytest.param(
            ["retry", "--pending"],
            {"net": "ERROR"},
            "no task of 's' waits for its answer. It is in state PROVISION (tasks: error: net). "
            "Without --pending the tasks are run again that have failed.",
            id="nothing-is-pending",
        ),
        pytest.param(
            ["cancel"],
            {"net": "ERROR", "db": "SATISFIED"},
            "no task of 's' is to be run. It is in state PROVISION "
            "(tasks: 1 satisfied, error: net).",
            id="nothing-to-cancel",
        ),
        pytest.param(["retry"], None, "there is no stack 's'.", id="retry-no-stack"),
        pytest.param(["cancel"], None, "there is no stack 's'.", id="cancel-no-stack"),
    ],
)
def test_nothing_is_sent_where_it_would_do_nothing(
    arguments: list[str],
    tasks: dict[str, str] | None,
    why: str,
    there: Installation,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if tasks:
        there.put(a_stack("PROVISION", tasks=tasks))

    assert main([*arguments, "s"]) == 1

    assert there.sent == []
    assert capsys.readouterr().err == f"cloudseam {arguments[0]}: {why}\n"


def test_a_task_that_would_be_tried_again_by_itself_can_be_cancelled(there: Installation) -> None:
    waits = replace(a_task("net", "ERROR"), retry_at=NOW)
    there.put(replace(a_stack("PROVISION"), tasks=(waits,)))

    assert main(["cancel", "s"]) == 0

    assert [body["event"] for body in there.sent] == [CANCEL_TASKS]


@pytest.mark.parametrize("command", ["retry", "cancel"])
def test_a_stack_that_ended_has_nothing_to_do(command: str, there: Installation) -> None:
    there.put(a_stack("DESTROY", tasks={"net-down": "ERROR"}).removed(NOW))

    assert main([command, "s"]) == 1


def test_a_wait_ends_when_the_event_has_been_applied(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(a_stack("PROVISION", tasks={"net": "ERROR"}))
    there.effect = lambda body: there.change(
        "s", lambda stack: stack.with_task(a_task("net")).with_applied(body["eventId"], NOW)
    )

    assert main(["retry", "s", "--wait", "0"]) == 0

    assert "Applied: s is in state PROVISION." in capsys.readouterr().out
    assert statuses(there.stacks.load(["s"]).stacks["s"]) == {"net": "PENDING"}
