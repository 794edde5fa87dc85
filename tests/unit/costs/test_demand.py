"""Tasks and timers of a transition, counted in a machine."""

import pytest

from cloudseam.languages import load_machine
from cloudseam_cli.costs.demand import Demand, UncountedError, demand_of

MACHINE = """
version: 1
events: [GO, STOP, PING]
states:
  INIT: {on: {GO: [{action: advance, state: BUILD}], PING: [{action: no-op}]}}
  BUILD:
    tasks: [a, b, c]
    on: {NEXT: [{action: advance, state: CHECK}], STOP: [{action: advance, state: END}]}
  CHECK: {tasks: [a], on: {NEXT: [{action: advance, state: RUN}]}}
  RUN: {on: {STOP: [{action: advance, state: END}]}}
  END: {terminal: true, tasks: [d]}
  LOST: {on: {GO: [{action: advance, state: BUILD}]}}
tasks:
  a: {executor: lambda, config: {name: f}, timeout: 60}
  b: {executor: lambda, config: {name: f}, timeout: 60}
  c: {executor: lambda, config: {name: f}, timeout: 3600}
  d: {executor: lambda, config: {name: f}}
"""


def demand(text: str) -> Demand:
    return demand_of(load_machine("m", text, "m.yml"))


def test_what_follows_by_next_belongs_to_the_transition_and_all_transitions_count_alike() -> None:
    # GO asks for 3 tasks and then 1, each STOP for 1; a no-op is none, LOST is never come to.
    told = demand(MACHINE)

    assert told.tasks == pytest.approx((4 + 1 + 1) / 3)
    # Tasks that are asked for at once share the timer of a time-out.
    assert told.timers == pytest.approx((1 + 1) / 3)
    assert told.far_timers == pytest.approx(1 / 3)


def test_a_circle_of_next_is_counted_once() -> None:
    text = MACHINE.replace("state: RUN}", "state: BUILD}")

    assert demand(text).tasks == pytest.approx((4 + 1) / 2)


def test_a_machine_without_transitions_cannot_be_counted() -> None:
    with pytest.raises(UncountedError):
        demand("version: 1\nevents: []\nstates: {INIT: {terminal: true}}\ntasks: {}\n")
