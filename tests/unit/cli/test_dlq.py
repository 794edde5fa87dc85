"""`cloudseam dlq`: what is printed of letters, and command lines that make no sense."""

import json
from typing import Any

import pytest

from cloudseam_cli.dead_letters.redrive import Fate, Result
from cloudseam_cli.dead_letters.rehearsal import Chance, Forecast
from cloudseam_cli.dlq import lines, masked, told, view
from cloudseam_cli.main import main
from cloudseam_cli.moment import moment
from tests.builders import CANARY, NOW, an_event_body
from tests.unit.dead_letters.letters import a_letter


def test_a_letter_is_a_line_with_why_it_is_dead_and_what_it_would_do() -> None:
    letter = a_letter(an_event_body("DESTROY"), message_id="l-1", sent_at=NOW)
    forecast = Forecast(Chance.WORKS, "would move RUN → DESTROY", letter.body)

    assert list(lines([view(letter, forecast)])) == [
        f"l-1  event  {moment(NOW)}  s  DESTROY",
        "  why  it was too early",
        "  now  would move RUN → DESTROY",
    ]


def test_what_a_letter_says_gives_no_orders_to_the_terminal() -> None:
    letter = a_letter(an_event_body("\x1b[31m"), reason="a\x1b[0m\nb")
    known = view(letter, Forecast(Chance.REFUSED, "no\x07", letter.body))

    assert all(line.isprintable() for line in lines([known]))
    assert told(Result(letter, Fate.LEFT, "no\x07\nmore"), dry_run=False).isprintable()


@pytest.mark.parametrize(
    ("fate", "dry_run", "word"),
    [
        pytest.param(Fate.SENT, False, "sent", id="sent"),
        pytest.param(Fate.SENT, True, "would be sent", id="would-be-sent"),
        pytest.param(Fate.REMOVED, True, "would be removed", id="would-be-removed"),
        pytest.param(Fate.LEFT, True, "left", id="left"),
    ],
)
def test_a_result_says_what_was_done_or_would_be(fate: Fate, dry_run: bool, word: str) -> None:
    letter = a_letter(an_event_body("DESTROY"), message_id="l-1")

    line = told(Result(letter, fate, "why"), dry_run=dry_run)

    assert line == f"l-1  {word}  s DESTROY: why"


@pytest.mark.parametrize(
    ("body", "shown"),
    [
        pytest.param(
            {"metadata": {"password": CANARY, "a": 1}},
            {"metadata": {"password": "***", "a": 1}},
            id="event",
        ),
        pytest.param(
            {"stack": {"metadata": {"password": CANARY}}, "task": {"name": "net"}},
            {"stack": {"metadata": {"password": "***"}}, "task": {"name": "net"}},
            id="task",
        ),
        pytest.param(
            {"metadata": {"password": {"nested": CANARY}}},
            {"metadata": {"password": "***"}},
            id="nested",
        ),
        pytest.param(f'{{"metadata": {{"password": "{CANARY}"', "***", id="cut-off"),
        pytest.param("not json", "not json", id="not-json"),
    ],
)
def test_sensitive_values_of_a_body_are_masked(body: Any, shown: Any) -> None:
    found = masked(a_letter(body), {"password"})

    assert found == shown
    assert CANARY not in json.dumps(found)


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="nothing"),
        pytest.param(["drop"], id="unknown"),
        pytest.param(["show"], id="show-without-an-id"),
        pytest.param(["list", "--queue", "mine"], id="unknown-queue"),
    ],
)
def test_a_command_line_that_makes_no_sense_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["dlq", *arguments])

    assert ended.value.code == 2


@pytest.mark.parametrize("arguments", [[], ["an-id", "--all"]], ids=["neither", "both"])
def test_redrive_is_told_which_letters_or_all(
    arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["dlq", "redrive", *arguments]) == 2

    assert "Name the letters to redrive, or say --all" in capsys.readouterr().err
