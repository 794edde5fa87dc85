"""A claim: who works on an attempt of a task or with a resource, and until when alone."""

from dataclasses import dataclass, replace
from typing import Self

# Holders kept of a claim that was taken over again and again without being given back.
HOLDERS_KEPT = 8


@dataclass(frozen=True, slots=True)
class Holder:
    """One who held a claim and never gave it back. Times are epoch milliseconds."""

    place: str
    since: int
    until: int


@dataclass(frozen=True, slots=True)
class Claim:
    """`key` is what is claimed: the token of an attempt, or the name of a resource.

    `owner` is drawn anew for each claim; `place` says where the work is done, as `user@host`.
    It holds from `since` up to `until`, unless it is renewed. `done` marks an attempt that has
    ended, with the body of its `answer` as long as that could not be sent. `past` has those whose
    claim ran out and was taken over, the latest last. Times are epoch milliseconds.
    """

    key: str
    owner: str
    since: int
    until: int
    stack_id: str = ""
    place: str = ""
    done: bool = False
    answer: str | None = None
    past: tuple[Holder, ...] = ()

    def is_free(self, now: int) -> bool:
        """Whether somebody else may take it."""
        return not self.done and self.until <= now

    def after(self, former: Self | None) -> Self:
        """The same claim, remembering whom it was taken over from."""
        if former is None:
            return self
        gone = Holder(former.place, former.since, former.until)
        return replace(self, past=(*former.past, gone)[-HOLDERS_KEPT:])
