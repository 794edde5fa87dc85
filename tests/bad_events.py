"""Messages that no event queue should hold, and what has to become of each.

They are sent to a system where stack `s` runs machine `life` and waits for its tasks `net` and
`db`. None of them may change it, or add a stack. `CANARY` is in the metadata of most: it may show
up in no log, no error and no reason.
"""

import json
from dataclasses import dataclass
from typing import Any

from cloudseam.outcome import Fate
from tests.builders import CANARY

LETTER, BACK, TAKEN = Fate.DEAD_LETTERED, Fate.RETURNED, Fate.DONE


@dataclass(frozen=True)
class BadEvent:
    """One bad message: `error` is the name of what is said about it, None where it is late."""

    id: str
    body: str
    error: str | None = "InvalidMessageError"
    fate: Fate = LETTER


def event(**fields: Any) -> str:
    """A fine event of stack `s`, but for these fields."""
    fine = {"stackId": "s", "event": "PING", "metadata": {"secret": CANARY}}
    return json.dumps(fine | fields)


def answer(**fields: Any) -> str:
    """A fine completion of task `net` from outside, but for these fields."""
    return event(**{"event": "TASK_COMPLETED", "task": {"name": "net"}} | fields)


def metadata(**values: Any) -> str:
    """A fine event, but for these keys of its metadata."""
    return event(metadata={"secret": CANARY} | values)


def raw(field: str, text: str) -> str:
    """A fine answer, but for a field given as JSON text: what Python itself would not write."""
    return answer(**{field: "@@"}).replace('"@@"', text)


def nested(levels: int) -> str:
    """The JSON text of a value inside that many arrays."""
    return "[" * levels + json.dumps(CANARY) + "]" * levels


NOT_JSON = {
    "empty": "",
    "blank": "   ",
    "words": f"please launch {CANARY}",
    "python": "{'stackId': 's', 'event': 'PING'}",
    "yaml": f"stackId: s\nevent: PING\nmetadata:\n  a: {CANARY}",
    "xml": f"<event>{CANARY}</event>",
    "cut-off": event()[:-5],
    "trailing-comma": event()[:-1] + ",}",
    "two-objects": event() + event(),
    "comment": event() + " // done",
    "byte-order-mark": "\ufeff" + event(),
    "raw-control-character": event(stackId="@").replace("@", "a\x01b"),
    "nul": "\x00",
    "nan": "NaN",
    "base64": "eyJzdGFja0lkIjogInMifQ==",
}
NOT_AN_OBJECT = {
    "null": "null",
    "true": "true",
    "number": "1",
    "float": "1e5",
    "text": json.dumps(CANARY),
    "array": "[]",
    "array-of-events": f"[{event()}]",
    "json-in-json": json.dumps(event()),
}
NUMBERS = {
    "nan": "NaN",
    "infinity": "Infinity",
    "minus-infinity": "-Infinity",
    "39-digits": "9" * 39,
    "5000-digits": "9" * 5000,
    "1e999": "1e999",
    "1e200": "1e200",
    "1e-200": "1e-200",
}
NOT_NUMBERS = ("nan", "infinity", "minus-infinity", "5000-digits")
STACK_IDS: dict[str, Any] = {
    "missing": None,
    "empty": "",
    "number": 7,
    "true": True,
    "array": ["s"],
    "object": {"id": "s"},
    "256-characters": "x" * 256,
    "300-characters": "x" * 300,
    "1-MiB": "x" * 2**20,
    "newline": "s\nevent: DESTROY",
    "carriage-return": "s\r",
    "tab": "s\t",
    "nul": "s\x00",
    "escape": "\x1b[31ms",
    "delete": "s\x7f",
    "line-separator": "s\u2028",
    "right-to-left-override": "s\u202egpj",
    "surrogate": "s\ud800",
    "reserved-prefix": "cloudseam#claim#s",
}
NAMES: dict[str, Any] = {
    "number": 7,
    "true": True,
    "array": ["PING"],
    "object": {"a": CANARY},
    "surrogate": "PING\udc00",
    "1-MiB": "P" * 2**20,
}
OUTPUTS: dict[str, Any] = {
    "text": CANARY,
    "array": [CANARY],
    "deep": json.loads(f'{{"a": {nested(40)}}}'),
    "large": {"a": "x" * 40_000},
    "number": {"a": [1e300]},
    "digits": {"a": 10**40},
    "surrogate": {"a": {"b": "\ud800"}},
    "empty-key": {"": 1},
}
# Fine events but for the machine, of a stack that is not there; each is looked for, later again.
MACHINES = {
    "unknown": "no-such",
    "parent-folder": "../life",
    "passwd": "../../../../etc/passwd",
    "absolute": "/etc/passwd",
    "with-extension": "life.yml",
    "backslashes": "..\\life",
    "dot": ".",
    "dots": "..",
    "nul": "life\x00",
    "newline": "life\n",
    "percent": "%2e%2e%2flife",
    "upper-case": "LIFE",
    "prototype": "constructor",
    "long": "m" * 900,
    "shell": "$(touch /tmp/x)",
}

