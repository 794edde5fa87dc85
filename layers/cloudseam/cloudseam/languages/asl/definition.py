"""A machine's definition: where its states are, and which fields hold for them."""

from collections.abc import Mapping
from typing import Any

from cloudseam.languages.asl.execution import Thread

JSONATA = "JSONata"
# States that have `Retry` and `Catch`, and that JSONata shows a result of.
WITH_RESULT = frozenset({"Task", "Parallel", "Map"})

Definition = Mapping[str, Any]
State = Mapping[str, Any]


def state_of(definition: Definition, thread: Thread) -> State:
    """The state that a thread is in."""
    container: Mapping[str, Any] = definition
    for name, branch in thread.at:
        state = container["States"][name]
        container = state["Branches"][branch] if branch >= 0 else processor(state)
    found: State = container["States"][thread.state]
    return found


def is_jsonata(definition: Definition, state: State) -> bool:
    """Whether the state has expressions of JSONata; else it has JSONPath."""
    language = state.get("QueryLanguage") or definition.get("QueryLanguage")
    return bool(language == JSONATA)


def processor(state: State) -> State:
    """The states that a Map has for each item."""
    found: State = state.get("ItemProcessor") or state["Iterator"]
    return found


def is_distributed(state: State) -> bool:
    """Whether it is a Map whose iterations are executions of their own, each with a history."""
    if state["Type"] != "Map":
        return False
    return bool(processor(state).get("ProcessorConfig", {}).get("Mode") == "DISTRIBUTED")
