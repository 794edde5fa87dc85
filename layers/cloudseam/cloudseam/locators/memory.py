"""Machines kept in memory, for tests and the simulator."""

from collections.abc import Iterable, Sequence

from cloudseam.errors import MachineNotFoundError
from cloudseam.machine import Machine


class InMemoryMachineLocator:
    """See `cloudseam.locators.MachineLocator`."""

    def __init__(self, machines: Iterable[Machine] = ()) -> None:
        self._machines = {machine.name: machine for machine in machines}

    def put(self, machine: Machine) -> None:
        """Adds a machine, or replaces the one of that name."""
        self._machines[machine.name] = machine

    def get(self, name: str) -> Machine:
        """See `MachineLocator.get`."""
        machine = self._machines.get(name)
        if machine is None:
            raise MachineNotFoundError(f"There is no machine '{name}'.", machine=name)
        return machine

    def names(self) -> Sequence[str]:
        """See `MachineLocator.names`."""
        return sorted(self._machines)
