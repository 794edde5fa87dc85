"""Which machine moves a stack: the file's, or the version that the stack started on."""

from dataclasses import replace

import pytest

from cloudseam.errors import (
    CloudSeamError,
    InvalidDefinitionError,
    MachineNotFoundError,
    ServiceUnavailableError,
)
from cloudseam.event import MIGRATE_MACHINE
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.machine import Machine
from cloudseam.persistence.memory import InMemoryMachineVersions
from cloudseam.pinned_machines import VERSIONS_HELD, LatestMachines, PinnedMachines
from cloudseam.stack import Stack
from tests.builders import a_machine, a_stack, an_event

OLD, NEW = a_machine(digest="old"), a_machine(digest="new")
PING = an_event("PING")


class CountingVersions(InMemoryMachineVersions):
    """Versions in memory that count how often they are asked, and fail as they are told to."""

    def __init__(self) -> None:
        super().__init__()
        self.kept: list[str] = []
        self.got: list[str] = []
        self.fails = False

    def keep(self, machine: Machine) -> None:
        """See `MachineVersions.keep`."""
        self.kept.append(machine.digest)
        if self.fails:
            raise ServiceUnavailableError("The store did not answer.")
        super().keep(machine)

    def get(self, name: str, digest: str) -> Machine | None:
        """See `MachineVersions.get`."""
        self.got.append(digest)
        if self.fails:
            raise ServiceUnavailableError("The store did not answer.")
        return super().get(name, digest)


class FailingLocator(InMemoryMachineLocator):
    """Files of which none can be used."""

    def __init__(self, error: CloudSeamError) -> None:
        super().__init__()
        self._error = error

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        raise self._error


class Files:
    """Pinned machines over a folder that has one machine, and over versions."""

    def __init__(self, machine: StatesMachine = OLD) -> None:
        self.locator = InMemoryMachineLocator([machine])
        self.versions = CountingVersions()
        self.machines = PinnedMachines(self.locator, self.versions)

    def start(self, stack_id: str = "s") -> Stack:
        """A stack that has made its first step on the file's machine, but is not committed yet."""
        fresh = Stack.new(stack_id, "life", 0)
        machine = self.machines.machine_of(fresh, PING)
        return replace(fresh, machine_digest=machine.digest)

    def moved_by(self, stack: Stack) -> str:
        """The digest of the machine that moves the stack."""
        return self.machines.machine_of(stack, PING).digest


def on(digest: str) -> Stack:
    """A stack that runs on that version."""
    return a_stack("RUN", machine_digest=digest)


# ---- which machine


def test_a_new_stack_and_one_of_the_original_take_the_files_machine() -> None:
    files = Files(NEW)

    assert files.moved_by(on("")) == "new"
    assert files.versions.got == []


def test_a_stack_stays_on_its_version_when_the_file_changes() -> None:
    files = Files(OLD)
    stack = files.start()
    assert files.machines.keep([stack], {}) == {}

    files.locator.put(NEW)

    assert files.moved_by(stack) == "old"
    assert PinnedMachines(files.locator, files.versions).machine_of(stack, PING) == OLD


def test_a_stack_on_the_files_version_asks_the_store_for_nothing() -> None:
    files = Files(OLD)

    assert files.moved_by(on("old")) == "old"
    assert files.versions.got == []


def test_a_version_is_read_once_by_a_container() -> None:
    files = Files(NEW)
    files.versions.keep(OLD)

    assert [files.moved_by(on("old")) for _ in range(3)] == ["old"] * 3
    assert files.versions.got == ["old"]


def test_a_stack_whose_version_was_never_kept_takes_the_files() -> None:
    assert Files(NEW).moved_by(on("old")) == "new"


def test_a_version_that_another_container_keeps_meanwhile_is_found() -> None:
    files = Files(NEW)
    assert files.moved_by(on("old")) == "new"

    files.versions.keep(OLD)

    assert files.moved_by(on("old")) == "old"


def test_the_move_to_another_version_is_made_by_the_files_machine() -> None:
    files = Files(NEW)
    files.versions.keep(OLD)

    moved = files.machines.machine_of(on("old"), an_event(MIGRATE_MACHINE))

    assert moved.digest == "new"


@pytest.mark.parametrize("error", [MachineNotFoundError(), InvalidDefinitionError()])
def test_a_stack_goes_on_without_its_file_as_long_as_its_version_was_kept(
    error: CloudSeamError,
) -> None:
    versions = CountingVersions()
    versions.keep(OLD)
    machines = PinnedMachines(FailingLocator(error), versions)

    assert machines.machine_of(on("old"), PING) == OLD
    for stack in (on(""), on("never-kept")):
        with pytest.raises(type(error)):
            machines.machine_of(stack, PING)


