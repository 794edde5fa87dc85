"""A Python-action machine as a text of its own, and the digest of what it says."""

import hashlib
import json

from cloudseam.event import Json
from cloudseam.languages.python_actions.definition import (
    Definition,
    State,
    Transition,
)

LANGUAGE = "python-actions/1"


def source_of(name: str, definition: Definition) -> str:
    """A `machines:` file with this machine only: JSON, which is YAML.

    It has what the definition says, and nothing of how its file was written.
    """
    machine: dict[str, Json] = {"name": name, "max_retries": definition.max_retries}
    if definition.timeout is not None:
        seconds = definition.timeout
        machine["timeout"] = int(seconds) if seconds == int(seconds) else seconds
    machine["final_exit"] = definition.final_exit
    machine["states"] = [_state(state) for state in definition.states.values()]
    # As it is: half pairs, which JSON escapes signs with, are none of YAML's.
    return json.dumps({"machines": [machine]}, ensure_ascii=False, separators=(",", ": ")) + "\n"


def digest_of(definition: Definition) -> str:
    """SHA-256 of what the definition says, however its file is written and states are ordered."""
    canonical = {
        "language": LANGUAGE,
        "max_retries": definition.max_retries,
        "timeout": None if definition.timeout is None else float(definition.timeout),
        "final_exit": definition.final_exit,
        "states": {
            state.name: {
                "initial": state.initial,
                "final": state.final,
                "entry": state.entry_action,
                "do": state.do_action,
                "exit": state.exit_action,
                "on": {
                    each.event: [each.target, each.action, each.local] for each in state.on.values()
                },
            }
            for state in definition.states.values()
        },
    }
    text = json.dumps(canonical, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def _state(state: State) -> dict[str, Json]:
    written: dict[str, Json] = {
        "name": state.name,
        "initial": state.initial or None,
        "final": state.final or None,
        "entry_action": state.entry_action,
        "do_action": state.do_action,
        "exit_action": state.exit_action,
        "transitions": [_transition(each) for each in state.on.values()] or None,
    }
    return {key: value for key, value in written.items() if value is not None}


def _transition(transition: Transition) -> dict[str, Json]:
    written: dict[str, Json] = {
        "event": transition.event,
        "target": transition.target,
        "action": transition.action,
        "local": transition.local or None,
    }
    return {key: value for key, value in written.items() if value is not None}
