"""Every machine locator behaves alike: it finds machines by name, as they are now."""

from collections.abc import Callable
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from cloudseam.errors import InvalidDefinitionError, MachineNotFoundError
from cloudseam.finding import FindingsError
from cloudseam.languages import load_machine
from cloudseam.languages.asl.file_kind import SUFFIXES as ASL_SUFFIXES
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.locators import MachineLocator
from cloudseam.locators.folder import FolderMachineLocator
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.locators.s3 import S3MachineLocator
from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.emulator import boto3_on, lean_on

LIFE = """\
version: 1
events: [GO]
states:
  INIT: {on: {GO: [{action: advance, state: END}]}}
  END: {terminal: true}
tasks: {}
"""
LONGER_LIFE = LIFE.replace("  END:", "  AFTERLIFE: {terminal: true}\n  END:")

STRANGE_NAMES = {
    "empty": "",
    "dot": ".",
    "the folder above": "..",
    "a path above": "../life",
    "a path below": "sub/life",
    "an absolute path": "/etc/passwd",
    "a path of Windows": "..\\life",
    "hidden": ".life",
    "with its suffix": "life.yml",
    "with a NUL": "life\0",
    "with a line break": "life\n",
    "half of a pair": "life\ud800",
    "in capitals": "LIFE",
    "of an object's own": "__class__",
    "very long": "l" * 10_000,
    "of many bytes": "漢" * 200,
    "with a pattern": "lif*",
}


Write = Callable[[str, str], object]


@dataclass(frozen=True)
class Shelf:
    """A locator, and how a file is written where it looks, and removed."""

    locator: MachineLocator
    write: Write
    remove: Callable[[str], object]

    def put(self, name: str, text: str) -> None:
        """Puts a machine, or a file of many, into a file that may be in any language."""
        self.write(f"{name}.yml", text)


ClientOn = Callable[[EmbeddedAws, str], Any]


def in_memory(request: pytest.FixtureRequest) -> Shelf:
    locator = InMemoryMachineLocator()

    def write(file: str, text: str) -> None:
        locator.put(load_machine(file.removesuffix(".yml"), text, file))

    return Shelf(locator, write, lambda file: None)


def in_a_folder(request: pytest.FixtureRequest) -> Shelf:
    folder: Path = request.getfixturevalue("tmp_path")
    return Shelf(
        FolderMachineLocator(folder),
        lambda file, text: (folder / file).write_text(text),
        lambda file: (folder / file).unlink(),
    )


def in_a_bucket(request: pytest.FixtureRequest, client_on: ClientOn) -> Shelf:
    emulator: EmbeddedAws = request.getfixturevalue("emulator")
    bucket, beside = f"contract-{uuid4()}", boto3_on(emulator, "s3")
    beside.create_bucket(Bucket=bucket)
    ticks = count()  # so late that the list is always fetched again
    return Shelf(
        S3MachineLocator(client_on(emulator, "s3"), bucket, "", clock=lambda: 100.0 * next(ticks)),
        lambda file, text: beside.put_object(Bucket=bucket, Key=file, Body=text.encode()),
        lambda file: beside.delete_object(Bucket=bucket, Key=file),
    )


SHELVES: dict[str, Callable[[pytest.FixtureRequest], Shelf]] = {
    "memory": in_memory,
    "folder": in_a_folder,
    "s3": lambda request: in_a_bucket(request, boto3_on),
    "s3-lean": lambda request: in_a_bucket(request, lean_on),
}


@pytest.fixture(params=SHELVES)
def shelf(request: pytest.FixtureRequest) -> Shelf:
    return SHELVES[request.param](request)


def test_a_machine_is_found_by_its_name(shelf: Shelf) -> None:
    shelf.put("life", LIFE)

    assert shelf.locator.get("life") == load_machine("life", LIFE, "life.yml")


def test_a_machine_is_the_same_object_as_long_as_it_stays_the_same(shelf: Shelf) -> None:
    shelf.put("life", LIFE)

    assert shelf.locator.get("life") is shelf.locator.get("life")


def test_a_machine_that_changed_is_found_as_it_is_now(shelf: Shelf) -> None:
    shelf.put("life", LIFE)
    before = shelf.locator.get("life")

    shelf.put("life", LONGER_LIFE)

    assert shelf.locator.get("life") == load_machine("life", LONGER_LIFE, "life.yml")
    assert shelf.locator.get("life").digest != before.digest


def test_a_machine_that_is_not_there_may_come_later(shelf: Shelf) -> None:
    with pytest.raises(MachineNotFoundError, match="There is no machine 'life'") as raised:
        shelf.locator.get("life")

    shelf.put("life", LIFE)

    assert raised.value.machine == "life"
    assert shelf.locator.get("life").name == "life"


@pytest.mark.parametrize("what", STRANGE_NAMES)
def test_a_name_that_is_not_a_machines_finds_nothing(shelf: Shelf, what: str) -> None:
    shelf.put("life", LIFE)

    with pytest.raises(MachineNotFoundError):
        shelf.locator.get(STRANGE_NAMES[what])


def test_all_names_are_listed_in_order(shelf: Shelf) -> None:
    assert list(shelf.locator.names()) == []

    for name in ("order", "life", "bill"):
        shelf.put(name, LIFE)

    assert list(shelf.locator.names()) == ["bill", "life", "order"]


