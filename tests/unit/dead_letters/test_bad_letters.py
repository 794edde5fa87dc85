"""Whatever a dead letter holds, it can be listed and judged, and nothing is done to find out."""

import json
from typing import Any

import pytest

from cloudseam_cli.dead_letters.letter import TASK, Letter
from cloudseam_cli.dead_letters.rehearsal import Chance
from cloudseam_cli.dlq import lines, view
from tests.bad_events import BAD_EVENTS
from tests.bad_invocations import NO_SWEEPS
from tests.builders import CANARY, a_stack
from tests.unit.dead_letters.letters import a_letter
from tests.unit.dead_letters.test_rehearsal import PINNED, TASKS, World
from tests.unit.task_satisfier.test_satisfier import NO_TASKS

BAD_LETTERS = {
    **{f"event-{bad.id}": a_letter(bad.body) for bad in BAD_EVENTS},
    **{f"sweep-{name}": a_letter(body) for name, body in NO_SWEEPS.items()},
    **{f"task-{name}": a_letter(body, what=TASK) for name, body in NO_TASKS.items()},
    "reason-with-orders": a_letter("{}", reason="\x1b[2J\u202e\x07"),
    "id-with-orders": a_letter('{"stackId": "\\u001b[2J", "event": "\\u202eE"}'),
}


@pytest.mark.parametrize("letter", BAD_LETTERS.values(), ids=BAD_LETTERS)
def test_it_is_judged_without_a_write_and_listed_without_a_value(letter: Letter) -> None:
    world = World(a_stack("PROVISION", tasks=TASKS, **PINNED))
    before = dict(world.stacks.rows)

    forecast = world.forecast(letter)
    listed = list(lines([view(letter, forecast)]))

    assert forecast.chance in Chance
    assert forecast.text
    assert world.stacks.rows == before
    assert CANARY not in str(listed)
    assert all(line.isprintable() for line in listed)


# Messages as SQS could deliver them from a queue that others write to as well.
ODD_MESSAGES: dict[str, dict[str, Any]] = {
    "no-attributes": {},
    "binary-attribute": {
        "MessageAttributes": {"reason": {"DataType": "Binary", "BinaryValue": b"\xff"}}
    },
    "odd-attributes": {
        "MessageAttributes": {
            "reason": {"DataType": "String", "StringValue": ""},
            "messageId": {"DataType": "Number", "StringValue": "7"},
        }
    },
    "no-time": {"Attributes": {}},
}


@pytest.mark.parametrize("odd", ODD_MESSAGES.values(), ids=ODD_MESSAGES)
def test_a_letter_that_nobody_of_us_wrote_is_read(odd: Any) -> None:
    message = {"MessageId": "m", "Body": json.dumps([CANARY]), "ReceiptHandle": "r"} | odd

    letter = Letter.received("event", message)

    assert letter.report().message_id == "m"
    assert letter.original_id
