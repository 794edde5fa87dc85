"""A handler that is called on a schedule where there is no Scheduler."""

import logging
from collections.abc import Callable
from threading import Event
from typing import Any

import pytest

from cloudseam.poller import LONGEST_TIMEOUT_SECONDS
from cloudseam.polling_process import parse_polling
from cloudseam.schedule import TIMEOUT_SECONDS, call_every


class Waits(Event):
    """An event that is waited for in no time, and comes after so many waits."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.waited: list[float | None] = []
        self._times = times

    def wait(self, timeout: float | None = None) -> bool:
        self.waited.append(timeout)
        return len(self.waited) > self._times or self.is_set()


def call(handler: Callable[[dict[str, Any], Any], Any], stop: Waits) -> None:
    call_every(900, handler, {"sweep": True}, stop, function_name="state_machine")


def test_a_handler_is_called_every_so_many_seconds_until_the_end() -> None:
    called: list[dict[str, Any]] = []
    stop = Waits(3)

    call(lambda event, context: called.append(event), stop)

    assert called == [{"sweep": True}] * 3
    assert stop.waited == [900] * 4


def test_what_a_handler_raises_is_logged_and_ends_nothing(
    caplog: pytest.LogCaptureFixture,
) -> None:
    called: list[object] = []

    def failing(event: dict[str, Any], context: Any) -> None:
        called.append(event)
        raise ConnectionError

    with caplog.at_level(logging.ERROR):
        call(failing, Waits(2))

    assert len(called) == len(caplog.records) == 2


def test_its_time_is_as_on_lambda_and_over_at_once_when_the_process_ends() -> None:
    left: list[int] = []
    stop = Waits(1)

    def handler(event: dict[str, Any], context: Any) -> None:
        left.append(context.get_remaining_time_in_millis())
        stop.set()
        left.append(context.get_remaining_time_in_millis())

    call(handler, stop)

    assert TIMEOUT_SECONDS * 1000 - 1000 < left[0] <= TIMEOUT_SECONDS * 1000
    assert left[1] == 0


@pytest.mark.parametrize(
    ("arguments", "seconds"), [([], 900), (["--sweep-every", "0"], 0), (["--sweep-every", "5"], 5)]
)
def test_how_often_a_process_sweeps_is_an_option(arguments: list[str], seconds: int) -> None:
    polling = parse_polling("f", arguments, pollers=1, batch_size=1, sweep_every=900)

    assert polling.sweep_every == seconds


@pytest.mark.parametrize("value", ["-1", "often"])
def test_an_interval_that_makes_no_sense_is_refused(value: str) -> None:
    with pytest.raises(SystemExit, match="2"):
        parse_polling("f", ["--sweep-every", value], pollers=1, batch_size=1, sweep_every=900)


def test_the_satisfier_has_nothing_to_sweep() -> None:
    assert parse_polling("f", [], pollers=1, batch_size=1).sweep_every == 0
    with pytest.raises(SystemExit, match="2"):
        parse_polling("f", ["--sweep-every", "5"], pollers=1, batch_size=1)


def test_a_batch_may_take_as_long_as_sqs_hides_its_messages_and_no_longer(
    capsys: pytest.CaptureFixture[str],
) -> None:
    longest = ["--timeout", str(LONGEST_TIMEOUT_SECONDS)]

    assert parse_polling("f", [], pollers=1, batch_size=1).timeout == 900
    assert parse_polling("f", longest, pollers=1, batch_size=1).timeout == LONGEST_TIMEOUT_SECONDS
    with pytest.raises(SystemExit):
        parse_polling("f", ["--timeout", str(LONGEST_TIMEOUT_SECONDS + 1)], pollers=1, batch_size=1)
    assert f"must be at most {LONGEST_TIMEOUT_SECONDS}" in capsys.readouterr().err
