"""The behavioural corpus: data files of machines, events, and what has to come of them.

A file tests one rule:

    rule: one sentence
    machines: [branch]            # files of tests/corpus/machines, or {name: text or `file`}
    steps:
      - send: LAUNCH              # an event; `to` (default: s), `machine`, `metadata`, `eventId`
        receives: 8               # how often it was received (default: 1)
        outcome: applied          # or late, duplicate, nothing-due, returned, dead-lettered
                                  # (default: applied)
        error: StackNotFoundError # where it failed
        asks: [network, other/x]  # tasks asked for, in order, of stack `s` or another (default: [])
        asks_container: [image]   # tasks asked for on the queue of containers (default: [])
        stack: {state: RUN}       # what stack `s` looks like; `removed`; `none`. Only what is
                                  # named is compared; left out: the stack must not have changed
        stacks: {a: …, b: …}      # the same for other stacks
      - answer: network           # an answer that echoes the latest message for the task
        token: first              # echo the first one instead; or `forged`, or `none`
        as: failed                # TASK_ERROR; `description`, `outputs` and `metadata` as given
        kind: MyError             # the kind of failure: `error` of the message
      - timer: s                  # TIMER_DUE for that stack, as it is sent for all its timers
      - message: {…}              # a body as it is; or `body: text`
      - batch: [{send: …}, …]     # several messages in one batch; `outcome` and `error` are lists
      - redeliver: 2              # the messages of step 2 again, with the same ids
      - machines: […]             # the machines are changed
      - row: {…}                  # a row is put into the store as it is

With `after` the clock moves on by so many seconds before a step's messages are delivered. What a
stack looks like has its `timers` too: seconds from its making to each moment it waits for.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Protocol

import yaml

from cloudseam.delivery import Delivery
from cloudseam.event import TIMER_DUE
from cloudseam.messages import stack_view
from cloudseam.outcome import Fate, Outcome
from cloudseam.stack import Stack
from tests.builders import a_delivery

FOLDER = Path(__file__).parents[1] / "corpus"

ITEM_KEYS = {
    "send": {"to", "machine", "metadata", "eventId"},
    "answer": {"to", "token", "as", "kind", "description", "outputs", "metadata"},
    "timer": set[str](),
    "message": set[str](),
    "body": set[str](),
}
STEP_KEYS = {"after", "receives", "outcome", "error", "asks", "asks_container", "stack", "stacks"}


class System(Protocol):
    """What a case is played on."""

    def put_machines(self, texts: Mapping[str, str]) -> None:
        """Replaces all machines."""

    def put_row(self, row: Mapping[str, Any]) -> None:
        """Puts a row into the store as it is."""

    def move_on(self, seconds: float) -> None:
        """Lets so much time pass."""

    def deliver(self, *deliveries: Delivery) -> list[Outcome]:
        """Handles one batch."""

    def tasks(self) -> list[dict[str, Any]]:
        """The task messages since the last look."""

    def container_tasks(self) -> list[dict[str, Any]]:
        """The same of the tasks that run in containers."""

    def stack(self, stack_id: str) -> Stack | None:
        """The stack as it is stored, tombstones included."""


@dataclass
class Player:
    """Plays the steps of one case on one system."""

    system: System
    asked: list[dict[str, Any]] = field(default_factory=list)
    delivered: dict[int, list[Delivery]] = field(default_factory=dict)
    seen: dict[str, Any] = field(default_factory=dict)
    has_containers: bool = False

    def play(self, case: Mapping[str, Any]) -> None:
        """Plays all steps; the first difference fails."""
        texts = machine_texts(case["machines"])
        self.has_containers = any("runner: container" in text for text in texts.values())
        self.system.put_machines(texts)
        for number, step in enumerate(case["steps"], start=1):
            self._play(number, step)

    def _play(self, number: int, step: Mapping[str, Any]) -> None:
        if "machines" in step:
            self.system.put_machines(machine_texts(step["machines"]))
            return
        if "row" in step:
            self.system.put_row(step["row"])
        else:
            self.system.move_on(step.get("after", 0))
            self.delivered[number] = self._deliveries(step)
            outcomes = self.system.deliver(*self.delivered[number])
            self._check_outcomes(number, step, outcomes)
        messages = self.system.tasks()
        self.asked += messages
        self._check_stacks(number, step)
        self._check_messages(number, step, messages)
        if self.has_containers:
            messages = self.system.container_tasks()
            self.asked += messages
            self._check_messages(number, step, messages, "asks_container")

    def _deliveries(self, step: Mapping[str, Any]) -> list[Delivery]:
        if "redeliver" in step:
            before = self.delivered[step["redeliver"]]
            return [replace(sent, receive_count=sent.receive_count + 1) for sent in before]
        count = step.get("receives", 1)
        return [
            a_delivery(self._body(item), receive_count=count) for item in step.get("batch", [step])
        ]

    def _body(self, item: Mapping[str, Any]) -> str:
        if "body" in item:
            return str(item["body"])
        if "message" in item:
            return json.dumps(item["message"])
        if "answer" in item:
            return json.dumps(self._answer(item))
        if "timer" in item:
            return json.dumps({"stackId": item["timer"], "event": TIMER_DUE})
        kept = {name: item[name] for name in ("machine", "metadata", "eventId") if name in item}
        return json.dumps({"stackId": item.get("to", "s"), "event": item["send"], **kept})

    def _answer(self, item: Mapping[str, Any]) -> dict[str, Any]:
        stack_id, name = item.get("to", "s"), item["answer"]
        kept = {key: item[key] for key in ("description", "outputs", "metadata") if key in item}
        kept |= {"error": item["kind"]} if "kind" in item else {}
        return {
            "stackId": stack_id,
            "event": "TASK_ERROR" if item.get("as") == "failed" else "TASK_COMPLETED",
            "task": self._echo(stack_id, name, item.get("token", "latest")),
            **kept,
        }

    def _echo(self, stack_id: str, name: str, which: str) -> dict[str, Any]:
        """The task of an answer, as the message that it answers had it."""
        if which == "none":
            return {"name": name}
        messages = [
            message["task"]
            for message in self.asked
            if (message["stack"]["id"], message["task"]["name"]) == (stack_id, name)
        ]
        task: dict[str, Any] = messages[0 if which == "first" else -1]
        return task | ({"token": "0" * 32} if which == "forged" else {})

    def _check_outcomes(
        self, number: int, step: Mapping[str, Any], outcomes: Sequence[Outcome]
    ) -> None:
        wanted = step.get("outcome", "applied")
        wanted = wanted if isinstance(wanted, list) else [wanted] * len(outcomes)
        errors = step.get("error")
        errors = errors if isinstance(errors, list) else [errors] * len(outcomes)
        assert [named(outcome) for outcome in outcomes] == wanted, f"step {number}: outcome"
        assert [error_of(outcome) for outcome in outcomes] == errors, f"step {number}: error"

    def _check_stacks(self, number: int, step: Mapping[str, Any]) -> None:
        wanted = dict(step.get("stacks", {}))
        if "stack" in step:
            wanted["s"] = step["stack"]
        for stack_id in {"s", *self.seen, *wanted}:
            found = look_of(self.system.stack(stack_id))
            if stack_id in wanted:
                compared = only_named(found, wanted[stack_id])
                assert compared == wanted[stack_id], f"step {number}: stack '{stack_id}'"
            else:
                assert found == self.seen.get(stack_id, "none"), f"step {number}: changed"
            self.seen[stack_id] = found

    def _check_messages(
        self,
        number: int,
        step: Mapping[str, Any],
        messages: Sequence[Mapping[str, Any]],
        key: str = "asks",
    ) -> None:
        assert [place_of(message) for message in messages] == step.get(key, []), (
            f"step {number}: {key}"
        )
        for message in messages:
            stack = self.system.stack(message["stack"]["id"])
            assert stack is not None
            assert message["stack"] == stack_view(stack), f"step {number}: the stack in a message"


def machine_texts(machines: Sequence[str] | Mapping[str, str]) -> dict[str, str]:
    """The machines' texts by name; those of `tests/corpus/machines` where no text is given."""
    named = machines if isinstance(machines, dict) else dict.fromkeys(machines, "file")
    return {
        name: (FOLDER / "machines" / f"{name}.yml").read_text() if text == "file" else text
        for name, text in named.items()
    }