BAD_EVENTS = [
    *(BadEvent(f"not-json-{name}", body) for name, body in NOT_JSON.items()),
    *(BadEvent(f"not-an-object-{name}", body) for name, body in NOT_AN_OBJECT.items()),
    BadEvent("deep-arrays", "[" * 100_000),
    BadEvent("deep-objects", '{"a":' * 50_000 + "1" + "}" * 50_000),
    BadEvent("deep-extra-field", raw("extra", nested(990))),
    BadEvent("deep-metadata", raw("metadata", nested(990))),
    BadEvent("deep-description", raw("description", nested(960))),
    BadEvent("metadata-of-1-MiB", metadata(k="x" * 2**20)),
    BadEvent("metadata-of-100000-keys", event(metadata={str(n): CANARY for n in range(100_000)})),
    *(BadEvent(f"stack-id-{name}", event(stackId=value)) for name, value in STACK_IDS.items()),
    *(BadEvent(f"event-{name}", event(event=value)) for name, value in NAMES.items()),
    *(BadEvent(f"action-{name}", event(event="", action=value)) for name, value in NAMES.items()),
    *(BadEvent(f"machine-{name}", event(machine=value)) for name, value in NAMES.items()),
    *(BadEvent(f"event-id-{name}", event(eventId=value)) for name, value in NAMES.items()),
    BadEvent("event-missing", event(event=None)),
    BadEvent("event-empty", event(event="", action="")),
    BadEvent("machine-empty", event(machine="")),
    BadEvent("event-id-empty", event(eventId="")),
    *(
        BadEvent(f"metadata-{name}", raw("metadata", f'{{"k": {number}}}'))
        for name, number in NUMBERS.items()
    ),
    *(BadEvent(f"extra-{name}", raw("extra", NUMBERS[name])) for name in NOT_NUMBERS),
    BadEvent("metadata-text", event(metadata=CANARY)),
    BadEvent("metadata-array", event(metadata=[CANARY])),
    BadEvent("metadata-number", event(metadata=7)),
    BadEvent("metadata-true", event(metadata=True)),
    BadEvent("metadata-nested-object", metadata(k={"a": CANARY})),
    BadEvent("metadata-nested-array", metadata(k=[CANARY])),
    BadEvent("metadata-empty-key", event(metadata={"": CANARY})),
    BadEvent("metadata-surrogate", metadata(k="\ud800")),
    BadEvent("metadata-surrogate-key", event(metadata={"\udfff": CANARY})),
    BadEvent("answer-without-task", answer(task=None)),
    BadEvent("answer-task-text", answer(task="net")),
    BadEvent("answer-task-array", answer(task=["net"])),
    BadEvent("answer-task-nameless", answer(task={"token": "t"})),
    BadEvent("answer-task-empty-name", answer(task={"name": ""})),
    BadEvent("answer-task-name-number", answer(task={"name": 7})),
    BadEvent("answer-task-name-surrogate", answer(task={"name": "net\ud800"})),
    BadEvent("answer-token-number", answer(task={"name": "net", "token": 7})),
    BadEvent("answer-token-null", answer(task={"name": "net", "token": None})),
    BadEvent("answer-token-surrogate", answer(task={"name": "net", "token": "\ud800"})),
    BadEvent("answer-token-1-MiB", answer(task={"name": "net", "token": "t" * 2**20})),
    *(BadEvent(f"outputs-{name}", answer(outputs=value)) for name, value in OUTPUTS.items()),
    BadEvent("answer-unknown-task", answer(task={"name": "smoke"}), "UnknownTaskError"),
    BadEvent(
        "error-unknown-task", answer(event="TASK_ERROR", task={"name": "x"}), "UnknownTaskError"
    ),
    BadEvent("answer-forged", answer(task={"name": "net", "token": "f" * 32}), None, TAKEN),
    BadEvent("answer-forged-unicode", answer(task={"name": "net", "token": "ż"}), None, TAKEN),
    BadEvent("answer-forged-unknown", answer(task={"name": "x", "token": "f"}), None, TAKEN),
    BadEvent("answer-unknown-stack", answer(stackId="n"), None, TAKEN),
    BadEvent("answer-unknown-stack-machine", answer(stackId="n", machine="life"), None, TAKEN),
    BadEvent("next-from-outside", event(event="NEXT"), "EventNotAllowedFromOutsideError"),
    BadEvent("next-as-action", event(event="", action="NEXT"), "EventNotAllowedFromOutsideError"),
    BadEvent(
        "next-by-the-last-of-two-keys",
        event().replace('"PING"', '"PING", "event": "NEXT"'),
        "EventNotAllowedFromOutsideError",
    ),
    BadEvent(
        "next-starts-no-stack",
        event(stackId="n", event="NEXT", machine="life"),
        "EventNotAllowedFromOutsideError",
    ),
    BadEvent("another-machine", event(machine="other"), "MachineMismatchError", BACK),
    BadEvent("another-machine-path", event(machine="../other"), "MachineMismatchError", BACK),
    BadEvent("event-lower-case", event(event="ping"), "TransitionNotAllowedError", BACK),
    BadEvent("event-prototype", event(event="constructor"), "TransitionNotAllowedError", BACK),
    BadEvent("event-dunder", event(event="__class__"), "TransitionNotAllowedError", BACK),
    BadEvent("event-shell", event(event="PING; rm -rf /"), "TransitionNotAllowedError", BACK),
    BadEvent("event-newline", event(event="PING\nNEXT"), "TransitionNotAllowedError", BACK),
    BadEvent("event-nul", event(event="PING\x00"), "TransitionNotAllowedError", BACK),
    BadEvent("event-long", event(event="P" * 1_000), "TransitionNotAllowedError", BACK),
    BadEvent("event-of-another-state", event(event="LAUNCH"), "TransitionNotAllowedError", BACK),
    BadEvent("unknown-stack", event(stackId="n"), "StackNotFoundError", BACK),
    BadEvent(
        "retry-unknown-stack",
        event(stackId="n", event="RETRY_PENDING_TASKS", machine="life"),
        "StackNotFoundError",
        BACK,
    ),
    *(
        BadEvent(
            f"machine-named-{name}",
            event(stackId="n", event="LAUNCH", machine=machine),
            "MachineNotFoundError",
            BACK,
        )
        for name, machine in MACHINES.items()
    ),
]
