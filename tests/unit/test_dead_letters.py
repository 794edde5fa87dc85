"""What happens to a message that met an error: to the dead-letter queue, or back for later."""

from dataclasses import replace

import pytest

from cloudseam.dead_letters import LONGEST_WAIT, DeadLetters, wait_before
from cloudseam.delivery import Delivery
from cloudseam.errors import (
    CloudSeamError,
    EventNotAllowedFromOutsideError,
    InvalidDefinitionError,
    InvalidMessageError,
    MachineMismatchError,
    MachineNotFoundError,
    ServiceUnavailableError,
    StackConflictError,
    StackNotFoundError,
    StackTooLargeError,
    StateNotInMachineError,
    TransitionNotAllowedError,
    UnknownTaskError,
)
from cloudseam.outcome import Fate, Outcome
from cloudseam.persistence.row import UnreadableRowError, UnwritableRowError
from tests.builders import CANARY, a_delivery
from tests.fakes import CountingQueue

LAST = 8


class Post:
    """Dead letters with both their queues at hand."""

    def __init__(self, *, letters: bool = True, source: bool = True) -> None:
        self.letters = CountingQueue()
        self.source = CountingQueue()
        self._dead_letters = DeadLetters(
            self.letters if letters else None, self.source if source else None, LAST
        )

    def settle(self, *outcomes: Outcome) -> list[Fate]:
        """The fate of each outcome."""
        return [outcome.fate for outcome in self._dead_letters.settle(outcomes)]


def failed(error: Exception, receive: int = 1, body: str = "{}") -> Outcome:
    return Outcome(a_delivery(body, receive_count=receive), error=error)


def done() -> Outcome:
    return Outcome(a_delivery("{}"))


TERMINAL: list[type[CloudSeamError]] = [
    InvalidMessageError,
    EventNotAllowedFromOutsideError,
    UnknownTaskError,
    StackTooLargeError,
    UnwritableRowError,
]
RETRYABLE: list[type[Exception]] = [
    TransitionNotAllowedError,
    StackNotFoundError,
    MachineMismatchError,
    MachineNotFoundError,
    InvalidDefinitionError,
    StateNotInMachineError,
    StackConflictError,
    ServiceUnavailableError,
    UnreadableRowError,
    ZeroDivisionError,
]


@pytest.mark.parametrize("receive", [1, LAST - 1, LAST, LAST + 5])
@pytest.mark.parametrize("error", TERMINAL)
def test_what_can_never_work_is_dead_lettered_at_once(
    error: type[CloudSeamError], receive: int
) -> None:
    post = Post()

    assert post.settle(failed(error(), receive)) == [Fate.DEAD_LETTERED]
    assert len(post.letters.sent) == 1
    assert post.source.deferred == {}


@pytest.mark.parametrize("error", RETRYABLE)
@pytest.mark.parametrize(
    ("receive", "fate"),
    [
        (1, Fate.RETURNED),
        (LAST - 1, Fate.RETURNED),
        (LAST, Fate.DEAD_LETTERED),
        (LAST + 5, Fate.DEAD_LETTERED),
    ],
)
def test_what_may_work_later_is_returned_until_its_last_receive(
    error: type[Exception], receive: int, fate: Fate
) -> None:
    post = Post()
    outcome = failed(error(), receive)

    assert post.settle(outcome) == [fate]
    assert len(post.letters.sent) == (fate is Fate.DEAD_LETTERED)
    assert list(post.source.deferred) == (
        [outcome.delivery.receipt] if fate is Fate.RETURNED else []
    )


def test_a_letter_is_the_message_as_it_came_with_its_reason() -> None:
    post = Post()
    error = InvalidMessageError("`stackId` is missing")
    outcome = failed(error, receive=3, body='{"event": "é", "odd":  1}')

    post.settle(outcome)

    (letter,) = post.letters.sent
    assert letter.body == '{"event": "é", "odd":  1}'
    assert letter.attributes == {
        "error": "InvalidMessageError",
        "reason": "`stackId` is missing",
        "messageId": outcome.delivery.message_id,
        "receiveCount": "3",
    }
    assert letter.delay == 0