ACTIONS = """\
machines:
- {name: Order, states: [{name: Ship, initial: true, final: true}]}
- {name: Bill, states: [{name: Send, initial: true, final: true}]}
- {name: Bad, states: []}
"""


EXECUTION = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'


@pytest.fixture(params=[name for name in SHELVES if name != "memory"])
def files(request: pytest.FixtureRequest) -> Shelf:
    """A locator of files."""
    return SHELVES[request.param](request)


def test_machines_of_a_file_of_many_are_found_by_their_names(files: Shelf) -> None:
    files.put("fsm", ACTIONS)
    files.put("life", LIFE)

    assert files.locator.get("Order").digest == load_machine("Order", ACTIONS, "f").digest
    assert files.locator.get("Bill").name == "Bill"
    assert files.locator.get("Bill") is files.locator.get("Bill")
    assert files.locator.get("life").name == "life"
    assert list(files.locator.names()) == ["Bad", "Bill", "Order", "life"]


def test_a_machine_of_many_that_has_errors_hides_no_other(files: Shelf) -> None:
    files.put("fsm", ACTIONS)

    with pytest.raises(FindingsError, match="No state is initial"):
        files.locator.get("Bad")
    assert files.locator.get("Order").name == "Order"


def test_a_file_that_is_named_as_the_machine_comes_first(files: Shelf) -> None:
    files.put("Order", LIFE)
    files.put("fsm", ACTIONS)

    assert files.locator.get("Order") == load_machine("Order", LIFE, "Order.yml")


def test_a_file_of_machines_that_is_named_as_one_has_to_have_it(files: Shelf) -> None:
    files.put("order", ACTIONS)

    with pytest.raises(
        FindingsError, match=r"There is no machine 'order' in this file\. Did you mean 'Order'\?"
    ):
        files.locator.get("order")


def test_one_name_in_two_files_is_an_error_that_names_both(files: Shelf) -> None:
    files.put("fsm", ACTIONS)
    files.put("Order", ACTIONS.replace("Bill", "Receipt"))

    with pytest.raises(InvalidDefinitionError, match=r"'Order\.yml' and 'fsm\.yml'") as raised:
        files.locator.get("Order")

    assert raised.value.machine == "Order"
    assert files.locator.get("Bill").name == "Bill"
    assert files.locator.get("Receipt").name == "Receipt"


def test_a_machine_of_many_is_found_as_it_is_now(files: Shelf) -> None:
    files.put("fsm", ACTIONS)
    before = files.locator.get("Order")

    files.put("fsm", ACTIONS.replace("Ship", "Delivered").replace("Bill", "Invoice"))

    assert files.locator.get("Order").digest != before.digest
    assert files.locator.get("Invoice").name == "Invoice"
    with pytest.raises(MachineNotFoundError):
        files.locator.get("Bill")


def test_a_machine_of_many_that_is_not_there_may_come_later(files: Shelf) -> None:
    files.put("life", LIFE)
    with pytest.raises(MachineNotFoundError, match="no other has it"):
        files.locator.get("Order")

    files.put("fsm", ACTIONS)

    assert files.locator.get("Order").name == "Order"


def test_a_file_that_imports_another_of_the_folder_has_its_machines_once(files: Shelf) -> None:
    files.put("all", "machines:\n- import: fsm.yml\n- import: gone.yml\n- import: all.yml\n")
    files.put("fsm", ACTIONS)

    assert files.locator.get("Order").name == "Order"
    assert list(files.locator.names()) == ["Bad", "Bill", "Order"]


@pytest.mark.parametrize("suffix", ASL_SUFFIXES)
def test_a_machine_of_amazon_states_language_is_found_by_the_name_of_its_file(
    files: Shelf, suffix: str
) -> None:
    files.write(f"roll{suffix}", EXECUTION)
    files.put("life", LIFE)
    files.put("fsm", ACTIONS)

    found = files.locator.get("roll")

    assert found == load_machine("roll", EXECUTION, f"roll{suffix}")
    assert isinstance(found, AslMachine)
    assert files.locator.get("roll") is found
    assert list(files.locator.names()) == ["Bad", "Bill", "Order", "life", "roll"]
    with pytest.raises(MachineNotFoundError):
        files.locator.get(f"roll{suffix}".rpartition(".")[0])


def test_a_machine_of_amazon_states_language_is_found_as_it_is_now(files: Shelf) -> None:
    files.write("roll.asl.json", EXECUTION)
    before = files.locator.get("roll")

    files.write("roll.asl.json", EXECUTION.replace("Succeed", "Fail"))

    assert files.locator.get("roll").digest != before.digest


@pytest.mark.parametrize("other", ["life.yml", "life.asl.yaml"])
def test_one_machine_in_two_languages_is_an_error_that_names_both_until_one_is_gone(
    files: Shelf, other: str
) -> None:
    files.write("life.asl.json", EXECUTION)
    files.write(other, LIFE)

    with pytest.raises(InvalidDefinitionError) as raised:
        files.locator.get("life")

    assert raised.value.machine == "life"
    assert "'life.asl.json'" in str(raised.value)
    assert f"'{other}'" in str(raised.value)
    assert "Remove one of them." in str(raised.value)
    assert list(files.locator.names()) == ["life"]
    files.remove(other)
    assert files.locator.get("life") == load_machine("life", EXECUTION, "life.asl.json")
