"""`cloudseam send`: what is typed becomes a message, and a wait ends for a reason."""

import io
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from cloudseam.event import Event
from cloudseam.messages import parse_event
from cloudseam.persistence.memory import InMemoryStackRepository
from cloudseam_cli import send, stack_store
from cloudseam_cli.dead_letters.letter import Letter
from cloudseam_cli.local.console_file import OUTCOMES
from cloudseam_cli.local.outcome_file import OutcomeFile
from cloudseam_cli.local.report import Kind, Report
from cloudseam_cli.main import main
from cloudseam_cli.send import message
from cloudseam_cli.target import Target
from tests.builders import CANARY, NOW, a_stack
from tests.unit.cli.options import options


def sent(*arguments: str) -> Event:
    """The event that a command line sends."""
    return parse_event(message(options("send", *arguments)), "message-id")


def test_an_event_has_its_stack_name_machine_and_metadata() -> None:
    event = sent("s-1", "LAUNCH", "--machine", "preview", "--metadata", "a=1", "b=x")

    assert (event.stack_id, event.name, event.machine) == ("s-1", "LAUNCH", "preview")
    assert event.metadata == {"a": 1, "b": "x"}


@pytest.mark.parametrize(
    ("typed", "value"),
    [
        pytest.param("1", 1, id="integer"),
        pytest.param("-2.5", -2.5, id="number"),
        pytest.param("true", True, id="true"),
        pytest.param("null", None, id="null"),
        pytest.param('"1"', "1", id="text-in-quotes"),
        pytest.param("v1", "v1", id="text"),
        pytest.param("", "", id="empty"),
        pytest.param("a=b", "a=b", id="with-an-equals-sign"),
        pytest.param("True", "True", id="pythons-true-is-text"),
        pytest.param("NaN", "NaN", id="not-a-json-number"),
        pytest.param("-Infinity", "-Infinity", id="not-finite"),
        pytest.param("01", "01", id="leading-zero"),
        pytest.param('{"a": 1}', '{"a": 1}', id="an-object-is-text"),
        pytest.param("[1]", "[1]", id="a-list-is-text"),
        pytest.param("[" * 100_000, "[" * 100_000, id="nested-too-deeply"),
    ],
)
def test_a_value_is_typed_as_the_json_scalar_it_reads_as(typed: str, value: Any) -> None:
    body = json.loads(message(options("send", "s", "E", "--metadata", f"k={typed}")))

    assert body["metadata"] == {"k": value}
    assert type(body["metadata"]["k"]) is type(value)


def test_metadata_may_be_given_in_several_places() -> None:
    assert sent("s", "E", "--metadata", "a=1", "--metadata", "b=2").metadata == {"a": 1, "b": 2}


def test_metadata_may_be_one_json_object() -> None:
    assert sent("s", "E", "--metadata-json", '{"a": 1, "b": "x"}').metadata == {"a": 1, "b": "x"}


def test_metadata_may_come_from_standard_input(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"password": "x"}'))

    assert sent("s", "E", "--metadata-json", "-").metadata == {"password": "x"}


def test_a_context_may_be_typed_or_come_from_a_file_or_from_standard_input(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "context.json"
    file.write_text('{"a": "of the file"}')
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"a": [2]}'))

    assert sent("s", "E", "--context", '{"a": {"b": 1}}').payload == {"context": {"a": {"b": 1}}}
    assert sent("s", "E", "--context", str(file)).payload == {"context": {"a": "of the file"}}
    assert sent("s", "E", "--context", "-").payload == {"context": {"a": [2]}}
    assert sent("s", "E").payload == {}


@pytest.mark.parametrize(
    "context",
    [
        pytest.param(f"{{{CANARY}", id="bad-json"),
        pytest.param(json.dumps({"a": CANARY + "x" * 100_000}), id="too-large"),
        pytest.param(f"/nowhere/{CANARY}", id="no-file"),
    ],
)
def test_a_context_that_cannot_be_brought_is_refused_and_not_told(
    context: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(send, "find_target", lambda args: pytest.fail("looked for a queue"))

    assert main(["send", "s", "E", "--context", context]) == 2

    told = capsys.readouterr()
    assert told.err.startswith("cloudseam send: --context ")
    assert CANARY not in told.err + told.out


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--metadata", "x=3", CANARY, "SET"], id="stack-after-metadata"),
        pytest.param(["s", "E", f"password={CANARY}"], id="option-forgotten"),
        pytest.param(["s", "E", f"--password={CANARY}"], id="option-unknown"),
        pytest.param(["s", "E", "--metadata", "x=3", CANARY], id="key-forgotten"),
        pytest.param(["s", "E", "--metadata-json", f"{{{CANARY}"], id="bad-json"),
    ],
)
def test_what_was_typed_as_metadata_is_not_told(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["send", *arguments])

    assert ended.value.code == 2
    assert CANARY not in "".join(capsys.readouterr())


