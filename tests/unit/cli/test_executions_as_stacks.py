"""Executions of the deployed functions: what people get to see of them, and how they start."""

import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cloudseam.languages import load_machine
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.messages import parse_event
from cloudseam_cli import cancel, history, retry, show, stacks, start
from cloudseam_cli.main import main
from tests.builders import CANARY, an_answer_body
from tests.unit.cli.installation import Installation, installed
from tests.world import World, errors

DEFINITION = """\
StartAt: Charge
States:
  Charge: {Type: Task, Resource: "arn:aws:lambda:us-east-1:1:function:f", Next: Pause}
  Pause: {Type: Wait, Seconds: 60, End: true}
"""


class Execution:
    """One execution, as the engine has made it."""

    def __init__(self) -> None:
        machine = load_machine("orders", DEFINITION, "orders.asl.yml")
        self.world = World(machines=InMemoryMachineLocator([machine]))
        start = {"stackId": "s", "machine": "orders", "event": "START", "input": {"card": CANARY}}
        assert errors(self.world.send({**start, "eventId": "start/s"})) == [None]

    def charges(self) -> None:
        answer = an_answer_body(self.world.asked("Charge#1"), result={"output": {"paid": CANARY}})
        assert errors(self.world.send(answer)) == [None]

    def fails(self) -> None:
        told = {"event": "TASK_ERROR", "error": "NoMoney", "description": "too little"}
        assert errors(self.world.send(an_answer_body(self.world.asked("Charge#1"), **told))) == [
            None
        ]

    def passes(self, seconds: float) -> None:
        self.world.clock.move_on(seconds)  # type: ignore[attr-defined]
        self.world.send({"stackId": "s", "event": "TIMER_DUE"})


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(monkeypatch, show, stacks, history, retry, cancel, start)


def shown(
    there: Installation, execution: Execution, capsys: pytest.CaptureFixture[str]
) -> tuple[str, dict[str, Any]]:
    """What `show` says, with one blank between words; and as JSON, of the execution."""
    there.put(execution.world.stack())
    assert main(["show", "s"]) == 0
    said = re.sub(" +", " ", capsys.readouterr().out)
    assert main(["show", "s", "--json"]) == 0
    told = capsys.readouterr().out
    assert CANARY not in said + told
    return said, json.loads(told)["execution"]


def test_one_that_waits_for_a_task_is_shown_with_its_place(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    said, told = shown(there, Execution(), capsys)

    assert "\nstate RUNNING\n" in said
    assert "\n in Charge: waits for its task\n" in said
    size = len(json.dumps({"card": CANARY}, separators=(",", ":")))
    assert f"\n input {size} bytes\n" in said
    assert "Charge#1 PENDING" in said
    assert told["places"] == [{"state": "Charge", "about": "waits for its task"}]
    assert told["stoppedAt"] is told["outputBytes"] is told["wakesAt"] is None


def test_one_that_waits_is_shown_with_the_moment_when_it_goes_on(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    execution = Execution()
    execution.charges()

    said, told = shown(there, execution, capsys)

    assert "\n in Pause: waits\n goes on at " in said
    assert told["wakesAt"] - told["startedAt"] > 59_000


def test_one_that_has_ended_is_shown_with_how(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = Execution(), Execution()
    good.charges()
    good.passes(60)
    bad.fails()

    said, told = shown(there, good, capsys)
    there.stacks.rows.clear()
    failed, why = shown(there, bad, capsys)

    assert "\nstate SUCCEEDED\n" in said
    assert (told["outputBytes"], told["places"]) == (len(f'{{"paid":"{CANARY}"}}'), [])
    assert "\nstate FAILED\n" in failed
    assert "\n error NoMoney\n cause too little" in failed
    assert (why["error"], why["cause"], why["outputBytes"]) == ("NoMoney", "too little", None)


def test_its_log_is_a_timeline_or_json(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(replace(Execution().world.stack(), log=LOG))

    assert main(["history", "s", "--log"]) == 0
    said = re.sub(" +", " ", capsys.readouterr().out)
    assert main(["history", "s", "--log", "--json", "--limit", "1"]) == 0
    told = json.loads(capsys.readouterr().out)

    assert said.splitlines()[1:] == [
        '0.000 1 ExecutionStarted input {"n":1}',
        '1.500 2 TaskStateEntered Charge input {"n":1}',
    ]
    assert told == {"stack": "s", "events": list(LOG[1:])}


def test_what_has_no_log_says_so(there: Installation, capsys: pytest.CaptureFixture[str]) -> None:
    there.put(Execution().world.stack())

    assert main(["history", "s", "--log"]) == 1
    assert "is no execution, or has no log" in capsys.readouterr().err


LOG = (
    {
        "id": 1,
        "timestamp": 1_000,
        "type": "ExecutionStarted",
        "executionStartedEventDetails": {"input": '{"n":1}'},
    },
    {
        "id": 2,
        "timestamp": 2_500,
        "type": "TaskStateEntered",
        "stateEnteredEventDetails": {"name": "Charge", "input": '{"n":1}'},
    },
)


def test_its_task_can_be_asked_for_again_and_it_can_be_cancelled(
    there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(Execution().world.stack())

    assert main(["retry", "s"]) == 1
    assert "With --pending" in capsys.readouterr().err
    assert main(["retry", "s", "--pending"]) == 0
    assert main(["cancel", "s"]) == 0
    assert [body["event"] for body in there.sent] == ["RETRY_PENDING_TASKS", "CANCEL_TASKS"]


@pytest.mark.parametrize(
    ("typed", "given"),
    [('{"n": 1}', {"n": 1}), ("[1]", [1]), ('"text"', "text"), ("null", None), ("7", 7)],
)
def test_an_input_is_any_json(there: Installation, typed: str, given: Any) -> None:
    assert main(["start", "orders", "--id", "s", "--input", typed]) == 0

    [body] = there.sent
    assert body == {
        "event": "START",
        "eventId": "start/s",
        "machine": "orders",
        "stackId": "s",
        "input": given,
    }
    assert parse_event(json.dumps(body), "m").payload == {"input": given}


def test_an_input_may_be_in_a_file(there: Installation, tmp_path: Path) -> None:
    (tmp_path / "input.json").write_text('{"n": 2}')

    assert main(["start", "orders", "--input", str(tmp_path / "input.json")]) == 0

    assert there.sent[0]["input"] == {"n": 2}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--input", f'{{"a": {CANARY}}}'], "--input is not JSON"),
        (["--input", f"/nowhere/{CANARY}"], "--input cannot be read: No such file or directory"),
        (["--input", json.dumps("x" * 262_143)], "--input has more than 262,144 bytes"),
        (["--input", "{}", "--additional-delay", "7"], "have no --input"),
        (["--input", "{}", "--state", "S", "--event", "e"], "have no --input"),
        (["--input", "{}", "--context", "{}"], "not allowed with argument"),
    ],
)
def test_what_cannot_be_an_input_is_refused_and_not_shown(
    words: list[str], said: str, there: Installation, capsys: pytest.CaptureFixture[str]
) -> None:
    try:
        code = main(["start", "orders", *words])
    except SystemExit as ended:
        code = int(ended.code or 0)

    told = capsys.readouterr().err
    assert code == 2
    assert said in told
    assert CANARY not in told
    assert there.sent == []
