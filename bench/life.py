"""The life that is measured: five events, one task message for three of them.

LAUNCH asks for two tasks, each is completed, DESTROY asks for one, and once that is completed the
stack is removed.
"""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

MACHINE_NAME = "bench"
MACHINE = """\
version: 1
events: [LAUNCH, TOUCH, DESTROY]
states:
  INIT:
    on: {LAUNCH: [{action: advance, state: PROVISION}]}
  PROVISION:
    tasks: [network, app]
    on: {NEXT: [{action: advance, state: RUN}]}
  RUN:
    on:
      TOUCH: [{action: no-op}]
      DESTROY: [{action: advance, state: TEARDOWN}]
  TEARDOWN: {terminal: true, tasks: [cleanup]}
tasks:
  network: {executor: lambda, config: {name: network}}
  app: {executor: lambda, config: {name: app, args: {size: 1}}}
  cleanup: {executor: lambda, config: {name: cleanup}}
"""


@dataclass(frozen=True, slots=True)
class Phase:
    """One event of the life; `task` is the one that it completes."""

    event: str
    task: str = ""

    def __str__(self) -> str:
        return f"{self.event} {self.task}".strip()


LIFE = (
    Phase("LAUNCH"),
    Phase("TASK_COMPLETED", "network"),
    Phase("TASK_COMPLETED", "app"),
    Phase("DESTROY"),
    Phase("TASK_COMPLETED", "cleanup"),
)


def machine_text(name: str, revision: int = 1) -> str:
    """A machine of its own: the same life, and a digest that no other has."""
    return MACHINE.replace("size: 1", f"size: {name} {revision}")


Asked = dict[tuple[str, str], Mapping[str, Any]]  # by stack and task, as the task message has it


def body(phase: Phase, stack: str, asked: Asked, machine: str = MACHINE_NAME) -> str:
    """The event as a producer or the satisfier sends it, with the task echoed."""
    event: dict[str, Any] = {"stackId": stack, "event": phase.event}
    if phase.event == "LAUNCH":
        event |= {"machine": machine, "metadata": {"branch": "main", "image": "v1"}}
    if phase.task:
        event["task"] = asked[stack, phase.task]
    return json.dumps(event)


def tasks_of(messages: Iterable[str]) -> Asked:
    """The tasks that these messages ask for."""
    read = (json.loads(message) for message in messages)
    return {(each["stack"]["id"], each["task"]["name"]): each["task"] for each in read}
