"""One Python-action machine of a file."""

from collections.abc import Mapping
from typing import Any

from cloudseam.languages.part import Part
from cloudseam.languages.python_actions import rules
from cloudseam.languages.python_actions.definition import MAX_RETRIES, Definition
from cloudseam.languages.python_actions.flow import check_flow
from cloudseam.languages.python_actions.source import source_of
from cloudseam.languages.python_actions.state_spec import STATES_EXAMPLE, parse_states
from cloudseam.languages.scalar import Duration, Flag, Number
from cloudseam.languages.wording import shown
from cloudseam.languages.yaml_rules import MAX_BYTES

DAY = 86_400
# docs/actions.md has this table too; a test compares them.
SETTINGS: Mapping[str, Number | Duration | Flag] = {
    "max_retries": Number(str(MAX_RETRIES), least=0, most=10_000, is_whole=True),
    "timeout": Duration("5m", least=1, most=365 * DAY),
    "final_exit": Flag("false"),
}
IMPORT = "import"
MACHINE_KEYS = ("name", *SETTINGS, "states")


def parse_machine(part: Part, entries: Mapping[str, Part], name: str) -> Definition | None:
    """The machine's definition, or None when its report has errors."""
    known = MACHINE_KEYS if "states" in entries else (*MACHINE_KEYS, IMPORT)
    part.check_keys(entries, known, "a machine")
    read: dict[str, Any] = {
        key: setting.read(entries[key]) for key, setting in SETTINGS.items() if key in entries
    }
    if "states" not in entries:
        part.missing("states", f"`states: {STATES_EXAMPLE.strip('`')}`")
        return None
    states, parts = parse_states(entries["states"])
    if part.report.has_errors or not states:
        return None
    definition = Definition(states, **read)
    if len(source_of(name, definition).encode()) > MAX_BYTES:
        part.add(rules.MACHINE_TOO_LARGE, name=shown(name))
        return None
    check_flow(definition, entries["states"], parts)
    return definition
