"""Choice: goes to the first state whose rule holds."""

from typing import Any

from cloudseam.languages.asl import failure
from cloudseam.languages.asl.conditions import holds
from cloudseam.languages.asl.definition import State, is_jsonata
from cloudseam.languages.asl.execution import Thread
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.jsonata_query import unexpected
from cloudseam.languages.asl.leaving import leave
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import effective_input, scope_of
from cloudseam.languages.asl.template import queried


def choose(run: Run, thread: Thread, state: State) -> None:
    """Leaves for the first rule that holds, or else for `Default`."""
    effective = effective_input(run, thread, state)
    scope = scope_of(run, thread, state).of(effective)
    is_met = _is_condition_met if is_jsonata(run.definition, state) else _is_rule_met
    for number, rule in enumerate(state["Choices"]):
        if is_met(rule, scope, number):
            leave(run, thread, state, {**state, **_own(rule)}, effective, rule["Next"])
            return
    if "Default" not in state:
        raise StateFailure(
            failure.NO_CHOICE_MATCHED,
            "Failed to transition to the next state: no rule matched, and there is no Default.",
        )
    leave(run, thread, state, state, effective, state["Default"])


def _is_rule_met(rule: State, scope: Scope, number: int) -> bool:
    return holds(rule, scope)


def _is_condition_met(rule: State, scope: Scope, number: int) -> bool:
    name = f"Choices[{number}]/Condition"
    met = queried(rule["Condition"], scope, name)
    if not isinstance(met, bool):
        raise unexpected(rule["Condition"], name, "boolean", met)
    return met


def _own(rule: State) -> dict[str, Any]:
    """What a rule says of its own about variables and output."""
    return {name: rule[name] for name in ("Assign", "Output") if name in rule}
