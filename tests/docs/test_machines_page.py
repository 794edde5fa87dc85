"""docs/machines.md says what the code does, rule by rule."""

import re
from pathlib import Path

import pytest

from cloudseam.finding import Severity
from cloudseam.languages import read_machine, yaml_rules
from cloudseam.languages.cloudseam_v1.shape import Keys, Kinds
from cloudseam.languages.cloudseam_v1.spec import TOP_LEVEL
from cloudseam.languages.cloudseam_v1.state_spec import ACTION_KEYS, STATE_KEYS
from cloudseam.languages.cloudseam_v1.task_spec import EXECUTORS, TASK_KEYS
from cloudseam.languages.cloudseam_v1.timing import RETRY_VALUES, TIMEOUT_LENGTH
from cloudseam.languages.report import MAX_FINDINGS
from cloudseam.languages.rule import Rule
from cloudseam.languages.scalar import Duration, Flag, Number, duration_text
from cloudseam.task_spec import RetryPolicy
from tests.unit.languages.all_rules import RULES, RULES_BY_MODULE

PAGE = (Path(__file__).parents[2] / "docs" / "machines.md").read_text()


def section(title: str) -> str:
    """The text under a heading, up to the next one."""
    _, _, rest = PAGE.partition(f"# {title}\n")
    return re.split(r"^#", rest, maxsplit=1, flags=re.MULTILINE)[0]


def rows(text: str) -> list[list[str]]:
    """The cells of a section's tables, without their headings."""
    lines = [line for line in text.splitlines() if line.startswith("| ")]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    headings = {"rule", "what is odd", "key", "key of `retry`", "executor", "limit"}
    return [cells for cells in table if cells[0] not in headings]


def message(rule: Rule) -> str:
    """What the page writes for a rule."""
    return f"{rule.problem} {rule.fix}".replace("{{", "{").replace("}}", "}")


def test_the_page_has_the_message_of_every_rule_and_of_no_other() -> None:
    titles = ("Rules of the machine", "Rules of form", "Warnings", "Rules of the file")
    documented = [cells[1] for title in titles for cells in rows(section(title))]

    assert sorted(documented) == sorted(message(rule) for rule in RULES.values())


def test_warnings_are_in_their_own_table() -> None:
    warnings = {message(rule) for rule in RULES.values() if rule.severity is Severity.WARNING}

    assert {cells[1] for cells in rows(section("Warnings"))} == warnings


def test_no_two_rules_have_one_name() -> None:
    assert len(RULES) == sum(map(len, RULES_BY_MODULE.values()))


@pytest.mark.parametrize("text", re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL))
def test_a_machine_of_the_page_has_no_findings(text: str) -> None:
    assert read_machine("m", text, "machines.md").findings == ()


def test_the_tables_of_keys_are_the_ones_that_are_accepted() -> None:
    tables = rows(section("What a file says"))
    keys = [cells[0].strip("`") for cells in tables if len(cells) == 2]

    assert keys == [*TOP_LEVEL, "x-…", *STATE_KEYS]
    assert "`{action: no-op}` or `{action: advance, state: NAME}`" in PAGE
    assert ACTION_KEYS == {"no-op": ("action",), "advance": ("action", "state")}


def test_the_table_of_executors_is_the_one_that_is_accepted() -> None:
    documented = {
        (executor.strip("`"), key.strip("`"), needed == "yes")
        for executor, key, _, needed in (
            cells for cells in rows(section("What a file says")) if len(cells) == 4
        )
    }

    assert documented == {
        (executor, key, shape.is_required)
        for executor, config in EXECUTORS.items()
        for key, shape in config.keys.items()
    }


def test_the_table_of_retries_is_what_is_accepted_and_what_holds_by_default() -> None:
    table = rows(section("Time-outs and retries"))

    assert [(key, bounds) for key, _, bounds, _ in table] == [
        *((f"`{key}`", bounds_of(value)) for key, value in RETRY_VALUES.items()),
        ("`on`", ""),
    ]
    policy = RetryPolicy(2)
    assert {key.strip("`"): default.strip("`") for key, *_, default in table} == {
        "attempts": "needed",
        "wait": duration_text(policy.wait),
        "factor": str(policy.factor),
        "longest": duration_text(policy.longest),
        "jitter": str(policy.jitter).lower(),
        "on": "all",
    }


def test_the_page_has_every_key_of_a_task_and_the_bounds_of_a_timeout() -> None:
    text = section("What a file says")

    assert all(f"`{key}`" in text.partition("A **task** has")[2] for key in TASK_KEYS)
    assert "length of time from 1 s to 365 d" in PAGE
    assert (TIMEOUT_LENGTH.least, TIMEOUT_LENGTH.most) == (1, 365 * 86_400)


def bounds_of(value: Number | Duration | Flag) -> str:
    """What a value may be, as the page writes it."""
    if isinstance(value, Flag):
        return ""
    text = duration_text if isinstance(value, Duration) else "{:g}".format
    return f"{text(value.least)} to {text(value.most)}"


def test_the_kinds_of_sources_are_the_ones_that_are_accepted() -> None:
    config = EXECUTORS["terraform"]
    assert isinstance(config, Keys)
    source = config.keys["source"]
    assert isinstance(source, Kinds)

    written = [
        f"`{{{', '.join([f'type: {kind}', *keys])}}}`" for kind, keys in source.kinds.items()
    ]
    assert f"| {' or '.join(written)} |" in PAGE


def test_the_limits_are_the_ones_that_hold() -> None:
    assert rows(section("The YAML that is read")) == [
        ["size of a file", f"{yaml_rules.MAX_BYTES // 1024} KiB"],
        ["nesting", f"{yaml_rules.MAX_DEPTH} levels, aliases written out"],
        ["aliases", f"{yaml_rules.MAX_ALIASES:,}"],
        [
            "characters with every alias written out",
            f"{yaml_rules.MAX_EXPANDED_SIZE:,}",
        ],
        ["findings shown of one file", f"{MAX_FINDINGS}"],
    ]