def test_a_reason_leaves_room_for_the_body() -> None:
    post = Post()
    body = "b" * (262_144 - 300)

    post.settle(failed(InvalidMessageError("x" * 5000), body=body))

    (letter,) = post.letters.sent
    assert letter.size == 262_144
    assert letter.body == body


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        pytest.param("plain", "plain", id="plain"),
        pytest.param("two\nlines\tand a tab", "two\nlines\tand a tab", id="lines-and-tabs"),
        pytest.param("nul\x00 bell\x07", "nul� bell�", id="control-characters"),
        pytest.param("half \ud800", "half �", id="half-a-surrogate-pair"),
        pytest.param("\uffff", "�", id="not-a-character"),
        pytest.param("x" * 5000, "x" * 2000, id="long"),
        pytest.param(
            "", "The message does not have the shape of an event or of a task.", id="none"
        ),
    ],
)
def test_a_reason_is_text_that_sqs_takes(text: str, reason: str) -> None:
    post = Post()

    post.settle(failed(InvalidMessageError(text)))

    assert post.letters.sent[0].attributes["reason"] == reason


def test_the_text_of_a_surprise_does_not_get_into_the_letter() -> None:
    post = Post()

    post.settle(failed(KeyError(CANARY), receive=LAST))

    assert post.letters.sent[0].attributes["error"] == "KeyError"
    assert CANARY not in str(post.letters.sent[0].attributes)


def test_waits_grow_with_each_receive_up_to_a_limit() -> None:
    post = Post()
    outcomes = [failed(StackConflictError(), receive) for receive in range(1, LAST)]

    post.settle(*outcomes)

    waits = [post.source.deferred[outcome.delivery.receipt] for outcome in outcomes]
    assert waits == [5, 10, 20, 40, 80, 160, 320]
    assert wait_before(1_000) == LONGEST_WAIT


def test_only_what_was_returned_is_deferred() -> None:
    post = Post()
    outcomes = [done(), failed(StackConflictError()), failed(InvalidMessageError())]

    assert post.settle(*outcomes) == [Fate.DONE, Fate.RETURNED, Fate.DEAD_LETTERED]
    assert list(post.source.deferred) == [outcomes[1].delivery.receipt]


def test_a_letter_that_cannot_be_sent_goes_back_and_costs_the_others_nothing() -> None:
    post = Post()
    post.letters.refuses = lambda message: message.body == "second"
    outcomes = [failed(InvalidMessageError(), body=body) for body in ("first", "second", "third")]

    assert post.settle(*outcomes) == [Fate.DEAD_LETTERED, Fate.RETURNED, Fate.DEAD_LETTERED]
    assert list(post.source.deferred) == [outcomes[1].delivery.receipt]


def test_equal_outcomes_each_have_a_fate_of_their_own() -> None:
    post = Post()
    twice = Outcome(Delivery("m", "{}", receipt="r"), error=InvalidMessageError())
    calls = iter([False, True])
    post.letters.refuses = lambda message: next(calls)

    assert post.settle(twice, replace(twice)) == [Fate.DEAD_LETTERED, Fate.RETURNED]


@pytest.mark.parametrize("receive", [1, LAST, 100])
@pytest.mark.parametrize("error", [InvalidMessageError(), StackConflictError(), KeyError()])
def test_without_a_dead_letter_queue_a_message_always_goes_back(
    error: Exception, receive: int
) -> None:
    post = Post(letters=False)

    assert post.settle(failed(error, receive)) == [Fate.RETURNED]
    assert len(post.source.deferred) == 1


def test_without_the_source_queue_its_own_time_out_brings_a_message_back() -> None:
    assert Post(source=False).settle(failed(StackConflictError())) == [Fate.RETURNED]


def test_what_worked_needs_no_queue_at_all() -> None:
    post = Post()

    assert post.settle(done(), done()) == [Fate.DONE, Fate.DONE]
    assert (post.letters.calls, post.source.deferred) == ([], {})


def test_a_batch_of_letters_is_one_send() -> None:
    post = Post()

    post.settle(*(failed(InvalidMessageError()) for _ in range(10)))

    assert post.letters.calls == [10]
