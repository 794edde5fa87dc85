"""The history of an execution, in the form that GetExecutionHistory has."""

from dataclasses import dataclass, field
from functools import cache
from typing import Any

from cloudseam.languages.asl.json_text import text_of

# Of one execution (developer guide, "Service quotas"). The last one is its end.
MAX_EVENTS = 25_000
ENDS = frozenset({f"Execution{how}" for how in ("Succeeded", "Failed", "TimedOut", "Aborted")})
WHOLE = {"truncated": False}


@dataclass(slots=True)
class History:
    """The events of one step; `count` is how many there were before it and are now."""

    count: int
    now: int
    events: list[dict[str, Any]] = field(default_factory=list)
    is_full: bool = False

    def log(self, kind: str, previous: int, **details: Any) -> int:
        """Adds an event and gives its id. The details go under the name that its kind gives.

        Only the end of the execution has a place behind all others; `is_full` says that something
        else was to be added.
        """
        if self.count >= MAX_EVENTS - 1 and kind not in ENDS:
            self.is_full = True
            return self.count
        self.count += 1
        event: dict[str, Any] = {
            "id": self.count,
            "previousEventId": previous,
            "timestamp": self.now,
            "type": kind,
        }
        told = {name: value for name, value in details.items() if value is not None}
        if told or kind in ALWAYS_DETAILED:
            event[details_of(kind)] = told
        self.events.append(event)
        return self.count


ALWAYS_DETAILED = frozenset({"ExecutionFailed", "ExecutionAborted", "ActivityStarted"})


@cache
def details_of(kind: str) -> str:
    """The name of the details of an event (API reference, HistoryEvent)."""
    for ending in ("StateEntered", "StateExited"):
        if kind.endswith(ending):
            return f"{ending[0].lower()}{ending[1:]}EventDetails"
    return f"{kind[0].lower()}{kind[1:]}EventDetails"


def payload(name: str, value: Any) -> dict[str, Any]:
    """An input or output as events show it: as text, and whether it is whole."""
    return payload_text(name, text_of(value))


def payload_text(name: str, text: str) -> dict[str, Any]:
    """The same of its text."""
    return {name: text, f"{name}Details": WHOLE}
