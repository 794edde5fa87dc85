"""docs/actions.md says what the code does, rule by rule."""

import re
from pathlib import Path

import pytest

from cloudseam.finding import Severity
from cloudseam.languages import read_file
from cloudseam.languages.python_actions.definition import MAX_RETRIES, Definition
from cloudseam.languages.python_actions.machine_spec import MACHINE_KEYS, SETTINGS
from cloudseam.languages.python_actions.names import RESERVED_EVENTS
from cloudseam.languages.python_actions.state_spec import STATE_KEYS
from cloudseam.languages.python_actions.transition_spec import TRANSITION_KEYS
from tests.docs.test_machines_page import bounds_of, message
from tests.unit.languages.all_rules import ACTION_RULES

PAGE = (Path(__file__).parents[2] / "docs" / "actions.md").read_text()


def table(heading: str) -> list[list[str]]:
    """The cells of the table whose first heading that is."""
    _, _, rest = PAGE.partition(f"\n| {heading} |")
    lines = rest.partition("\n\n")[0].splitlines()[2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def keys(heading: str) -> tuple[str, ...]:
    """All keys of a table; some share a row."""
    return tuple(key for cells in table(heading) for key in re.findall(r"`([^`]+)`", cells[0]))


def test_the_page_has_the_message_of_every_rule_and_of_no_other() -> None:
    documented = [cells[1] for heading in ("rule", "what is odd") for cells in table(heading)]

    assert sorted(documented) == sorted(message(rule) for rule in ACTION_RULES.values())


def test_warnings_are_in_their_own_table() -> None:
    warnings = {
        message(rule) for rule in ACTION_RULES.values() if rule.severity is Severity.WARNING
    }

    assert {cells[1] for cells in table("what is odd")} == warnings


def test_the_tables_of_keys_are_the_ones_that_are_accepted() -> None:
    assert keys("key of the file") == ("machines", "x-…")
    assert keys("key of a machine") == MACHINE_KEYS
    assert keys("key of a state") == STATE_KEYS
    assert keys("key of a transition") == TRANSITION_KEYS


def test_the_settings_have_the_bounds_and_the_defaults_that_hold() -> None:
    told = {cells[0].strip("`"): cells[2:] for cells in table("key of a machine")}

    assert {key: told[key][0] for key in SETTINGS} == {
        key: bounds_of(setting) for key, setting in SETTINGS.items()
    }
    plain = Definition({})
    assert plain.timeout is None
    assert {key: told[key][1].strip("`") for key in SETTINGS} == {
        "max_retries": str(MAX_RETRIES),
        "timeout": "none",
        "final_exit": str(plain.final_exit).lower(),
    }


def test_the_words_that_are_taken_are_told() -> None:
    told = " ".join(PAGE.split())

    assert (
        "`pseudo_init` or `pseudo_final`, and no event by these names, START, or a system" in told
    )
    assert {"pseudo_init", "pseudo_final", "START"} <= RESERVED_EVENTS


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_a_file_of_the_page_has_no_findings(text: str) -> None:
    assert read_file("actions", text, "actions.md").findings == ()
