"""Sends dead letters back to the queue that they failed on. Safe to repeat at any point."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from itertools import islice

from cloudseam.queues import OutgoingMessage, Queue
from cloudseam.queues.sqs import ENTRIES_PER_CALL
from cloudseam_cli.dead_letters.dead_letter_queue import DeadLetterQueue
from cloudseam_cli.dead_letters.letter import Letter
from cloudseam_cli.dead_letters.rehearsal import Chance, Forecast, Rehearsal


class Fate(StrEnum):
    """What became of a letter."""

    SENT = "SENT"
    REMOVED = "REMOVED"  # nobody waits for it: it was taken off the queue, and not sent
    KEPT = "KEPT"  # sent, and still on the dead-letter queue as well
    LEFT = "LEFT"


@dataclass(frozen=True, slots=True)
class Result:
    """A letter with its fate, and why, or what it does now."""

    letter: Letter
    fate: Fate
    text: str


@dataclass(frozen=True, slots=True)
class Redrive:
    """Sends what would work. With `force` also what would not; a `rehearsed` one sends nothing.

    All letters are read before the first is sent, so what fails again at once is not sent twice.
    A letter is removed once the queue has it. A crash between the two leaves it on both, and the
    next redrive sends it under the same id.
    """

    letters: DeadLetterQueue
    source: Queue
    rehearsal: Rehearsal
    force: bool = False
    rehearsed: bool = False

    def run(self, wanted: Collection[str] | None = None) -> Iterator[Result]:
        """The results, the oldest letter's first; of all letters, or of the wanted ids.

        Raises:
            CloudSeamError: a queue does not answer. The letters that are not told of are as before.
        """
        found = self.letters.read()
        chosen = iter([each for each in found if wanted is None or each.message_id in wanted])
        while chunk := list(islice(chosen, ENTRIES_PER_CALL)):
            yield from self._chunk(chunk)

    def _chunk(self, letters: Sequence[Letter]) -> Iterator[Result]:
        forecasts = [self.rehearsal.forecast(letter) for letter in letters]
        planned = [
            self._planned(letter, forecast)
            for letter, forecast in zip(letters, forecasts, strict=True)
        ]
        if self.rehearsed:
            yield from planned
            return
        sent = [n for n, result in enumerate(planned) if result.fate is Fate.SENT]
        bodies = [forecasts[n].body or letters[n].body for n in sent]
        failures = self.source.send([OutgoingMessage(body) for body in bodies]) if sent else {}
        if sent and len(failures) == len(sent):
            raise next(iter(failures.values()))
        unsent = {sent[position]: error for position, error in failures.items()}
        done = [
            result.letter
            for n, result in enumerate(planned)
            if result.fate is not Fate.LEFT and n not in unsent
        ]
        kept = self.letters.remove(done)
        for n, result in enumerate(planned):
            yield _settled(result, unsent.get(n), is_kept=result.letter.message_id in kept)

    def _planned(self, letter: Letter, forecast: Forecast) -> Result:
        return Result(letter, self._fate(forecast), forecast.text)

    def _fate(self, forecast: Forecast) -> Fate:
        if forecast.body is None:
            if forecast.chance is not Chance.NO_EFFECT:
                return Fate.LEFT  # it cannot be told under which id it is to be sent
            return Fate.SENT if self.force else Fate.REMOVED
        refused = forecast.chance is Chance.REFUSED
        return Fate.LEFT if refused and not self.force else Fate.SENT


def _settled(result: Result, error: Exception | None, *, is_kept: bool) -> Result:
    if error is not None:
        return Result(result.letter, Fate.LEFT, str(error))
    if not is_kept:
        return result
    if result.fate is Fate.REMOVED:
        return Result(result.letter, Fate.LEFT, "could not be removed from its queue")
    text = "sent, but not removed from the dead-letter queue; to redrive it again does no harm"
    return Result(result.letter, Fate.KEPT, text)
