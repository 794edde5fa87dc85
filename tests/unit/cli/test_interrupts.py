"""Signals are something to ask about."""

import os
import signal

import pytest

from cloudseam_cli.interrupts import SIGNALS, Interrupts


@pytest.mark.parametrize("number", SIGNALS)
def test_the_first_signal_asks_to_stop_and_the_second_to_do_so_at_once(
    number: signal.Signals,
) -> None:
    with Interrupts() as interrupts:
        seen = [(interrupts.is_stopped(), interrupts.is_impatient())]
        for _ in range(2):
            os.kill(os.getpid(), number)
            seen.append((interrupts.is_stopped(), interrupts.is_impatient()))

    assert seen == [(False, False), (True, False), (True, True)]


def test_signals_mean_what_they_did_before_once_it_is_over() -> None:
    before = [signal.getsignal(number) for number in SIGNALS]

    with Interrupts():
        pass

    assert [signal.getsignal(number) for number in SIGNALS] == before
