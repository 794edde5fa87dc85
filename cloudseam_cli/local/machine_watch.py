"""Notices when a machine's file becomes bad, good again, or another one."""

from collections.abc import Iterator

from cloudseam.errors import CloudSeamError
from cloudseam.locators import MachineLocator
from cloudseam_cli.local.report import Kind, Report

NO_MACHINE = (
    "WARNING: there is no machine in the folder of machines; NAME.yml there is machine NAME"
)


class MachineWatch:
    """Looks at machines again and again, and tells what has changed since the last look."""

    def __init__(self, machines: MachineLocator) -> None:
        self._machines = machines
        self._seen: dict[str, str] = {}
        self._problem = ""

    def look(self) -> Iterator[Report]:
        """What has changed. Everything, at the first look."""
        try:
            names = set(self._machines.names())
        except CloudSeamError as error:
            if str(error) != self._problem:
                self._problem = str(error)
                yield Report(Kind.NOTE, reason=self._problem)
            return
        for name in sorted(names):
            now, problem = self._state(name)
            before = self._seen.get(name)
            if now != before:
                self._seen[name] = now
                yield Report(Kind.NOTE, machine=name, reason=problem or _good(name, before))
        for name in sorted(self._seen.keys() - names):
            del self._seen[name]
            yield Report(Kind.NOTE, machine=name, reason=f"machine {name} is gone")
        problem = "" if names else NO_MACHINE
        if problem != self._problem:
            self._problem = problem
            if problem:
                yield Report(Kind.NOTE, reason=problem)

    def _state(self, name: str) -> tuple[str, str | None]:
        """What tells one state of the machine from another, and what is wrong with it."""
        try:
            return self._machines.get(name).digest, None
        except CloudSeamError as error:
            return f"! {error}", str(error)


def _good(name: str, before: str | None) -> str:
    if before is None:
        return f"machine {name} is ready"
    return f"machine {name} is good again" if before.startswith("!") else f"machine {name} changed"