def named(outcome: Outcome) -> str:
    """The outcome in the words of the corpus."""
    if outcome.fate is not Fate.DONE:
        return {Fate.RETURNED: "returned", Fate.DEAD_LETTERED: "dead-lettered"}[outcome.fate]
    assert outcome.verdict is not None
    return outcome.verdict.value.lower().replace("_", "-")


def error_of(outcome: Outcome) -> str | None:
    """The name of its error, if it has one."""
    return type(outcome.error).__name__ if outcome.error else None


def look_of(stack: Stack | None) -> Any:
    """The stack in the words of the corpus."""
    if stack is None:
        return "none"
    if stack.is_removed:
        return "removed"
    return {
        "state": stack.state,
        "previousState": stack.previous_state,
        "tasks": {task.name: task.status.value for task in stack.tasks},
        "errors": {t.name: t.error_message for t in stack.tasks if t.error_message is not None},
        "metadata": dict(stack.metadata),
        "outputs": {name: dict(outputs) for name, outputs in stack.outputs.items()},
        "timers": [round((at - stack.created_at) / 1000) for at in sorted(stack.timers)],
    }


def only_named(found: Any, wanted: Any) -> Any:
    """What is compared: of a living stack, the fields that are named."""
    if not (isinstance(found, dict) and isinstance(wanted, dict)):
        return found
    return {name: found[name] for name in wanted}


def place_of(message: Mapping[str, Any]) -> str:
    """Whose task a message asks for."""
    stack_id, name = message["stack"]["id"], message["task"]["name"]
    return name if stack_id == "s" else f"{stack_id}/{name}"


def load_case(path: Path) -> dict[str, Any]:
    """A case, whose keys are all known."""
    case: dict[str, Any] = yaml.safe_load(path.read_text())
    assert set(case) == {"rule", "machines", "steps"}, path.name
    for step in case["steps"]:
        for item in step.get("batch", [step]):
            _check_item(path, item, STEP_KEYS if item is step else set())
    return case


def _check_item(path: Path, item: Mapping[str, Any], step_keys: set[str]) -> None:
    for kind, keys in ITEM_KEYS.items():
        if kind in item:
            assert set(item) <= {kind} | keys | step_keys, f"{path.name}: {sorted(item)}"
            return
    assert set(item) <= {"redeliver", "machines", "row"} | step_keys, f"{path.name}: {sorted(item)}"
