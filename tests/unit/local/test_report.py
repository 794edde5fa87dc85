"""What is told of an outcome, and in which words."""

import json
import re
import shlex
import time
from dataclasses import replace

import pytest

from cloudseam.errors import ServiceUnavailableError, TransitionNotAllowedError
from cloudseam.event import Event
from cloudseam.messages import task_message
from cloudseam.outcome import Fate, Outcome
from cloudseam.stack import Stack
from cloudseam.step import Step, Verdict, admit, step
from cloudseam_cli.local.report import Kind, Report, report_outcome, report_tasks
from cloudseam_cli.local.telling import told
from tests.builders import (
    CANARY,
    NOW,
    a_completion,
    a_delivery,
    a_failure,
    a_machine,
    a_stack,
    an_answer_body,
    an_event,
    given,
    token_of,
)
from tests.unit.cli.options import options
from tests.unit.cli.test_executions_as_stacks import Execution
from tests.unit.python_actions.test_machine import Actions


def outcome_of(event: Event, stack: Stack | None = None) -> Outcome:
    """What the service says of an event that was taken."""
    admitted = admit(stack, event, now=1)
    delivery = a_delivery({})
    if isinstance(admitted, Verdict):
        return Outcome(delivery, event, admitted, before=stack, after=stack)
    taken = admitted if isinstance(admitted, Step) else step(a_machine(), admitted, event, given())
    return Outcome(delivery, event, taken.verdict, stack, taken.stack, taken.effects)


def words(outcome: Outcome) -> str:
    """The lines for an outcome, without the times."""
    reports = list(report_outcome(outcome))
    assert [Report.parse(report.line()) for report in reports] == reports
    return "\n".join(told(report).split("  ", 1)[1] for report in reports)


WORKING = a_stack("PROVISION", tasks={"net": "PENDING", "db": "PENDING"}, previous_state="INIT")
LAST = a_stack("PROVISION", tasks={"net": "SATISFIED", "db": "PENDING"}, previous_state="INIT")
ENDING = a_stack("DESTROY", tasks={"net-down": "PENDING"}, previous_state="RUN")


@pytest.mark.parametrize(
    ("event", "stack", "line"),
    [
        pytest.param(
            an_event("LAUNCH", machine="life"),
            None,
            "s  INIT → PROVISION by LAUNCH; asks for net, db",
            id="launched",
        ),
        pytest.param(
            an_event("PING", machine="life"), None, "s  (new) → INIT by PING", id="made-by-a-no-op"
        ),
        pytest.param(an_event("PING"), a_stack(), "s  PING applied", id="no-op"),
        pytest.param(
            an_event("UPDATE"),
            a_stack(),
            "s  RUN → UPDATE by UPDATE; asks for db, smoke",
            id="advanced",
        ),
        pytest.param(
            an_event("RESTART"),
            WORKING,
            "s  PROVISION → PROVISION by RESTART; asks for net, db",
            id="entered-again",
        ),
        pytest.param(
            a_completion("net", token_of(WORKING, "net")),
            WORKING,
            "s  task net satisfied",
            id="satisfied",
        ),
        pytest.param(
            a_completion("db", token_of(LAST, "db")),
            LAST,
            "s  task db satisfied\ns  PROVISION → RUN by TASK_COMPLETED of db",
            id="satisfied-the-last",
        ),
        pytest.param(
            a_failure("db", token_of(LAST, "db"), description="no\x1b[2J space"),
            LAST,
            "s  TASK FAILED db: no\ufffd[2J space",
            id="failed",
        ),
        pytest.param(
            a_completion("net-down", token_of(ENDING, "net-down")),
            ENDING,
            "s  task net-down satisfied\ns  DESTROY → (gone) by TASK_COMPLETED of net-down",
            id="ended",
        ),
        pytest.param(
            an_event("DROP"), a_stack(), "s  RUN → GONE → (gone) by DROP", id="ended-at-once"
        ),
        pytest.param(
            a_completion("net", "another-token"),
            WORKING,
            "s  TASK_COMPLETED of net ignored: late",
            id="late",
        ),
        pytest.param(
            an_event("PING", id="e-1"),
            a_stack().with_applied("e-1", NOW),
            "s  PING ignored: duplicate",
            id="duplicate",
        ),
        pytest.param(
            an_event("RETRY_PENDING_TASKS"),
            LAST,
            "s  RETRY_PENDING_TASKS applied; asks for db",
            id="retried",
        ),
    ],
)
def test_an_outcome_is_told_in_a_line_and_an_answer_before_what_it_leads_to(
    event: Event, stack: Stack | None, line: str
) -> None:
    assert words(outcome_of(event, stack)) == line


def returned(error: Exception) -> Outcome:
    stack, event = a_stack(), an_event("UPDATE")
    return Outcome(
        a_delivery({}), event, before=stack, after=stack, error=error, fate=Fate.RETURNED
    )


@pytest.mark.parametrize(
    ("error", "reason"),
    [
        pytest.param(TransitionNotAllowedError("Not in RUN."), "Not in RUN.", id="ours"),
        pytest.param(ServiceUnavailableError("No table."), "No table.", id="store"),
        pytest.param(ValueError(CANARY), "ValueError", id="a-surprise-without-its-text"),
    ],
)
def test_what_is_tried_again_is_told_with_its_reason(error: Exception, reason: str) -> None:
    line = words(returned(error))

    assert line == f"s  UPDATE not applied, will be tried again: {reason}"


