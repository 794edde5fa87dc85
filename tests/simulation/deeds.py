"""Machines of actions in the simulation, and what their actions do: fail, wait, park, start others.

Each action appends the token of its attempt to the `trail` in the context, so that the trail tells
which invocations counted, and in which order.
"""

from __future__ import annotations

import json
from io import BytesIO
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from cloudseam.actions import Action, Context, max_retry_event, start_state_machine
from cloudseam.languages import load_machine
from cloudseam.languages.python_actions.machine import ActionsMachine
from cloudseam.stored_context import ContextBucket
from task_satisfier.executors import Result, TaskFailedError, TaskRun
from task_satisfier.executors.python.executor import PythonExecutor
from tests.simulation.faults import FAILURES, Kind
from tests.simulation.record import Run

if TYPE_CHECKING:
    from cloudseam.event import Json
    from task_satisfier.executors.python.action_path import Maker
    from tests.simulation.system import System
    from tests.simulation.world import World

FILE = """
machines:
- name: deeds
  max_retries: 2
  timeout: 3m
  states:
  - name: first
    initial: true
    entry_action: a.Deed
    do_action: a.Deed
    exit_action: a.Deed
    transitions:
    - {target: second, event: go, action: a.Deed}
    - {target: first, event: again}
    - {target: near, event: near, local: true, action: a.Deed}
  - name: near
    do_action: a.Deed
    exit_action: a.Deed
    transitions:
    - {target: first, event: again, local: true}
    - {target: second, event: go}
  - name: second
    do_action: a.Guarded
    transitions:
    - {target: first, event: again}
    - {target: third, event: go}
    - {target: third, event: fail}
  - name: third
    entry_action: a.Deed
    do_action: a.Deed
    transitions:
    - {target: second, event: again, action: a.Deed}
    - {target: last, event: go}
  - {name: last, final: true, do_action: a.Deed, exit_action: a.Deed}
- name: child
  max_retries: 1
  states:
  - name: work
    initial: true
    do_action: a.Child
    transitions:
    - {target: end, event: go}
  - {name: end, final: true, exit_action: a.Child}
- name: deed
  max_retries: 1
  states:
  - name: work
    initial: true
    entry_action: a.FailingFirst
    do_action: a.Starting
    transitions:
    - {target: parked, event: go}
  - name: parked
    do_action: a.Parking
    transitions:
    - {target: end, event: go}
  - {name: end, final: true, exit_action: a.Child}
"""
# Contexts of more bytes than these lie in the bucket.
INLINE_BYTES = 300
# What the actions return, by the state that they are in.
EVENTS = {
    "first": ("go", "go", "again", "near", None, "unknown"),
    "near": ("again", "go", "go"),
    "second": ("go", "go", "again", None),
    "third": ("go", "go", "again", None),
    "work": ("go",),
}


def _machine(name: str) -> ActionsMachine:
    machine = load_machine(name, FILE, "deeds.yml")
    assert isinstance(machine, ActionsMachine)
    return machine


DEEDS = {name: _machine(name) for name in ("deeds", "child", "deed")}


class DeedExecutor(PythonExecutor):
    """The executor itself, with actions that the seed moves and a bucket in memory."""

    def __init__(self, system: System) -> None:
        self.objects = Objects(system.world)
        super().__init__("/", ContextBucket(lambda: self.objects, "large"))  # type: ignore[arg-type, return-value]  # the three calls that are made
        self._path = Deeds(system)  # type: ignore[assignment]  # what is asked of it is there

    def work(self, run: TaskRun, seen: Run) -> Result:
        """One invocation, which is noted."""
        told: Any = run.request.input
        seen.fence = told["fence"]
        try:
            result = self.run(run)
        except TaskFailedError:
            seen.ended = "failed"
            raise
        assert isinstance(result, Result)
        seen.ended = "done"
        return result


class Deeds:
    """See `task_satisfier.executors.python.action_path.ActionPath`. Nothing is imported."""

    root = "/"

    def __init__(self, system: System) -> None:
        self.system = system

    def find(self, name: str) -> Maker:
        """What makes the action of a dotted name."""
        kind = KINDS[name.removeprefix("a.")]
        return lambda: kind(name, self)


