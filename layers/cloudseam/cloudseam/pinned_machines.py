"""Which machine moves a stack: the version that the stack started on, or the file's as it is."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from cloudseam.errors import (
    CloudSeamError,
    InvalidDefinitionError,
    MachineNotFoundError,
)
from cloudseam.event import MIGRATE_MACHINE, Event
from cloudseam.locators import MachineLocator
from cloudseam.machine import Machine
from cloudseam.persistence import MachineVersions
from cloudseam.stack import Stack

# Versions of machines that a container holds from one batch to the next, some 10 kB each: both
# versions of a thousand machines whose files have all changed under their stacks.
VERSIONS_HELD = 2_000


class Machines(Protocol):
    """Finds the machine of a stack."""

    def machine_of(self, stack: Stack, event: Event) -> Machine:
        """The machine that is to move the stack.

        Raises:
            MachineNotFoundError: there is none.
            InvalidDefinitionError: its file, or the version that the stack is on, cannot be used.
            ServiceUnavailableError: the store, or where files are, did not answer.
        """

    def keep(
        self, changed: Sequence[Stack], stored: Mapping[str, Stack]
    ) -> Mapping[str, CloudSeamError]:
        """Makes sure that stacks find their machine again; by id, which must not be committed."""


class PinnedMachines:
    """See `Machines`. A stack stays on the version that it started on, until it is moved.

    A version is kept in the store before the first stack is committed that runs on it. Stacks of
    the original, and those whose version was never kept, take the file's.
    """

    def __init__(self, locator: MachineLocator, versions: MachineVersions) -> None:
        self._locator = locator
        self._versions = versions
        self._held: dict[tuple[str, str], Machine] = {}
        self._kept: set[tuple[str, str]] = set()

    def machine_of(self, stack: Stack, event: Event) -> Machine:
        """See `Machines.machine_of`. The move to another version is made by that one."""
        if not stack.machine_digest or event.name == MIGRATE_MACHINE:
            return self._current(stack.machine)
        try:
            machine = self._current(stack.machine)
        except (MachineNotFoundError, InvalidDefinitionError):
            old = self._version(stack)
            if old is None:
                raise
            return old
        if machine.digest == stack.machine_digest:
            return machine
        return self._version(stack) or machine

    def keep(
        self, changed: Sequence[Stack], stored: Mapping[str, Stack]
    ) -> Mapping[str, CloudSeamError]:
        """See `Machines.keep`."""
        failures: dict[str, CloudSeamError] = {}
        for stack in changed:
            before = stored.get(stack.id)
            if before is None or before.machine_digest != stack.machine_digest:
                try:
                    self._keep(stack)
                except CloudSeamError as error:
                    failures[stack.id] = error
        while len(self._held) > VERSIONS_HELD:
            del self._held[next(iter(self._held))]
        return failures

    def _keep(self, stack: Stack) -> None:
        version = (stack.machine, stack.machine_digest)
        machine = self._held.get(version)
        if machine is not None and version not in self._kept:
            self._versions.keep(machine)
            self._kept.add(version)

    def _current(self, name: str) -> Machine:
        """The file's machine; held, since the file may change before it is kept."""
        machine = self._locator.get(name)
        self._hold((name, machine.digest), machine)
        return machine

    def _version(self, stack: Stack) -> Machine | None:
        """The version that the stack runs on. One that is missing may be kept by others later."""
        version = (stack.machine, stack.machine_digest)
        machine = self._held.get(version)
        if machine is None:
            machine = self._versions.get(*version)
            if machine is None:
                return None
            self._kept.add(version)
        self._hold(version, machine)
        return machine

    def _hold(self, version: tuple[str, str], machine: Machine) -> None:
        """Puts it behind all others: what was used longest ago is let go of first."""
        self._held.pop(version, None)
        self._held[version] = machine


class LatestMachines:
    """See `Machines`. Every stack is moved by the machine's file as it is now, but those of a
    language whose stacks stay on their version."""

    def __init__(self, locator: MachineLocator, versions: MachineVersions) -> None:
        self._locator = locator
        self._pinned = PinnedMachines(locator, versions)

    def machine_of(self, stack: Stack, event: Event) -> Machine:
        """See `Machines.machine_of`."""
        try:
            machine = self._locator.get(stack.machine)
        except (MachineNotFoundError, InvalidDefinitionError):
            kept = self._pinned.machine_of(stack, event)
            if not kept.keeps_its_stacks:
                raise
            return kept
        return self._pinned.machine_of(stack, event) if machine.keeps_its_stacks else machine

    def keep(
        self, changed: Sequence[Stack], stored: Mapping[str, Stack]
    ) -> Mapping[str, CloudSeamError]:
        """See `Machines.keep`."""
        return self._pinned.keep(changed, stored)
