"""Rules of transitions (spec, "Transitions"): where they lead, and what they reach."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from cloudseam.languages.asl.diagnostic import (
    MISSING_END_STATE,
    MISSING_TARGET,
    Diagnostic,
    location_of,
)
from cloudseam.languages.asl.rules.value import Value
from cloudseam.languages.place import Place


class Step(NamedTuple):
    """A state's name where it stands as a target."""

    target: str
    place: Place


def check_flow(machine: Value, *, is_whole: bool) -> None:
    """Judges the transitions of one set of states; of the whole machine also that it can end."""
    states: dict[str, Any] = machine.json["States"]
    place = machine.place.below("States")
    start = machine.json.get("StartAt")
    first = [Step(start, machine.place.below("StartAt"))] if isinstance(start, str) else []
    steps = {name: list(steps_of(state, place.below(name))) for name, state in states.items()}
    for step in [*first, *(step for found in steps.values() for step in found)]:
        if step.target not in states:
            said = f"Missing 'Next' target: {step.target}"
            _add(machine, MISSING_TARGET, said, step.place)
    if is_whole and not any(map(is_terminal, states.values())):
        said = "Workflow has no terminal state"
        machine.diagnosis.add(Diagnostic(MISSING_END_STATE, said, None, place=place))
        return
    reached = _reached([step.target for step in first], steps)
    for name in states if first else ():
        if name not in reached:
            said = f'State "{name}" is not reachable.'
            _add(machine, MISSING_TARGET, said, place.below(name))


def steps_of(state: Any, place: Place) -> Iterator[Step]:
    """The targets that a state names, in the order in which they stand."""
    for field, value in state.items() if isinstance(state, dict) else ():
        if field in ("Next", "Default") and isinstance(value, str):
            yield Step(value, place.below(field))
        elif field in ("Choices", "Catch") and isinstance(value, list):
            for number, each in enumerate(value):
                target = each.get("Next") if isinstance(each, dict) else None
                if isinstance(target, str):
                    yield Step(target, place.below(field).below(number).below("Next"))


def is_terminal(state: Any) -> bool:
    """Whether an execution ends with it."""
    if not isinstance(state, dict):
        return False
    return state.get("End") is True or state.get("Type") in ("Succeed", "Fail")


def _reached(names: list[str], steps: dict[str, list[Step]]) -> set[str]:
    """The names of all states that can be reached from some."""
    reached: set[str] = set()
    while names:
        name = names.pop()
        if name in steps and name not in reached:
            reached.add(name)
            names += [step.target for step in steps[name]]
    return reached


def _add(machine: Value, code: str, said: str, place: Place) -> None:
    machine.diagnosis.add(Diagnostic(code, said, location_of(place), place=place))
