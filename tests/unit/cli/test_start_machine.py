"""`cloudseam start`: what is typed becomes the START of a machine."""

import io
import json
import sys
from pathlib import Path
from typing import Any

import pytest

from cloudseam.messages import parse_event
from cloudseam_cli import start
from cloudseam_cli.local.resources import Resources
from cloudseam_cli.main import main
from cloudseam_cli.start import asked_for
from cloudseam_cli.target import Target, find_target
from tests.builders import CANARY
from tests.unit.cli.options import options


class FakeAws:
    """Takes messages and objects."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, Any]]] = []

    def send_message(self, **message: str) -> None:
        self.calls.append(("send_message", message))

    def put_object(self, **written: Any) -> None:
        self.calls.append(("put_object", written))

    @property
    def body(self) -> dict[str, Any]:
        """The one message that was sent."""
        [message] = [told for name, told in self.calls if name == "send_message"]
        body: dict[str, Any] = json.loads(message["MessageBody"])
        return body


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> FakeAws:
    aws = FakeAws()
    monkeypatch.setattr(Target, "client", lambda self, service: aws)
    monkeypatch.setattr(start, "find_target", lambda args: Target(None, "queue-url", "Stacks"))
    monkeypatch.delenv("CONTEXT_BUCKET", raising=False)
    return aws


def test_a_machine_is_started_under_its_id(
    aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["start", "orders", "--id", "order-7", "--context", '{"a": 1}']) == 0

    assert aws.body == {
        "event": "START",
        "eventId": "start/order-7",
        "machine": "orders",
        "stackId": "order-7",
        "context": {"a": 1},
    }
    assert len(aws.calls) == 1
    assert parse_event(json.dumps(aws.body), "m").name == "START"
    assert capsys.readouterr().out == "Sent START to order-7 (event id start/order-7).\n"


def test_without_an_id_it_gets_a_new_one_and_no_context(aws: FakeAws) -> None:
    first, second = (asked_for(options("start", "orders")) for _ in range(2))

    assert first.stack_id != second.stack_id
    assert first.context == {}


def test_a_machine_resumes_at_a_state(aws: FakeAws) -> None:
    words = ("--state", "Charge", "--event", "charged", "--additional-delay", "7")

    assert main(["start", "orders", *words]) == 0

    assert aws.body["state"] == "Charge"
    assert aws.body["currentEvent"] == "charged"
    assert aws.body["additionalDelaySeconds"] == 7


def test_a_context_comes_from_a_file_or_from_standard_input(
    aws: FakeAws, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "order.json"
    file.write_text('{"a": "of the file"}')
    monkeypatch.setattr(sys, "stdin", io.StringIO('{"a": "typed"}'))

    assert asked_for(options("start", "m", "--context", str(file))).context == {"a": "of the file"}
    assert asked_for(options("start", "m", "--context", "-")).context == {"a": "typed"}


def test_json_is_all_that_a_script_reads(aws: FakeAws, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["start", "orders", "--id", "order-7", "--json"]) == 0

    told = capsys.readouterr()
    assert json.loads(told.out) == {"stackId": "order-7", "machine": "orders"}
    assert "Sent START" in told.err


def test_a_large_context_goes_to_the_bucket_first(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("CONTEXT_BUCKET", "contexts")
    file = tmp_path / "order.json"
    file.write_text(json.dumps({"a": "x" * 200_000}))

    assert main(["start", "orders", "--context", str(file)]) == 0

    assert [name for name, _ in aws.calls] == ["put_object", "send_message"]
    assert aws.body["stored"]["key"] == aws.calls[0][1]["Key"]


def test_a_large_context_for_a_dev_goes_to_its_bucket_whatever_the_environment_says(
    aws: FakeAws, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    target = find_target(options("start", "orders", "--port", "4999"), {}, tmp_path)
    monkeypatch.setattr(start, "find_target", lambda args: target)
    monkeypatch.setenv("CONTEXT_BUCKET", "real")
    file = tmp_path / "order.json"
    file.write_text(json.dumps({"a": "x" * 200_000}))

    assert main(["start", "orders", "--context", str(file)]) == 0

    assert aws.calls[0][1]["Bucket"] == Resources.at("http://127.0.0.1:4999").context_bucket


REFUSED = {
    "half a place": ["--state", "Charge"],
    "the other half": ["--event", "charged"],
    "an id with a line break": ["--id", "a\nb"],
    "an id that is too long": ["--id", "x" * 300],
    "a context that is a list": ["--context", "[]"],
    "a context that is not JSON": ["--context", "{" + CANARY],
    "a context with NaN": ["--context", '{"a": NaN}'],
    "a file that is not there": ["--context", "/nowhere/order.json"],
    "a context that needs a bucket": ["--context", json.dumps({"a": "x" * 100_000})],
}


@pytest.mark.parametrize("words", REFUSED.values(), ids=REFUSED)
def test_what_no_machine_can_be_started_by_is_refused_and_not_told(
    words: list[str], aws: FakeAws, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["start", "orders", *words]) == 2

    assert aws.calls == []
    told = capsys.readouterr()
    assert told.err.startswith("cloudseam start: ")
    assert CANARY not in told.err + told.out


@pytest.mark.parametrize("seconds", ["-1", "soon", "1.5"])
def test_a_delay_is_a_whole_number(seconds: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["start", "orders", "--additional-delay", seconds])

    assert ended.value.code == 2
    assert "whole number" in capsys.readouterr().err
