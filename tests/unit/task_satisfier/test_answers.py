"""Answers of tasks that end together share a call; none waits for a task that runs on."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest

from cloudseam.queues import OutgoingMessage
from task_satisfier.answers import Answers

LONG = 60.0


class Calls:
    """A queue that keeps the bodies of each call; `refused` are those that it does not take."""

    def __init__(self, *refused: str, fails: Exception | None = None) -> None:
        self.made: list[list[str]] = []
        self._refused, self._fails = refused, fails

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        self.made.append(sorted(message.body for message in messages))
        if self._fails:
            raise self._fails
        refused = [n for n, message in enumerate(messages) if message.body in self._refused]
        return {position: OSError(messages[position].body) for position in refused}

    def defer(self, receipts: Mapping[str, int]) -> None:
        raise AssertionError("an answer is never deferred")


@pytest.fixture(autouse=True)
def patience(monkeypatch: pytest.MonkeyPatch) -> None:
    """However slow the machine is, tasks that end together are seen to."""
    monkeypatch.setattr("task_satisfier.answers.PATIENCE", LONG)


def given(answers: Answers, *bodies: str) -> list[Exception | None]:
    """What came of the answers of tasks that all end at the same moment."""
    together = Barrier(len(bodies))

    def give(body: str) -> Exception | None:
        with answers.of_task() as answer:
            together.wait(LONG)
            return answer.give(OutgoingMessage(body))

    with ThreadPoolExecutor(len(bodies)) as pool:
        return list(pool.map(give, bodies))


def test_the_answers_of_tasks_that_end_together_are_one_call() -> None:
    calls = Calls()

    assert given(Answers(calls, 10, 10), *"abcdefghij") == [None] * 10

    assert calls.made == [list("abcdefghij")]


def test_answers_do_not_wait_for_tasks_that_wait_for_their_turn() -> None:
    calls = Calls()

    assert given(Answers(calls, 20, 3), *"abc") == [None] * 3

    assert calls.made == [list("abc")]


def test_a_task_alone_in_its_batch_waits_for_nobody() -> None:
    calls = Calls()

    assert given(Answers(calls, 1, 10), "a") == [None]

    assert calls.made == [["a"]]


def test_an_answer_does_not_wait_for_a_task_that_runs_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("task_satisfier.answers.PATIENCE", 0.001)
    calls, answered = Calls(), Event()
    answers = Answers(calls, 2, 10)

    def slow() -> Exception | None:
        with answers.of_task() as answer:
            assert answered.wait(LONG)
            return answer.give(OutgoingMessage("slow"))

    with ThreadPoolExecutor(1) as pool:
        late = pool.submit(slow)
        given(answers, "quick")
        answered.set()
        assert late.result() is None

    assert calls.made == [["quick"], ["slow"]]


def test_nobody_waits_for_a_task_that_ended_without_an_answer() -> None:
    calls = Calls()
    answers = Answers(calls, 2, 10)

    with pytest.raises(ValueError, match="no task"), answers.of_task():
        raise ValueError("no task")

    assert given(answers, "a") == [None]
    assert calls.made == [["a"]]


def test_each_task_hears_of_its_own_answer() -> None:
    told = given(Answers(Calls("b"), 3, 10), *"abc")

    assert [str(error) for error in told] == ["None", "b", "None"]


def test_when_the_call_fails_every_task_hears_of_it() -> None:
    error = OSError("gone")

    assert given(Answers(Calls(fails=error), 3, 10), *"abc") == [error] * 3