def test_a_store_that_does_not_answer_is_not_taken_for_a_version_that_is_not_there() -> None:
    files = Files(NEW)
    files.versions.keep(OLD)
    files.versions.fails = True

    with pytest.raises(ServiceUnavailableError):
        files.moved_by(on("old"))

    files.versions.fails = False
    assert files.moved_by(on("old")) == "old"


# ---- keeping


def test_a_version_is_kept_once_before_the_first_stack_on_it_is_committed() -> None:
    files = Files(OLD)
    first, second = files.start("a"), files.start("b")

    assert files.machines.keep([first], {}) == {}
    assert files.machines.keep([second], {}) == {}

    assert files.versions.kept == ["old"]


def test_a_stack_that_stays_on_its_version_keeps_nothing() -> None:
    files = Files(OLD)
    stack = files.start()

    assert files.machines.keep([stack], {"s": on("old")}) == {}
    assert files.versions.kept == []


def test_a_stack_whose_version_cannot_be_kept_must_not_be_committed() -> None:
    files = Files(OLD)
    stack, other = files.start("a"), replace(files.start("b"), machine_digest="")
    files.versions.fails = True

    failures = files.machines.keep([stack, other], {})

    assert {name: type(error) for name, error in failures.items()} == {"a": ServiceUnavailableError}


def test_what_could_not_be_kept_is_kept_at_the_next_try() -> None:
    files = Files(OLD)
    stack = files.start()
    files.versions.fails = True
    files.machines.keep([stack], {})
    files.versions.fails = False

    assert files.machines.keep([stack], {}) == {}
    assert files.versions.get("life", "old") == OLD


def test_a_version_is_kept_even_if_the_file_changes_within_the_batch() -> None:
    files = Files(OLD)
    first = files.start("a")
    files.locator.put(NEW)
    second = files.start("b")

    assert files.machines.keep([first, second], {}) == {}

    assert files.versions.kept == ["old", "new"]


def test_a_version_that_was_not_there_once_is_kept_when_its_file_comes_back() -> None:
    files = Files(NEW)
    assert files.moved_by(on("old")) == "new"

    files.locator.put(OLD)
    stack = files.start()
    files.machines.keep([stack], {})

    assert files.versions.kept == ["old"]


def test_a_version_that_came_from_the_store_is_not_kept_again() -> None:
    files = Files(NEW)
    files.versions.keep(OLD)
    stack = replace(on("old"), machine_digest=files.moved_by(on("old")))

    files.machines.keep([stack], {})

    assert files.versions.kept == ["old"]


def test_a_container_does_not_hold_ever_more_versions() -> None:
    files = Files(NEW)
    digests = [f"v{number}" for number in range(3 * VERSIONS_HELD)]
    for digest in digests:
        files.versions.keep(a_machine(digest=digest))
        assert files.moved_by(on(digest)) == digest
        files.machines.keep([], {})

    for digest in digests:
        files.moved_by(on(digest))
        files.machines.keep([], {})

    assert len(files.versions.got) > len(digests)


def test_the_versions_that_are_in_use_stay_held_while_others_come_and_go() -> None:
    files = Files(NEW)
    for number in range(3 * VERSIONS_HELD):
        files.versions.keep(a_machine(digest=f"v{number}"))
        files.moved_by(on(f"v{number}"))
        files.moved_by(on("v0"))
        files.machines.keep([], {})

    assert files.versions.got.count("v0") == 1


# ---- where no stack is pinned


def test_the_latest_machine_moves_every_stack_where_none_is_pinned() -> None:
    versions = CountingVersions()
    machines = LatestMachines(InMemoryMachineLocator([NEW]), versions)

    assert machines.machine_of(on("old"), PING) == NEW
    assert machines.keep([on("new")], {}) == {}
    assert (versions.kept, versions.got) == ([], [])


def execution(digest: str) -> AslMachine:
    return AslMachine("life", digest, {"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}, "{}")


def test_an_execution_keeps_the_definition_that_it_began_with_even_there() -> None:
    files = InMemoryMachineLocator([execution("old")])
    versions = CountingVersions()
    machines = LatestMachines(files, versions)
    began = replace(on(machines.machine_of(a_stack(), PING).digest), version=0)
    assert machines.keep([began], {}) == {}

    files.put(execution("new"))

    assert machines.machine_of(on("old"), PING) == execution("old")
    assert versions.kept == ["old"]


@pytest.mark.parametrize(
    ("kept", "is_found"), [(execution("old"), True), (OLD, False)], ids=["execution", "v1"]
)
def test_without_its_file_an_execution_goes_on_there_and_nothing_else(
    kept: Machine, is_found: bool
) -> None:
    versions = InMemoryMachineVersions()
    versions.keep(kept)
    machines = LatestMachines(FailingLocator(MachineNotFoundError("gone")), versions)

    if is_found:
        assert machines.machine_of(on("old"), PING) == kept
    else:
        with pytest.raises(MachineNotFoundError, match="gone"):
            machines.machine_of(on("old"), PING)