def test_an_event_has_an_id_of_its_own_unless_it_is_given_one() -> None:
    assert sent("s", "E").id != sent("s", "E").id
    assert sent("s", "E", "--event-id", "deploy-7").id == "deploy-7"


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["", "E"], id="empty-stack-id"),
        pytest.param(["x" * 256, "E"], id="long-stack-id"),
        pytest.param(["a\nb", "E"], id="control-characters"),
        pytest.param(["cloudseam#x", "E"], id="reserved-id"),
        pytest.param(["s", ""], id="empty-event"),
        pytest.param(["s", "E", "--machine", ""], id="empty-machine"),
        pytest.param(["s", "E", "--metadata-json", '{"a": {"b": 1}}'], id="nested-metadata"),
        pytest.param(["s", "E", "--metadata", "a=1e400"], id="number-too-large"),
        pytest.param(["\udcff", "E"], id="bytes-that-are-no-text"),
    ],
)
def test_a_message_that_would_be_refused_is_not_sent(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(send, "find_target", lambda args: pytest.fail("looked for a queue"))

    assert main(["send", *arguments]) == 2

    assert "cloudseam send: The message" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        pytest.param(["--metadata", "a"], "KEY=VALUE", id="no-equals-sign"),
        pytest.param(["--metadata", "a=1", "b"], "STACK and EVENT before", id="too-early"),
        pytest.param(["--metadata", "=a"], "KEY=VALUE", id="no-key"),
        pytest.param(["--metadata-json", "[]"], "not a JSON object", id="a-list"),
        pytest.param(["--metadata-json", "{"], "not a JSON object", id="not-json"),
        pytest.param(["--metadata", "a=1", "--metadata-json", "{}"], "not allowed", id="both"),
        pytest.param(["--wait", "soon"], "number", id="wait-not-a-number"),
        pytest.param(["--wait", "-1"], "number", id="wait-negative"),
        pytest.param(["--wait", "nan"], "number", id="wait-nan"),
        pytest.param(["--port", "99999"], "65535", id="port-out-of-range"),
    ],
)
def test_options_that_make_no_sense_are_refused_with_code_2(
    arguments: list[str], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["send", "s", "E", *arguments])

    assert ended.value.code == 2
    assert told in capsys.readouterr().err


class FakeSqs:
    """Takes messages; each has this effect at once."""

    def __init__(self) -> None:
        self.sent: list[dict[str, str]] = []
        self.effect: Callable[[], object] = lambda: None

    def send_message(self, **message: str) -> None:
        self.sent.append(message)
        self.effect()


@pytest.fixture
def stacks() -> InMemoryStackRepository:
    return InMemoryStackRepository()


@pytest.fixture
def letters() -> list[Letter]:
    return []


@pytest.fixture
def outcomes(tmp_path: Path) -> OutcomeFile:
    """Where the console of the installation keeps what became of events."""
    return OutcomeFile(tmp_path / OUTCOMES)


@pytest.fixture
def sqs(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    stacks: InMemoryStackRepository,
    letters: list[Letter],
) -> FakeSqs:
    """The queue of an installation that is made of fakes."""
    sqs = FakeSqs()
    monkeypatch.setattr(Target, "client", lambda self, service: sqs)
    target = Target(None, "queue-url", "Stacks", outcomes=tmp_path / OUTCOMES)
    monkeypatch.setattr(send, "find_target", lambda args: target)
    monkeypatch.setattr(stack_store, "stacks_of", lambda target: stacks)
    monkeypatch.setattr(send, "_letters", lambda target: lambda: letters)
    return sqs


def test_it_says_what_it_sent_and_under_which_id(
    sqs: FakeSqs, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["send", "s", "PING", "--event-id", "e-1"]) == 0

    (told,) = sqs.sent
    assert told["QueueUrl"] == "queue-url"
    assert json.loads(told["MessageBody"]) == {"stackId": "s", "event": "PING", "eventId": "e-1"}
    assert capsys.readouterr().out == "Sent PING to s (event id e-1).\n"


