"""Rules of a machine, and of the machines inside its states (spec, "Structure of a Machine")."""

from dataclasses import replace

from cloudseam.languages.asl.diagnostic import DUPLICATE_STATE_NAME, INVALID_STATE_NAME
from cloudseam.languages.asl.rules import maps
from cloudseam.languages.asl.rules.fields import Field, Fields, check_fields
from cloudseam.languages.asl.rules.flow import check_flow
from cloudseam.languages.asl.rules.scalars import MAX_SECONDS, choice_of, integer, text
from cloudseam.languages.asl.rules.states import LANGUAGES, Machines, check_state
from cloudseam.languages.asl.rules.value import JSONATA, JSONPATH, Setting, Value

# Characters of a state's name (developer guide, "Service quotas").
MAX_NAME = 80
REQUIRED = ("StartAt", "States")


def whole_machine(value: Value, kind: str) -> None:
    """Judges a machine's definition. `kind` is STANDARD or EXPRESS."""
    if value.members() is None:
        return
    language = JSONPATH if value.json.get("QueryLanguage", JSONPATH) == JSONPATH else JSONATA
    setting = Setting(kind, language, language)
    check_fields(value, WHOLE, setting, REQUIRED)
    if isinstance(value.json.get("States"), dict):
        check_flow(value, is_whole=True)


def _part(value: Value, setting: Setting, fields: Fields) -> None:
    """A machine inside a state: its states are in the language of the whole machine."""
    own = replace(setting, language=setting.machine_language)
    if check_fields(value, fields, own, REQUIRED) and isinstance(value.json.get("States"), dict):
        check_flow(value, is_whole=False)


def _branches(value: Value, setting: Setting) -> None:
    for branch in value.elements() or ():
        _part(branch, setting, PART)


def _processor(value: Value, setting: Setting) -> None:
    _part(value, maps.inside(value, setting), PROCESSOR)


def _states(value: Value, setting: Setting) -> None:
    states = value.members()
    if states is None:
        return
    if not states:
        value.add("Value cannot be empty")
    for name, state in states.items():
        _name(name, state)
    for state in states.values():
        check_state(state, setting, MACHINES)


def _name(name: str, state: Value) -> None:
    """A name has its length, and is there once in the whole machine."""
    if len(name) > MAX_NAME:
        limit = f"exceeds the {MAX_NAME}-character limit allowed by the service"
        state.add(f"Invalid State name: State '{name}' {limit}", INVALID_STATE_NAME)
    elif not name:
        state.add("Invalid State name: the name is empty", INVALID_STATE_NAME)
    if name in state.diagnosis.state_names:
        state.add(f"Duplicate State name: {name}", DUPLICATE_STATE_NAME)
    state.diagnosis.state_names.add(name)


PART: Fields = {"Comment": Field(text), "StartAt": Field(text), "States": Field(_states)}
PROCESSOR: Fields = {**PART, "ProcessorConfig": Field(maps.processor_config)}
WHOLE: Fields = {
    **PART,
    "QueryLanguage": Field(choice_of(*LANGUAGES)),
    "TimeoutSeconds": Field(integer(0, MAX_SECONDS)),
    "Version": Field(choice_of("1.0")),
}
MACHINES: Machines = {
    "Map": {"ItemProcessor": Field(_processor), "Iterator": Field(_processor)},
    "Parallel": {"Branches": Field(_branches)},
}
