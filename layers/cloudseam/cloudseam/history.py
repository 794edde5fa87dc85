"""What has happened to a stack, entry by entry."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """One event and what came of it. Never holds a metadata value.

    `at` is in epoch milliseconds, `state` the state after it, `task` the one that an answer is
    of, `verdict` what became of the event where it was not applied. `version` is the commit it
    belongs to, 0 where that is not known.
    """

    at: int
    event: str
    state: str
    task: str = ""
    verdict: str = ""
    version: int = 0