def test_a_wait_ends_when_the_stack_has_applied_the_event(
    sqs: FakeSqs, stacks: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs.effect = lambda: stacks.save([a_stack("UPDATE", version=0).with_applied("e-1", NOW)])

    assert main(["send", "s", "PING", "--event-id", "e-1", "--wait", "0"]) == 0

    assert "Applied: s is in state UPDATE." in capsys.readouterr().out


def test_a_wait_ends_when_the_event_has_ended_the_stack(
    sqs: FakeSqs, stacks: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    sqs.effect = lambda: stacks.save([a_stack(version=0).with_applied("e-1", NOW).removed(now=1)])

    assert main(["send", "s", "DESTROY", "--event-id", "e-1", "--wait", "0"]) == 0

    assert "Applied: s is gone." in capsys.readouterr().out


def test_a_wait_ends_when_the_event_was_refused_and_tells_why(
    sqs: FakeSqs, letters: list[Letter], capsys: pytest.CaptureFixture[str]
) -> None:
    letters.append(Letter("event", '{"eventId": "another"}', "of another event"))
    letters.append(Letter("event", '{"eventId": "e-1"}', "There is no such machine."))

    assert main(["send", "s", "PING", "--event-id", "e-1", "--wait", "60"]) == 1

    assert capsys.readouterr().err == "Refused: There is no such machine.\n"


def told_of(outcomes: OutcomeFile, *reports: Report) -> Callable[[], object]:
    """An event's effect: the console keeps these."""

    def tell() -> None:
        for report in reports:
            outcomes.keep(report)

    return tell


def test_a_wait_tells_at_once_why_the_event_is_refused_for_now(
    sqs: FakeSqs, outcomes: OutcomeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    outcomes.keep(Report(Kind.RETURNED, event_id="e-1", reason="Of an earlier send."))
    refused = Report(Kind.RETURNED, event_id="e-1", reason="State RUN has no handler for PING.")
    of_another = Report(Kind.RETURNED, event_id="e-2", reason="Of another event.")
    sqs.effect = told_of(outcomes, of_another, refused, refused)

    assert main(["send", "s", "PING", "--event-id", "e-1", "--wait", "0"]) == 1

    said = capsys.readouterr().err.splitlines()
    assert said[0] == (
        "Not applied for now, will be tried again: State RUN has no handler for PING."
    )
    assert said[1].startswith("Not applied within 0 s")
    assert len(said) == 2


def test_an_event_that_was_applied_before_is_told_to_have_had_no_effect(
    sqs: FakeSqs, stacks: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    stacks.save([a_stack("UPDATE", version=0).with_applied("e-1", NOW)])

    assert main(["send", "s", "PING", "--event-id", "e-1", "--wait", "0"]) == 0

    assert len(sqs.sent) == 1
    assert capsys.readouterr().out.splitlines()[1:] == ["Ignored: e-1 was applied before."]


@pytest.mark.parametrize(
    ("reason", "code", "told"),
    [
        pytest.param("duplicate", 0, "Ignored: e-1 was applied before.", id="duplicate"),
        pytest.param("late", 1, "Ignored: e-1 came too late.", id="late"),
    ],
)
def test_what_the_state_machine_ignores_ends_the_wait(
    reason: str,
    code: int,
    told: str,
    sqs: FakeSqs,
    outcomes: OutcomeFile,
    capsys: pytest.CaptureFixture[str],
) -> None:
    sqs.effect = told_of(outcomes, Report(Kind.IGNORED, event_id="e-1", reason=reason))

    assert main(["send", "s", "PING", "--event-id", "e-1", "--wait", "60"]) == code

    assert told in "".join(capsys.readouterr())


def test_a_redelivery_of_an_event_that_was_just_applied_is_not_taken_for_a_duplicate(
    sqs: FakeSqs, outcomes: OutcomeFile, capsys: pytest.CaptureFixture[str]
) -> None:
    applied, again = (
        Report(kind, event_id="e-1", reason="duplicate") for kind in (Kind.MOVED, Kind.IGNORED)
    )
    sqs.effect = told_of(outcomes, applied, again)

    main(["send", "s", "PING", "--event-id", "e-1", "--wait", "0"])

    assert "Ignored" not in "".join(capsys.readouterr())


@pytest.mark.parametrize(
    ("state", "told"),
    [
        pytest.param("RUN", "s is in state RUN", id="stack-elsewhere"),
        pytest.param(None, "there is no stack s", id="no-stack"),
    ],
)
def test_a_wait_that_is_too_long_tells_where_the_stack_is(
    sqs: FakeSqs,
    stacks: InMemoryStackRepository,
    state: str | None,
    told: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    if state:
        stacks.save([a_stack(state, version=0)])

    assert main(["send", "s", "PING", "--wait", "0"]) == 1

    assert f"Not applied within 0 s: {told}." in capsys.readouterr().err


def test_a_queue_that_does_not_answer_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = "http://127.0.0.1:9"  # the discard port, which nothing listens on
    monkeypatch.setattr(send, "find_target", lambda args: Target(nobody, f"{nobody}/0/q", "Stacks"))
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")

    assert main(["send", "s", "PING"]) == 2

    assert capsys.readouterr().err == (
        f"cloudseam send: The event was not sent: nothing listens at {nobody}; is `cloudseam dev` "
        "running?\n"
    )


def test_without_an_event_queue_it_says_which_setting_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(send, "find_target", lambda args: Target(None, None, "Stacks"))

    assert main(["send", "s", "PING"]) == 2

    assert "SQS_EVENT_QUEUE_URL" in capsys.readouterr().err