def test_dead_letters_are_told_of_where_they_lie() -> None:
    assert not list(report_outcome(replace(returned(ValueError()), fate=Fate.DEAD_LETTERED)))


def test_no_metadata_value_is_told() -> None:
    event = an_event("LAUNCH", machine="life", metadata={"password": CANARY})

    (report,) = report_outcome(outcome_of(event))

    assert CANARY not in report.line()


def test_the_tasks_of_a_batch_are_told_and_what_is_no_task_is_not() -> None:
    stack = a_stack(metadata={"password": CANARY})
    moved = step(a_machine(), stack, an_event("UPDATE"), given())
    bodies = [task_message(moved.stack, run) for run in moved.effects]

    reports = list(report_tasks({"Records": [{"body": each} for each in [*bodies, "no task"]]}))

    assert [told(report).split("  ", 1)[1] for report in reports] == [
        "s  task db started (lambda)",
        "s  task smoke started (lambda)",
    ]
    assert CANARY not in "".join(report.line() for report in reports)


@pytest.mark.parametrize(
    ("stack", "here", "command"),
    [
        pytest.param("s", "", "cloudseam send s RETRY_FAILED_TASKS", id="in-this-folder"),
        pytest.param("s", " --port 1", "cloudseam send --port 1 s RETRY_FAILED_TASKS", id="port"),
        pytest.param("a b", "", "cloudseam send 'a b' RETRY_FAILED_TASKS", id="quoted"),
        pytest.param("-s", "", "cloudseam send -- -s RETRY_FAILED_TASKS", id="dash"),
    ],
)
def test_a_failed_tasks_line_ends_with_the_command_that_runs_it_again(
    stack: str, here: str, command: str
) -> None:
    report = Report(Kind.FAILED, stack=stack, tasks=("db",), reason="no space")

    assert told(report, here=here).endswith(f"TASK FAILED db: no space  — run it again: {command}")
    assert options("send", *shlex.split(command)[2:]).stack == stack


def test_a_task_that_will_be_tried_again_is_told_with_the_moment_and_without_a_command() -> None:
    report = Report(Kind.FAILED, stack="s", tasks=("db",), reason="no space", retry_at=NOW)

    clock = time.strftime("%H:%M:%S", time.localtime(NOW / 1000))
    line = told(report, here="")
    assert line.endswith(f"s  TASK FAILED db, will be tried again at {clock}: no space")


def actions_words(actions: Actions, body: dict[str, object]) -> list[str]:
    """The lines for what an event of a machine of actions came to."""
    return words(actions.world.send(body)[0]).splitlines()


def test_a_transition_of_actions_is_told_with_the_event_that_an_action_returned() -> None:
    actions = Actions()
    actions.start()

    first = actions_words(actions, an_answer_body(actions.asked, result={"event": "skip"}))
    last = actions_words(actions, an_answer_body(actions.asked, result={"event": None}))

    assert first == ["s  task actions satisfied", "s  First → Third by skip; asks for actions"]
    assert last[1] == "s  Third → Third by TASK_COMPLETED of actions; asks for actions"


def test_an_invocation_that_fails_is_told_with_when_it_is_tried_again() -> None:
    actions = Actions()
    actions.start()

    [line] = actions_words(
        actions, an_answer_body(actions.asked, event="TASK_ERROR", description="no")
    )

    assert re.fullmatch(r"s  TASK FAILED actions, will be tried again at \d\d:\d\d:\d\d: no", line)


def execution_words(execution: Execution, body: dict[str, object], here: str = "") -> list[str]:
    """The lines for one more event of an execution, without the times."""
    [outcome] = execution.world.send(body)
    return [told(each, here=here).split("  ", 1)[1] for each in report_outcome(outcome)]


def test_the_end_of_an_execution_is_told_and_no_command_that_means_nothing_to_it() -> None:
    execution = Execution()
    answer = an_answer_body(execution.world.asked("Charge#1"))
    failed = {**answer, "event": "TASK_ERROR", "error": "No", "description": "no money"}

    assert execution_words(execution, {**answer, "event": "TASK_HEARTBEAT"}) == [
        "s  TASK_HEARTBEAT of Charge#1 applied"
    ]
    assert execution_words(execution, failed) == [
        "s  TASK FAILED Charge#1: no money",
        "s  RUNNING → FAILED by TASK_ERROR of Charge#1",
    ]


def test_an_invocation_is_told_with_its_actions() -> None:
    actions = Actions()
    actions.start(context={"password": CANARY})
    actions.ends("done")

    [report] = report_tasks({"Records": [{"body": json.dumps(actions.asked)}]})

    assert report.reason == "python a.Action3, a.OnTheWay, a.Action4, a.Action5"
    assert CANARY not in report.line()


def test_a_stack_whose_name_cannot_be_shown_gets_no_command() -> None:
    assert "send" not in told(Report(Kind.FAILED, stack="\x1b[2J", tasks=("db",)), here="")


def test_no_other_line_ends_with_a_command() -> None:
    others = [Report(kind, stack="s") for kind in Kind if kind is not Kind.FAILED]

    assert not [report.kind for report in others if "send" in told(report, here="")]


def test_a_dead_letter_is_told_with_its_message() -> None:
    report = Report(Kind.DEAD_LETTER, stack="s", event="PING", message_id="m-1", reason="why")

    assert told(report).endswith("s  DEAD LETTER PING (message m-1): why")


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_words(kind: Kind) -> None:
    assert told(Report(kind, stack="s", event="E", tasks=("t",), reason="why"))
