"""Executions that AWS was recorded to run, run again in process: status, output, error, events.

Functions are stood in for by what their recordings say of them, so that the executor that calls
them is part of what is compared.
"""

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from cloudseam.languages.asl.execution import Status
from cloudseam.messages import TaskRequest
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.states.executor import StatesExecutor
from tests.asl_player import ACCOUNT, Failure, Player, Worker
from tests.conformance.recorded_asl import agrees, cases, opened, why_not
from tests.lambda_stand_in import BEHAVIOURS, LambdaStandIn

PURE, LAMBDA = cases("pure"), cases("lambda")
# Before all moments that recorded executions wait for: 2026-11-20, in epoch milliseconds.
RECORDED_AT = 1_795_132_800_000
# A branch that is a Parallel itself leaves both with ParallelStateExited, as other recordings have
# it; this one has the event once.
ODD_HISTORIES = {"test_parallel_state_nested"}


def expectation(case: Mapping[str, Any]) -> tuple[str, Any]:
    expected = case["expected"]
    if expected["status"] == "SUCCEEDED":
        return "SUCCEEDED", opened(expected["output"])
    return expected["status"], expected.get("error")


def outcome(player: Player) -> tuple[str, Any]:
    execution = player.execution
    if execution.status is Status.SUCCEEDED:
        return "SUCCEEDED", opened(execution.output)
    return execution.status.value, execution.error


def differences(recorded: list[dict[str, Any]], players: list[Player]) -> dict[str, Any]:
    """What came otherwise than recorded, by case."""
    return {
        case["id"]: {"expected": expectation(case), "found": outcome(player)}
        for case, player in zip(recorded, players, strict=True)
        if not agrees(list(expectation(case)), list(outcome(player)))
    }


def replayed(
    case: Mapping[str, Any], worker_of: Callable[[str], Worker] = lambda resource: None
) -> Player:
    definition, told = case["definition"], case["input"]
    return Player(definition, told, beginning=RECORDED_AT, worker_of=worker_of).play()


@pytest.mark.skipif(not PURE, reason="the recorded executions are not here")
def test_executions_without_services_end_as_recorded() -> None:
    players = [replayed(case) for case in PURE]

    assert differences(PURE, players) == {}
    assert len(PURE) == 640


@pytest.mark.skipif(not PURE, reason="the recorded executions are not here")
def test_their_histories_have_the_recorded_events_in_order() -> None:
    with_events = [case for case in PURE if case.get("expected_events")]

    other = {
        case["id"]: player.types
        for case in with_events
        if (player := replayed(case)).types != case["expected_events"]
    }

    assert len(with_events) == 219
    assert {id.rpartition("::")[2] for id in other} == ODD_HISTORIES


def run_of(resource: str, arguments: Any) -> TaskRun:
    told = {"resource": resource, "arguments": arguments}
    return TaskRun(TaskRequest("s", "m", {}, "t", "states", {}, input=told), lambda: 60.0)


def workers(stand_in: LambdaStandIn) -> Callable[[str], Worker]:
    executor = StatesExecutor(lambda service, wait: stand_in.client)

    def worker(resource: str) -> Worker:
        def work(arguments: Any) -> Any:
            try:
                return executor.run(run_of(resource, arguments)).body["output"]
            except TaskFailedError as failed:
                raise Failure(failed.error, str(failed)) from failed

        return work

    return worker


def played(case: Mapping[str, Any]) -> Player:
    """The case with functions that behave as they are described."""
    behaviours = {each["name"]: each["behaviour"] for each in case.get("lambdas", [])}
    stand_in = LambdaStandIn(behaviours, ACCOUNT)
    sleeping = "wait_60_seconds" in behaviours.values()
    work = workers(stand_in)
    return replayed(case, (lambda resource: None) if sleeping else work)


@pytest.mark.skipif(not LAMBDA, reason="the recorded executions are not here")
def test_executions_with_functions_end_as_recorded() -> None:
    comparable = [case for case in LAMBDA if why_not(case) is None]

    assert differences(comparable, [played(case) for case in comparable]) == {}
    assert (len(LAMBDA), len(comparable)) == (48, 46)
    assert {each["behaviour"] for case in LAMBDA for each in case.get("lambdas", [])} <= BEHAVIOURS


@pytest.mark.skipif(not LAMBDA, reason="the recorded executions are not here")
def test_their_histories_have_the_recorded_events() -> None:
    # In whatever order: what runs side by side is noted as it comes.
    with_events = [case for case in LAMBDA if case.get("expected_events")]

    other = [
        case["id"]
        for case in with_events
        if sorted(played(case).types) != sorted(case["expected_events"])
    ]

    assert other == []
    assert len(with_events) == 47
