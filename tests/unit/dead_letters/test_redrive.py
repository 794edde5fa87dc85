"""Letters are sent before they are removed, and what stays is told."""

from collections.abc import Mapping, Sequence
from typing import cast

import pytest

from cloudseam.errors import ServiceUnavailableError
from cloudseam.queues import OutgoingMessage
from cloudseam_cli.dead_letters.dead_letter_queue import DeadLetterQueue
from cloudseam_cli.dead_letters.letter import Letter
from cloudseam_cli.dead_letters.redrive import Fate, Redrive, Result
from cloudseam_cli.dead_letters.rehearsal import Chance, Forecast, Rehearsal
from tests.fakes import CountingQueue
from tests.unit.dead_letters.letters import a_letter


class FakeLetters:
    """A dead-letter queue that notes what is removed, and when: after how many were sent."""

    def __init__(self, letters: Sequence[Letter], source: CountingQueue) -> None:
        self.letters = list(letters)
        self.source = source
        self.removed: list[str] = []
        self.sent_before: list[int] = []
        self.stuck: set[str] = set()

    def read(self) -> list[Letter]:
        return self.letters

    def remove(self, letters: Sequence[Letter]) -> set[str]:
        ids = {letter.message_id for letter in letters}
        self.removed += [letter.message_id for letter in letters]
        self.sent_before.append(len(self.source.sent))
        return ids & self.stuck


class FakeRehearsal:
    """Knows a forecast for some bodies; all else would work as it is."""

    def __init__(self, forecasts: Mapping[str, Forecast]) -> None:
        self.forecasts = forecasts

    def forecast(self, letter: Letter) -> Forecast:
        return self.forecasts.get(letter.body, Forecast(Chance.WORKS, "works", letter.body))


FORECASTS = {
    "refused": Forecast(Chance.REFUSED, "would be refused again", "refused"),
    "over": Forecast(Chance.NO_EFFECT, "nobody waits", None),
    "before": Forecast(Chance.NO_EFFECT, "was applied before", "before, with its id"),
    "no-machine": Forecast(Chance.UNKNOWN, "cannot tell", "no-machine"),
    "no-store": Forecast(Chance.UNKNOWN, "cannot tell", None),
}


class World:
    def __init__(self, *bodies: str) -> None:
        self.source = CountingQueue()
        self.letters = FakeLetters([a_letter(body) for body in bodies], self.source)

    def run(
        self, wanted: Sequence[str] | None = None, *, force: bool = False, rehearsed: bool = False
    ) -> list[Result]:
        redrive = Redrive(
            cast(DeadLetterQueue, self.letters),
            self.source,
            cast(Rehearsal, FakeRehearsal(FORECASTS)),
            force=force,
            rehearsed=rehearsed,
        )
        return list(redrive.run(wanted))

    def sent(self) -> list[str]:
        return [message.body for message in self.source.sent]


@pytest.mark.parametrize(
    ("body", "fate", "sent", "forced"),
    [
        pytest.param("works", Fate.SENT, ["works"], ["works"], id="works"),
        pytest.param("refused", Fate.LEFT, [], ["refused"], id="refused"),
        pytest.param("over", Fate.REMOVED, [], ["over"], id="nobody-waits-for-it"),
        pytest.param(
            "before", Fate.SENT, ["before, with its id"], ["before, with its id"], id="no-effect"
        ),
        pytest.param("no-machine", Fate.SENT, ["no-machine"], ["no-machine"], id="no-machine"),
        pytest.param("no-store", Fate.LEFT, [], [], id="no-store"),
    ],
)
def test_what_becomes_of_a_letter_follows_from_its_forecast(
    body: str, fate: Fate, sent: list[str], forced: list[str]
) -> None:
    plain, eager, dry = World(body), World(body), World(body)

    (result,) = plain.run()
    eager.run(force=True)
    (told,) = dry.run(rehearsed=True)

    assert (result.fate, plain.sent()) == (fate, sent)
    assert bool(plain.letters.removed) is (fate is not Fate.LEFT)
    assert eager.sent() == forced
    assert (told.fate, dry.sent(), dry.letters.removed) == (fate, [], [])


def test_letters_are_sent_before_they_are_removed_ten_at_a_time_and_in_order() -> None:
    bodies = [f"{number}" for number in range(23)]
    world = World(*bodies)

    results = world.run()

    assert world.sent() == bodies
    assert [result.letter.body for result in results] == bodies
    assert world.source.calls == [10, 10, 3]
    assert world.letters.sent_before == [10, 20, 23]


def test_only_what_is_wanted_is_sent() -> None:
    world = World("a", "b", "c")

    results = world.run([world.letters.letters[1].message_id])

    assert [result.letter.body for result in results] == ["b"]
    assert world.sent() == ["b"]


def test_a_letter_that_the_queue_does_not_take_is_left() -> None:
    world = World("a", "too large", "over", "b")
    world.source.refuses = lambda message: message.body == "too large"

    results = world.run()

    assert [result.fate for result in results] == [Fate.SENT, Fate.LEFT, Fate.REMOVED, Fate.SENT]
    assert results[1].text == "The queue did not answer."
    assert results[1].letter.message_id not in world.letters.removed


def test_a_queue_that_takes_nothing_ends_it_and_nothing_is_removed() -> None:
    world = World("a", "b")

    def refuse(message: OutgoingMessage) -> bool:
        return True

    world.source.refuses = refuse

    with pytest.raises(ServiceUnavailableError):
        world.run()

    assert world.letters.removed == []


def test_a_letter_that_could_not_be_removed_is_told_of() -> None:
    world = World("a", "over")
    world.letters.stuck = {letter.message_id for letter in world.letters.letters}

    sent, unsent = world.run()

    assert (sent.fate, unsent.fate) == (Fate.KEPT, Fate.LEFT)
    assert "does no harm" in sent.text
