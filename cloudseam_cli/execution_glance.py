"""How far an execution is. Holds no value of its inputs and outputs."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

from cloudseam.languages.asl.execution import Execution, Phase, Status
from cloudseam.languages.asl.json_text import size_of
from cloudseam.stack import Stack

# What a thread is about, in words. One that runs on by itself never rests in a stack.
ABOUT = {
    Phase.TASK: "waits for its task",
    Phase.WAITING: "waits",
    Phase.RETRYING: "waits for its next attempt",
    Phase.GATHERING: "waits for its branches or iterations",
}


@dataclass(frozen=True, slots=True)
class Glance:
    """`places` are the states that its threads are in, each with what it waits for there. Times are
    epoch milliseconds, 0 where there is none; sizes are bytes of JSON, None where there is none.
    """

    places: Sequence[tuple[str, str]]
    events: int
    started_at: int
    stopped_at: int
    wakes_at: int
    input_bytes: int
    output_bytes: int | None
    error: str | None
    cause: str | None

    @classmethod
    def of(cls, stack: Stack) -> Self | None:
        """That of a stack; None where it is on a machine of another language, or not started."""
        if "execution" not in stack.memory:
            return None
        run = Execution.of_json(stack.memory["execution"])
        return cls(
            places=[
                (thread.state, ABOUT[thread.phase])
                for thread in run.threads.values()
                if run.status is Status.RUNNING and thread.phase in ABOUT
            ],
            events=run.events,
            started_at=run.started_at,
            stopped_at=run.stopped_at,
            wakes_at=run.wakes_at if run.status is Status.RUNNING else 0,
            input_bytes=size_of(run.input),
            output_bytes=size_of(run.output) if run.status is Status.SUCCEEDED else None,
            error=run.error,
            cause=run.cause,
        )
