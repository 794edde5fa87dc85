"""Logs and metrics: where and why, and never a metadata value."""

import io
import json
import logging
import os
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest

from cloudseam import observability
from cloudseam.errors import TransitionNotAllowedError
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.machine import Machine
from cloudseam.observability import log_event, logger, metrics
from cloudseam.outcome import Fate, Outcome
from tests.bad_events import BAD_EVENTS
from tests.builders import CANARY, a_delivery, a_machine, an_event_body
from tests.emf import Metric, metrics_in
from tests.world import World


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What the function would have written to its log."""
    stream = io.StringIO()
    kept = [handler for handler in logger.handlers if isinstance(handler, logging.StreamHandler)]
    streams = [handler.setStream(stream) for handler in kept]
    yield stream
    for handler, before in zip(kept, streams, strict=True):
        if before is not None:
            handler.setStream(before)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> dict[str, int]:
    """What the invocation has counted."""
    sums: dict[str, int] = {}
    monkeypatch.setattr(observability, "_counted", sums)
    return sums


def lines(log: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.getvalue().splitlines()]


def test_an_applied_event_is_one_line_that_tells_the_move(
    log: io.StringIO, counted: dict[str, int]
) -> None:
    (outcome,) = World().launch(eventId="e-1")

    log_event(outcome)

    (line,) = lines(log)
    assert (line["level"], line["message"]) == ("INFO", "Event applied")
    assert (line["stack_id"], line["machine"], line["event"]) == ("s", "life", "LAUNCH")
    assert (line["event_id"], line["message_id"]) == ("e-1", outcome.delivery.message_id)
    assert (line.get("state_before"), line["state"]) == (None, "PROVISION")
    assert line["tasks_asked"] == ["net", "db"]
    assert counted == {"EventsApplied": 1, "Transitions": 1}


def test_a_removal_is_told_as_such(log: io.StringIO, counted: dict[str, int]) -> None:
    world = World()
    world.send(an_event_body("START", machine="life"))

    log_event(world.send(an_event_body("DROP"))[0])

    assert (lines(log)[0]["state_before"], lines(log)[0]["state"]) == ("RUN", "REMOVED")


def test_an_event_without_effect_is_recorded_with_its_verdict(
    log: io.StringIO, counted: dict[str, int]
) -> None:
    world = World()
    launch = a_delivery(an_event_body("LAUNCH", machine="life"))
    world.deliver(launch)
    late = {"event": "TASK_COMPLETED", "stackId": "s", "task": {"name": "net", "token": "old"}}

    for outcome in [*world.deliver(launch), *world.send(late)]:
        log_event(outcome)

    assert [line["verdict"] for line in lines(log)] == ["DUPLICATE", "LATE"]
    assert counted == {"EventsIgnored": 2}


@pytest.mark.parametrize(
    ("fate", "message", "metric"),
    [
        (Fate.RETURNED, "Event returned to the queue", "EventsReturned"),
        (Fate.DEAD_LETTERED, "Event dead-lettered", "EventsDeadLettered"),
    ],
)
def test_a_failed_event_is_a_warning_with_its_reason(
    log: io.StringIO, counted: dict[str, int], fate: Fate, message: str, metric: str
) -> None:
    error = TransitionNotAllowedError("Event 'X' is not available.")

    log_event(Outcome(a_delivery("{}", receive_count=4), error=error, fate=fate))

    (line,) = lines(log)
    assert (line["level"], line["message"], line["receive_count"]) == ("WARNING", message, 4)
    assert (line["error"], line["reason"]) == (
        "TransitionNotAllowedError",
        "Event 'X' is not available.",
    )
    assert counted == {metric: 1}


class SurprisingLocator(InMemoryMachineLocator):
    """A locator with a bug that puts what it was given into its error."""

    def get(self, name: str) -> Machine:
        raise KeyError(CANARY)


def test_of_a_surprise_the_place_is_told_but_not_its_text(
    log: io.StringIO, counted: dict[str, int]
) -> None:
    for outcome in World(machines=SurprisingLocator()).launch():
        log_event(outcome)

    (line,) = lines(log)
    assert (line["error"], line["reason"]) == ("KeyError", "unexpected")
    assert "in get" in line["trace"]
    assert CANARY not in log.getvalue()


def test_no_metadata_value_gets_into_the_log_whatever_comes(
    log: io.StringIO, counted: dict[str, int]
) -> None:
    world = World(machines=InMemoryMachineLocator([a_machine()]))
    world.launch(metadata={"secret": CANARY})

    outcomes = world.send(*(bad.body for bad in BAD_EVENTS), an_event_body("PING"))
    for outcome in outcomes:
        log_event(outcome)

    assert len(lines(log)) == len(BAD_EVENTS) + 1
    assert CANARY not in log.getvalue()


def test_nothing_is_counted_when_there_is_nothing_to_count(counted: dict[str, int]) -> None:
    observability.count("Anything", 0)

    assert counted == {}


def test_the_events_of_a_batch_are_one_figure(capsys: pytest.CaptureFixture[str]) -> None:
    def handle(event: object, context: object) -> None:
        for _ in range(150):
            observability.count("EventsApplied")

    observability._with_metrics(handle)({}, None)

    (told,) = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert told["EventsApplied"] == [150]


def test_durations_of_one_kind_are_one_line_and_no_more_than_a_line_may_have(
    capsys: pytest.CaptureFixture[str],
) -> None:
    def handle(event: object, context: object) -> None:
        for number in range(120):
            observability.measure("TaskDuration", number / 1000, executor="lambda")
        observability.measure("TaskDuration", 2.5, executor="terraform")

    observability._with_metrics(handle)({}, None)

    told = list(metrics_in(capsys.readouterr().out))
    of_lambda = [each for each in told if each.dimensions == (("executor", "lambda"),)]
    assert [value for each in of_lambda for value in each.values] == list(map(float, range(120)))
    assert max(len(each.values) for each in told) < 100
    assert told[-1] == Metric(
        "TaskDuration", "Milliseconds", (2500.0,), (("executor", "terraform"),)
    )


def test_a_line_may_hold_what_is_no_json_and_any_letter(log: io.StringIO) -> None:
    logger.info('{"a": 1}', extra={"error": ValueError("größer")})

    (line,) = lines(log)
    assert (line["message"], line["error"]) == ('{"a": 1}', "größer")
    assert "größer" in log.getvalue()


def test_metrics_that_cannot_be_told_do_not_make_a_batch_come_again(
    log: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken() -> None:
        raise RuntimeError("dictionary changed size during iteration")

    monkeypatch.setattr(metrics, "flush_metrics", broken)

    def handle(event: object, context: object) -> str:
        observability.count("EventsApplied")
        return "done"

    assert observability._with_metrics(handle)({}, None) == "done"
    assert "Metrics were lost" in log.getvalue()


# Says whether the X-Ray SDK was loaded, in a process where nothing else could have done it.
TRACED = """
import sys
import state_machine.app
print("aws_xray_sdk" in sys.modules)
"""


@pytest.mark.parametrize(("setting", "loaded"), [("", "False"), ("0", "False"), ("1", "True")])
def test_tracing_costs_nothing_unless_it_is_asked_for(setting: str, loaded: str) -> None:
    # As on Lambda: elsewhere Powertools switches tracing off by itself.
    environment = {**os.environ, "CLOUDSEAM_TRACING": setting, "AWS_SAM_LOCAL": ""} | {
        "LAMBDA_TASK_ROOT": "/var/task",
        "AWS_LAMBDA_FUNCTION_NAME": "state-machine",
    }

    ended = subprocess.run(
        [sys.executable, "-c", TRACED],
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )

    assert ended.stdout.strip() == loaded
