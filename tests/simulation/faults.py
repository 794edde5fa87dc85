"""What goes wrong, where, and how often: faults by address, and mixes of them."""

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from random import Random


class Kind(StrEnum):
    """Kinds of faults."""

    # At an I/O.
    CRASH_BEFORE = "crash before an I/O"
    CRASH_AFTER = "crash after an I/O"
    CRASH_AMID = "crash amid an I/O of several parts"
    FAIL_BEFORE = "call fails before its effect"
    FAIL_AFTER = "call fails after its effect"
    FAIL_PARTLY = "call fails in part"
    PAUSE = "consumer pauses"
    # At a message that is sent.
    DUPLICATE = "message is delivered again"
    DELAY = "message is overtaken"
    POISON = "message crashes every consumer"
    # At a message that is received.
    EXPIRY = "visibility expires early"
    # Of a whole history.
    SKEW = "clocks differ"
    FILE = "machine file changes"


CRASHES = frozenset({Kind.CRASH_BEFORE, Kind.CRASH_AFTER, Kind.CRASH_AMID})
FAILURES = frozenset({Kind.FAIL_BEFORE, Kind.FAIL_AFTER, Kind.FAIL_PARTLY})
AT_IO = CRASHES | FAILURES | {Kind.PAUSE}
AT_SEND = frozenset({Kind.DUPLICATE, Kind.DELAY, Kind.POISON})
AT_RECEIVE = frozenset({Kind.EXPIRY})
# From and to how long it takes, in milliseconds.
LASTS: Mapping[Kind, tuple[int, int]] = {
    Kind.PAUSE: (5_000, 500_000),
    Kind.DUPLICATE: (0, 120_000),
    Kind.DELAY: (1_000, 45_000),
    Kind.EXPIRY: (0, 3_000),
}


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """A fault, where it strikes, and how long it takes.

    `at` is `process#n` of the n-th I/O of a process, the id of a message that is sent, or
    `message.n` of the n-th time that a message is received.
    """

    kind: Kind
    at: str
    ms: int = 0


@dataclass(frozen=True, slots=True)
class Mix:
    """How often each kind of fault strikes, per opportunity; and the largest difference of clocks
    in milliseconds, and whether machine files change."""

    name: str
    rates: Mapping[Kind, float] = field(default_factory=dict)
    skew_ms: int = 0
    changes_file: bool = False

    def has(self, *kinds: Kind) -> bool:
        """Whether one of these faults can strike."""
        return any(kind in self.rates for kind in kinds)


CRASHING = {Kind.CRASH_BEFORE: 0.01, Kind.CRASH_AFTER: 0.01, Kind.CRASH_AMID: 0.003}
FAILING = {Kind.FAIL_BEFORE: 0.02, Kind.FAIL_AFTER: 0.02, Kind.FAIL_PARTLY: 0.01}
MIXES = (
    Mix("concurrency"),
    Mix("duplicates", {Kind.DUPLICATE: 0.25}),
    Mix("reordering", {Kind.DELAY: 0.3}),
    Mix("expiry", {Kind.EXPIRY: 0.1}),
    Mix("crashes", CRASHING),
    Mix("outages", FAILING),
    Mix("skew", {Kind.DUPLICATE: 0.05, Kind.DELAY: 0.1}, skew_ms=4_000),
    Mix("slow", {Kind.PAUSE: 0.01, Kind.DUPLICATE: 0.05}),
    Mix("file changes", {Kind.DELAY: 0.05, Kind.CRASH_AFTER: 0.005}, changes_file=True),
    Mix("poison", {Kind.POISON: 0.02, Kind.CRASH_BEFORE: 0.005}),
    Mix(
        "everything",
        {
            **{kind: rate / 2 for kind, rate in (CRASHING | FAILING).items()},
            Kind.PAUSE: 0.003,
            Kind.DUPLICATE: 0.1,
            Kind.DELAY: 0.1,
            Kind.POISON: 0.005,
            Kind.EXPIRY: 0.03,
        },
        skew_ms=3_000,
        changes_file=True,
    ),
)


class Dice:
    """Faults of one kind of place, drawn as they come: one draw per fault, not per place."""

    def __init__(self, rng: Random, rates: Mapping[Kind, float]) -> None:
        self._rng = rng
        self._kinds = list(rates)
        self._weights = list(rates.values())
        self._rate = sum(self._weights)
        self._left = self._gap()

    def at(self, place: str) -> Fault | None:
        """The fault that strikes there, if one does."""
        self._left -= 1
        if self._left:
            return None
        self._left = self._gap()
        kind = self._rng.choices(self._kinds, self._weights)[0]
        return Fault(kind, place, self._lasts(kind))

    def _lasts(self, kind: Kind) -> int:
        shortest, longest = LASTS.get(kind, (0, 0))
        return round(shortest + (longest - shortest) * self._rng.random() ** 3)

    def _gap(self) -> int:
        if not self._rate:
            return 1 << 60
        return 1 + int(math.log(1 - self._rng.random()) / math.log(1 - self._rate))


class Given:
    """Faults of one kind of place that are known beforehand."""

    def __init__(self, faults: Iterable[Fault]) -> None:
        self._faults = {fault.at: fault for fault in faults}

    def at(self, place: str) -> Fault | None:
        """The fault that strikes there, if one does."""
        return self._faults.get(place)


class Faults:
    """The faults of one history, by where they strike."""

    def __init__(self, at_io: Dice | Given, at_send: Dice | Given, at_receive: Dice | Given):
        self.at_io = at_io
        self.at_send = at_send
        self.at_receive = at_receive

    @classmethod
    def of_mix(cls, mix: Mix, rng: Random) -> "Faults":
        """Faults drawn from a mix."""
        return cls(
            *(
                Dice(rng, {kind: rate for kind, rate in mix.rates.items() if kind in place})
                for place in (AT_IO, AT_SEND, AT_RECEIVE)
            )
        )

    @classmethod
    def of_plan(cls, faults: Iterable[Fault]) -> "Faults":
        """Exactly these faults."""
        known = list(faults)
        return cls(
            *(
                Given(fault for fault in known if fault.kind in place)
                for place in (AT_IO, AT_SEND, AT_RECEIVE)
            )
        )
