"""Drives one stack through a list of events, each sent when the one before has had its effect."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol
from uuid import uuid4

from cloudseam.errors import CloudSeamError
from cloudseam.event import Scalar
from cloudseam.persistence import StackRepository
from cloudseam.stack import Stack, TaskStatus
from cloudseam_cli.local.report import Kind, Report
from cloudseam_cli.stack_store import load_one

TICK_SECONDS = 0.1
LAST_NEWS_SECONDS = 2.0


class DriveFailedError(CloudSeamError):
    """The stack did not get where it was to go."""


@dataclass(frozen=True, slots=True)
class Stage:
    """An event to send, and where the stack is once it has had its effect: `until` None: gone."""

    event: str
    title: str
    until: str | None
    metadata: Mapping[str, Scalar] = field(default_factory=dict)

    def is_reached(self, stack: Stack | None, event_id: str) -> bool:
        """Whether the event has been applied, and all that it led to is done."""
        if stack is None or not stack.has_applied(event_id):
            return False
        if self.until is None:
            return stack.is_removed
        return stack.state == self.until and stack.is_satisfied


@dataclass(frozen=True, slots=True)
class Scene:
    """What there is to be seen now. `ended` has the seconds of each stage that is over."""

    stages: Sequence[Stage]
    ended: Sequence[float]
    stack: Stack | None
    elapsed: float

    def seconds(self, number: int) -> float | None:
        """How long a stage has taken so far, None for one that has not begun."""
        if number < len(self.ended):
            return self.ended[number]
        return self.elapsed - sum(self.ended) if number == len(self.ended) else None


class View(Protocol):
    """Shows a drive to people."""

    def show(self, scene: Scene) -> None:
        """Shows what there is to be seen now; called many times a second."""

    def tell(self, report: Report) -> None:
        """Tells of something that happened; called once for it."""


class Drive:
    """One stack's way. `reports` gives what has happened, and waits so long for it, in seconds."""

    def __init__(
        self,
        stack_id: str,
        machine: str,
        *,
        send: Callable[[str], Any],
        stacks: StackRepository,
        reports: Callable[[float], Iterator[Report]],
        view: View,
        is_stopped: Callable[[], bool],
        limit_seconds: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._stack_id = stack_id
        self._machine = machine
        self._send = send
        self._stacks = stacks
        self._reports = reports
        self._view = view
        self._is_stopped = is_stopped
        self._limit = limit_seconds
        self._clock = clock
        self._is_end_told = False

    def run(self, stages: Sequence[Stage]) -> Iterator[Stack]:
        """Goes through the stages; gives the stack as it is at the end of each.

        Ends early, without an error, when it is stopped.

        Raises:
            DriveFailedError: a task failed, a message was given up, or time is over.
        """
        begun = self._clock()
        ended: list[float] = []
        stack: Stack | None = None
        for stage in stages:
            event_id = uuid4().hex
            self._send(self._message(stage, event_id))
            while not stage.is_reached(stack, event_id):
                if self._is_stopped():
                    return
                self._listen()
                stack = load_one(self._stacks, self._stack_id)
                elapsed = self._clock() - begun
                self._view.show(Scene(stages, tuple(ended), stack, elapsed))
                self._refuse_trouble(stage, stack, elapsed)
            ended.append(self._clock() - begun - sum(ended))
            assert stack is not None
            yield stack
        if stack is not None and stack.is_removed:
            self._hear_of_the_end()
        self._view.show(Scene(stages, tuple(ended), stack, sum(ended)))

    def _message(self, stage: Stage, event_id: str) -> str:
        return json.dumps(
            {
                "stackId": self._stack_id,
                "event": stage.event,
                "eventId": event_id,
                "machine": self._machine,
                "metadata": dict(stage.metadata),
            }
        )

    def _listen(self) -> None:
        for report in self._reports(TICK_SECONDS):
            self._view.tell(report)
            self._is_end_told |= report.is_removed and report.stack == self._stack_id
            if report.kind is Kind.DEAD_LETTER and report.stack in ("", self._stack_id):
                raise DriveFailedError(f"{report.event} was given up: {report.reason}")
            if report.kind is Kind.RAISED:
                raise DriveFailedError(f"A function failed: {report.reason}")

    def _hear_of_the_end(self) -> None:
        """Waits a little for the news of what the store says already."""
        deadline = self._clock() + LAST_NEWS_SECONDS
        while not self._is_end_told and self._clock() < deadline:
            self._listen()

    def _refuse_trouble(self, stage: Stage, stack: Stack | None, elapsed: float) -> None:
        for task in stack.tasks if stack else ():
            if task.status is TaskStatus.ERROR:
                raise DriveFailedError(f"Task {task.name} failed: {task.error_message}")
        if elapsed > self._limit:
            at = f"in state {stack.state}" if stack else "not there yet"
            raise DriveFailedError(
                f"{stage.event} had not had its effect after {self._limit:g} s: stack "
                f"{self._stack_id} is {at}."
            )
