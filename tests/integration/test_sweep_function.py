"""The sweep as the state machine function does it on its schedule, over emulated AWS."""

import json
import time
from pathlib import Path
from typing import Any

import pytest

from bench.record import Context
from cloudseam.batch import InvalidInvocationError
from cloudseam.claim import Claim
from cloudseam.event import CANCEL_TASKS, TIMER_DUE
from cloudseam.outcome import Fate
from state_machine import app, sweeping, wiring
from tests.bad_invocations import BAD_INVOCATIONS, NO_SWEEPS
from tests.builders import CANARY, a_delivery, an_event_body
from tests.counted_calls import Calls
from tests.emulated import EmulatedAws
from tests.function import StateMachineFunction, a_record, state_machine_function
from tests.integration.conftest import BRANCH


def launch() -> dict[str, Any]:
    return an_event_body("LAUNCH", machine="branch")


def an_hour_ago(function: StateMachineFunction) -> None:
    """Has every task of the stack look as if it had been asked for more than an hour ago."""
    item = function.aws.items(function.table)["s"]
    for task in item["tasks"]["L"]:
        asked = int(task["M"]["askedAt"]["N"])
        task["M"]["askedAt"]["N"] = str(asked - 3_700_000)
    function.aws.dynamodb.put_item(TableName=function.table, Item=item)


def counted(capsys: pytest.CaptureFixture[str]) -> dict[str, float]:
    """The metrics that were told since the last look."""
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines() if "_aws" in line]
    return {
        metric["Name"]: sum(line[metric["Name"]])
        for line in told
        for metric in line["_aws"]["CloudWatchMetrics"][0]["Metrics"]
    }


def test_a_sweep_has_tasks_sent_again_that_nobody_works_on(
    function: StateMachineFunction,
) -> None:
    function.deliver(a_delivery(launch()))
    asked = function.tasks()

    fresh = function.sweep()
    an_hour_ago(function)
    late = function.sweep()

    assert (fresh["repaired"], late["repaired"]) == (0, 1)
    assert [message["task"]["token"] for message in function.tasks()] == [
        message["task"]["token"] for message in asked
    ]


def test_a_sweep_counts_what_it_repaired_and_what_waits_for_a_person(
    function: StateMachineFunction, capsys: pytest.CaptureFixture[str]
) -> None:
    function.deliver(a_delivery(launch()))
    an_hour_ago(function)
    capsys.readouterr()

    function.sweep()
    repaired = counted(capsys)
    function.deliver(a_delivery(an_event_body(CANCEL_TASKS)))
    capsys.readouterr()
    function.sweep()

    assert (repaired, counted(capsys)) == (
        {"EventsApplied": 1, "StacksStuck": 1, "StacksRepaired": 1, "TasksResent": 2},
        {"StacksFailed": 1},
    )


def test_a_sweep_leaves_alone_what_somebody_has_claimed(function: StateMachineFunction) -> None:
    function.deliver(a_delivery(launch()))
    now = int(time.time() * 1000)
    for message in function.tasks():
        app.store().claims.take(Claim(message["task"]["token"], "me", now, now + 60_000), now)
    an_hour_ago(function)

    assert function.sweep() == {"looked_at": 1, "repaired": 0, "failed": 0}


def test_a_sweep_finds_claims_in_the_table_that_is_named_for_them(
    aws: EmulatedAws, tmp_path: Path
) -> None:
    claims = aws.table()
    with state_machine_function(aws, tmp_path, DYNAMODB_CLAIMS_TABLE=claims) as function:
        function.put_machine("branch", BRANCH)
        function.deliver(a_delivery(launch()))
        now = int(time.time() * 1000)
        for message in function.tasks():
            app.store().claims.take(Claim(message["task"]["token"], "me", now, now + 60_000), now)
        an_hour_ago(function)

        assert function.sweep() == {"looked_at": 1, "repaired": 0, "failed": 0}
    assert len(aws.items(claims)) == 2


def test_a_sweep_goes_on_where_the_one_before_had_no_time_left(
    function: StateMachineFunction,
) -> None:
    function.deliver(a_delivery(launch()))
    an_hour_ago(function)
    function.tasks()
    del function.outcomes[:]

    returned = function.invoke({"Records": [a_record(a_delivery('{"sweep": ""}'))]})

    assert (returned, len(function.tasks())) == ([], 2)
    (repair,) = function.outcomes  # told like any other: `cloudseam dev` shows it
    assert repair.event is not None
    assert repair.event.name == TIMER_DUE


def test_a_sweep_that_the_store_does_not_answer_comes_again_and_no_event_with_it(
    function: StateMachineFunction, calls: Calls
) -> None:
    calls.refuse("Scan", times=10)
    rest, event = a_delivery('{"sweep": ""}'), a_delivery(launch())

    returned = function.invoke({"Records": [a_record(rest), a_record(event)]})

    assert returned == [rest.message_id]
    assert len(function.tasks()) == 2


def test_a_sweep_whose_time_is_over_leaves_the_rest_to_a_message(
    function: StateMachineFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    function.deliver(a_delivery(launch()))
    monkeypatch.setattr("cloudseam.sweep.STACKS_AT_ONCE", 1)
    left = iter([30.0, 0.0])
    events = wiring.build_event_queue(app.settings())

    found = sweeping.run_sweep(app.sweep(), events, lambda: next(left), lambda outcome: None)

    assert found == {"looked_at": 1, "repaired": 0, "failed": 0}
    (message,) = function.aws.received(function.events_url)
    assert message["Body"] == '{"sweep": "s"}'


def test_a_sweep_that_never_has_time_does_not_go_on_for_ever(
    function: StateMachineFunction, monkeypatch: pytest.MonkeyPatch
) -> None:
    function.deliver(a_delivery(launch()))
    monkeypatch.setattr(sweeping, "MARGIN", 1_000_000)

    assert function.sweep() == {"looked_at": 0, "repaired": 0, "failed": 0}
    assert function.aws.received(function.events_url) == []


def test_messages_that_only_look_like_a_sweeps_are_letters_and_cost_the_others_nothing(
    function: StateMachineFunction, calls: Calls
) -> None:
    looking_like_it = [a_delivery(body) for body in NO_SWEEPS.values()]

    outcomes = function.deliver(a_delivery(launch()), *looking_like_it)

    assert [outcome.fate for outcome in outcomes] == [
        Fate.DONE,
        *[Fate.DEAD_LETTERED] * len(NO_SWEEPS),
    ]
    assert "Scan" not in calls.taken()
    assert CANARY not in str([outcome.error for outcome in outcomes])


@pytest.mark.parametrize("payload", BAD_INVOCATIONS.values(), ids=BAD_INVOCATIONS)
def test_an_invocation_that_is_neither_a_batch_nor_a_sweep_is_refused_and_asks_nothing_of_aws(
    function: StateMachineFunction, calls: Calls, payload: Any
) -> None:
    with pytest.raises(InvalidInvocationError):
        app.lambda_handler(payload, Context())

    assert calls.taken() == {}