class Deed(Action):
    """Takes a while, and does what chance has it do."""

    def __init__(self, name: str, deeds: Deeds) -> None:
        super().__init__(name)
        self.system = deeds.system

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        world = self.system.world
        process = world.process()
        seen = process.run
        assert seen is not None
        context["trail"] = [*context.get("trail", []), seen.token[:8]]
        seen.acted += 1
        is_slow = process.chance.random() < self.system.setup.slow / 2
        longest = self.system.setup.longest_task_ms if is_slow else 5_000
        world.enter(f"act {self.name}", can_fail=False, ms=process.chance.whole(50, longest))
        return self.deed(context, obj, seen)

    def deed(self, context: Context, obj: dict[str, Any], seen: Run) -> str | None:
        """What it does once it has taken its time."""
        chance = self.system.world.process().chance
        if chance.random() < self.system.setup.failing:
            raise RuntimeError("It did not work.")
        if chance.random() < 0.1:
            obj["delay"] = chance.choice((1, 20, 70, 1_000))
        if chance.random() < 0.15:
            self.start(context, seen)
        if chance.random() < 0.1:
            context["large"] = "x" * INLINE_BYTES
        elif chance.random() < 0.1:
            context.pop("large", None)
        return chance.choice(EVENTS.get(context.current_state, (None,)))

    def start(self, context: Context, seen: Run) -> None:
        """Starts a machine under an id that no other run gives to one."""
        name = f"{context.correlation_id}.{seen.process.name}.{seen.acted}"
        start_state_machine("child", {"by": seen.token}, correlation_id=name)


class Guarded(Deed):
    """Its last failure is an event."""

    @max_retry_event("fail")
    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        return super().execute(context, obj)


class Child(Deed):
    """Works."""

    def deed(self, context: Context, obj: dict[str, Any], seen: Run) -> str | None:
        return "go"


class FailingFirst(Deed):
    """Fails when it is tried for the first time."""

    def deed(self, context: Context, obj: dict[str, Any], seen: Run) -> str | None:
        if not context.retries:
            raise RuntimeError("It was the first time.")
        return None


class Starting(Deed):
    """Starts a machine, and has this one wait a little."""

    def deed(self, context: Context, obj: dict[str, Any], seen: Run) -> str | None:
        self.start(context, seen)
        obj["delay"] = 2
        return "go"


class Parking(Deed):
    """Starts a machine, and leaves the next event to somebody else."""

    def deed(self, context: Context, obj: dict[str, Any], seen: Run) -> str | None:
        self.start(context, seen)
        return None


KINDS: dict[str, type[Deed]] = {
    kind.__name__: kind for kind in (Deed, Guarded, Child, FailingFirst, Starting, Parking)
}


class Objects:
    """The calls of S3 that are made, over what memory keeps. `written` has all that ever was."""

    def __init__(self, world: World) -> None:
        self.kept: dict[str, bytes] = {}
        self.written: dict[str, bytes] = {}
        self._world = world

    def put_object(self, *, Bucket: str, Key: str, Body: bytes) -> None:  # S3's names
        """See S3."""
        kind = self._enter("put")
        self.kept[Key] = self.written[Key] = Body
        self._leave(kind)

    def get_object(self, *, Bucket: str, Key: str) -> dict[str, BytesIO]:
        """See S3."""
        kind = self._enter("get")
        self._leave(kind)
        if Key not in self.kept:
            raise _refused("NoSuchKey")
        return {"Body": BytesIO(self.kept[Key])}

    def delete_object(self, *, Bucket: str, Key: str) -> None:
        """See S3."""
        kind = self._enter("delete")
        self.kept.pop(Key, None)
        self._leave(kind)

    def _enter(self, what: str) -> Kind | None:
        kind = self._world.enter(f"{what} context")
        if kind in (Kind.FAIL_BEFORE, Kind.FAIL_PARTLY):
            raise _refused("SlowDown")
        return kind

    def _leave(self, kind: Kind | None) -> None:
        self._world.leave(kind)
        if kind in FAILURES:
            raise _refused("SlowDown")


def _refused(code: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "Simulated"}}, "S3")


def context_of(memory: Any, objects: dict[str, bytes]) -> dict[str, Json]:
    """The context that a stack's memory, or an invocation's result, has or refers to."""
    if "stored" in memory:
        stored: dict[str, Json] = json.loads(objects[memory["stored"]["key"]])
        return stored
    return dict(memory.get("context", {}))
