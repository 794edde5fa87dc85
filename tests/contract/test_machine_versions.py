"""Every store of machine versions behaves alike: what was kept comes back as the same machine."""

from dataclasses import replace
from pathlib import Path

import pytest

from cloudseam.errors import InvalidDefinitionError
from cloudseam.languages import load_machine
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.languages.yaml_rules import MAX_BYTES
from cloudseam.persistence.memory import InMemoryMachineVersions
from tests.contract.stores import Store

MACHINES = sorted((Path(__file__).parents[2] / "machines").glob("*.yml"))

TEXT = """
version: 1
events: [LAUNCH]
states:
  INIT: {on: {LAUNCH: [{action: advance, state: RUN}]}}  # żółw 🐢 'it''s' \\ "x"
  RUN: {terminal: true}
tasks: {}
"""


@pytest.mark.parametrize("path", MACHINES, ids=lambda path: path.stem)
def test_a_version_comes_back_as_the_same_machine(store: Store, path: Path) -> None:
    machine = load_machine(path.stem, path.read_text(), path.name)
    store.versions.keep(machine)

    kept = store.versions.get(machine.name, machine.digest)

    assert kept is not None
    assert (kept.name, kept.digest, kept.source) == (
        machine.name,
        machine.digest,
        machine.source,
    )


def test_a_text_comes_back_to_the_letter(store: Store) -> None:
    machine = load_machine("turtle", TEXT, "turtle.yml")
    store.versions.keep(machine)

    kept = store.versions.get("turtle", machine.digest)

    assert kept is not None
    assert kept.source == TEXT


def test_keeping_a_version_again_changes_nothing(store: Store) -> None:
    machine = load_machine("turtle", TEXT, "turtle.yml")
    for _ in range(2):
        store.versions.keep(machine)

    kept = store.versions.get("turtle", machine.digest)

    assert kept == machine


def test_each_version_is_kept_beside_the_others(store: Store) -> None:
    old = load_machine("turtle", TEXT, "turtle.yml")
    new = load_machine("turtle", TEXT.replace("RUN", "WALK"), "turtle.yml")
    store.versions.keep(old)
    store.versions.keep(new)

    assert store.versions.get("turtle", old.digest) == old
    assert store.versions.get("turtle", new.digest) == new


def test_a_version_that_was_never_kept_is_not_there(store: Store) -> None:
    store.versions.keep(load_machine("turtle", TEXT, "turtle.yml"))

    assert store.versions.get("turtle", "0" * 64) is None


def test_a_version_that_later_rules_refuse_says_which_one_and_what_to_do(store: Store) -> None:
    if isinstance(store.versions, InMemoryMachineVersions):
        pytest.skip("it keeps the machine itself")
    machine = load_machine("turtle", TEXT, "turtle.yml")
    assert isinstance(machine, StatesMachine)
    store.versions.keep(replace(machine, source=TEXT.replace("version: 1", "version: 9")))

    with pytest.raises(InvalidDefinitionError) as refused:
        store.versions.get("turtle", machine.digest)

    version = machine.digest[:12]
    assert refused.value.machine == "turtle"
    assert str(refused.value).startswith(f"Version {version} of machine 'turtle', which the stack")
    assert "`cloudseam migrate stacks`" in str(refused.value)
    assert f"version {version}:2:10: error: version: " in str(refused.value)


def test_the_largest_file_there_may_be_can_be_kept(store: Store) -> None:
    text = TEXT.replace("żółw 🐢", "turtle").ljust(MAX_BYTES, "#")
    machine = load_machine("turtle", text.encode(), "turtle.yml")
    store.versions.keep(machine)

    kept = store.versions.get("turtle", machine.digest)

    assert kept is not None
    assert kept.source == text
