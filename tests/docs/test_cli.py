"""docs/cli.md has every command with every option, and none that there is not."""

import argparse
import re
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import pytest

from cloudseam_cli.main import COMMANDS

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "cli.md").read_text()
SECTIONS = dict(re.findall(r"^## cloudseam ([a-z]+)\n(.*?)(?=^## |\Z)", PAGE, re.DOTALL | re.M))


def parser_of(command: str) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog=f"cloudseam {command}")
    import_module(COMMANDS[command].module).add_arguments(parser)
    return parser


def actions_of(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    """What it takes, with what its own commands take."""
    for action in parser._actions:
        yield action
        if isinstance(action, argparse._SubParsersAction):
            for command in action.choices.values():
                yield from actions_of(command)


def test_every_command_has_a_section_and_a_line_in_the_list() -> None:
    listed = dict(re.findall(r"^\| \[`([a-z]+)`\]\(#cloudseam-\1\) \| (.*) \|$", PAGE, re.M))

    assert list(SECTIONS) == list(COMMANDS)
    assert listed == {name: command.help for name, command in COMMANDS.items()}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_table_of_a_command_has_its_options_and_no_other(command: str) -> None:
    rows = [line.split("|")[1] for line in SECTIONS[command].splitlines() if line.startswith("| `")]
    told = set(re.findall(r"--[a-z-]+", " ".join(rows)))
    options = {
        option
        for action in actions_of(parser_of(command))
        for option in action.option_strings
        if option.startswith("--") and option != "--help"
    }

    assert told == options


def test_what_a_command_can_do_is_told_one_by_one() -> None:
    for command in COMMANDS:
        for action in parser_of(command)._actions:
            if isinstance(action, argparse._SubParsersAction):
                rows = re.findall(rf"^\| `{command} ([a-z]+)", SECTIONS[command], re.M)
                assert rows == list(action.choices)


@pytest.mark.parametrize("command", COMMANDS)
def test_the_help_has_examples_and_exit_codes(command: str) -> None:
    text = parser_of(command).format_help()

    assert f"\nexamples:\n  cloudseam {command}" in text
    assert "\nexit codes: 0 " in text


@pytest.mark.parametrize("command", COMMANDS)
def test_every_example_of_the_help_can_be_read(command: str, tmp_path: Path) -> None:
    parser = parser_of(command)
    examples = re.findall(rf"^  cloudseam ({command}\b.*)$", parser.format_help(), re.M)

    for example in examples:
        words = re.split(r"\s+[|>(]", example)[0].split()[1:]
        for action in actions_of(parser):
            if getattr(action.type, "__name__", "") == "existing_folder":
                action.type, action.default = str, None  # the folder need not be there
        assert parser.parse_args(words)
