"""What a dead event is called when it is sent again."""

import json
from dataclasses import replace

import pytest

from cloudseam.limits import MAX_NAME_CHARACTERS
from cloudseam.messages import parse_event
from cloudseam.stack import Stack, event_mark
from cloudseam.transition import Transition
from cloudseam_cli.dead_letters.identity import redriven_body, redriven_id
from cloudseam_cli.dead_letters.letter import Letter
from tests.builders import NOW, a_stack, a_task, an_event_body
from tests.unit.dead_letters.letters import a_letter


def new_id(letter: Letter, stack: Stack | None) -> str:
    event = parse_event(letter.body, letter.failed_id)
    return parse_event(redriven_body(letter, event, stack), "another message").id


MOVED = Transition(event_mark("e"), NOW, "TASK_COMPLETED", "life", "PROVISION", "RUN", 2)
ASKED = replace(a_stack("PROVISION"), tasks=(a_task("net", asked_by=event_mark("e")),))


@pytest.mark.parametrize(
    ("event_id", "stack", "expected"),
    [
        pytest.param("e", None, "e/redrive/m", id="new-to-a-stack-that-is-not-there"),
        pytest.param("e", a_stack(), "e/redrive/m", id="new-to-its-stack"),
        pytest.param("e", a_stack().with_applied("e", NOW), "e", id="applied"),
        pytest.param("e", a_stack().with_applied("e", NOW).removed(NOW), "e", id="ended-it"),
        pytest.param("e", ASKED, "e", id="asked-for-a-task"),
        pytest.param("e", a_stack(transitions=(MOVED,)), "e", id="moved-it"),
        pytest.param(None, a_stack(), "m/redrive/m", id="without-an-id-of-its-own"),
        pytest.param(None, a_stack().with_applied("m", NOW), "m", id="without-one-and-applied"),
    ],
)
def test_an_event_that_was_applied_keeps_its_id_and_any_other_gets_a_new_one(
    event_id: str | None, stack: Stack | None, expected: str
) -> None:
    fields = {"eventId": event_id} if event_id else {}

    assert new_id(a_letter(an_event_body(**fields), failed_id="m"), stack) == expected


def test_two_letters_of_one_message_are_one_event_and_those_of_two_are_two() -> None:
    first, twin, other = (a_letter(an_event_body(), failed_id=each) for each in ("m", "m", "n"))

    assert new_id(first, None) == new_id(twin, None) != new_id(other, None)


def test_a_letter_that_sqs_itself_moved_has_the_id_of_the_message_that_failed() -> None:
    assert new_id(a_letter(an_event_body(), attributes={}, message_id="m"), None) == "m/redrive/m"


def test_an_id_that_would_be_too_long_is_a_digest_and_still_the_same_each_time() -> None:
    longest = "e" * (MAX_NAME_CHARACTERS - len("/redrive/m"))

    assert redriven_id(longest, "m") == f"{longest}/redrive/m"
    assert len(redriven_id(longest + "e", "m")) < 100
    assert redriven_id(longest + "e", "m") == redriven_id(longest + "e", "m")
    assert redriven_id(longest + "e", "m") != redriven_id(longest + "e", "n")


@pytest.mark.parametrize("text", ["ü€😀", "half \ud800"], ids=["not-ascii", "half-a-pair"])
def test_all_else_of_the_body_stays_as_it_is(text: str) -> None:
    body = an_event_body(note=text, metadata={"size": 1.5, "key": None}, more=[1, {"a": True}])
    letter = a_letter(body, failed_id="m")

    redriven = redriven_body(letter, parse_event(letter.body, "m"), None)

    assert json.loads(redriven) == {**body, "eventId": "m/redrive/m"}
    redriven.encode()
