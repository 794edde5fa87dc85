"""What the files of a folder or bucket hold, each read once in each of its versions."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cloudseam.errors import (
    CloudSeamError,
    InvalidDefinitionError,
    MachineNotFoundError,
    ServiceUnavailableError,
)
from cloudseam.finding import Finding, FindingsError, Severity
from cloudseam.languages import Reading, machine_in, read_file
from cloudseam.languages.python_actions.imports import follow
from cloudseam.languages.python_actions.machines_file import MachinesFile, NoMachines
from cloudseam.languages.wording import shown
from cloudseam.locators.file_name import stem_of
from cloudseam.machine import Machine

# What tells one version of a file from the next, without reading it.
F = TypeVar("F")


@dataclass(frozen=True, slots=True)
class Loaded(Generic[F]):
    """A file as it was read last, and the machines of it that were asked for."""

    file: F
    content: MachinesFile | Reading
    asked: dict[str, Reading] = field(default_factory=dict)

    def reading(self, name: str) -> Reading:
        """The machine of that name, the same object each time."""
        if isinstance(self.content, Reading):
            return self.content
        if name not in self.content.machines:
            return machine_in(self.content, name)  # not kept: any name may be asked for
        if name not in self.asked:
            self.asked[name] = machine_in(self.content, name)
        return self.asked[name]


class Contents(Generic[F]):
    """The files by their paths below the folder of machines, with `/`.

    `find` gives the version of a file as it is now, and `read` its bytes and the version they are
    of. Both raise as `MachineLocator.get` does. `called` is what findings call a file.
    """

    def __init__(
        self,
        find: Callable[[str], F | None],
        read: Callable[[str, F], tuple[F, bytes]],
        called: Callable[[str, F], str] = lambda path, _: path,
    ) -> None:
        self._called = called
        self._find = find
        self._read = read
        self._loaded: dict[str, Loaded[F]] = {}
        self._indexed: dict[str, F] | None = None
        # Versions of the files that are imported and not listed; None of those that are missing.
        self._beside: dict[str, F | None] = {}
        self._holders: Mapping[str, Sequence[str]] = {}
        # Why a file could not be read when all were looked through.
        self._unread: CloudSeamError | None = None

    def machine(self, name: str, path: str, file: F) -> Machine:
        """The machine of that name, in that file.

        Raises:
            FindingsError: it cannot be used.
        """
        reading = self._load(path, file).reading(name)
        if reading.machine is None:
            # A new one each time: a raised error grows with every traceback.
            raise FindingsError(name, _errors(reading.findings))
        return reading.machine

    def machines_file(self, path: str, file: F) -> MachinesFile | None:
        """The file, if it is one of Python-action machines."""
        content = self._load(path, file).content
        return content if isinstance(content, MachinesFile) else None

    def holder(self, name: str, listed: Mapping[str, F]) -> tuple[str, F] | None:
        """The file that has a Python-action machine, of those that are listed or imported.

        Raises:
            InvalidDefinitionError: two files have it.
            ServiceUnavailableError: none has it that could be read, and there are others.
        """
        holders = self.holders(listed).get(name, ())
        if len(holders) > 1:
            raise InvalidDefinitionError(
                f"Machine {shown(name)} is in two files, {' and '.join(map(shown, holders))}. "
                "Rename or remove one of the two.",
                machine=name,
            )
        if not holders and isinstance(self._unread, ServiceUnavailableError):
            raise ServiceUnavailableError(str(self._unread)) from self._unread
        for path in holders:
            file = listed[path] if path in listed else self._beside.get(path)
            if file is not None:
                return path, file
        return None

    def knows(self, name: str) -> bool:
        """Whether a file had that Python-action machine when all were last looked through."""
        return name in self._holders

    def holders(self, listed: Mapping[str, F]) -> Mapping[str, Sequence[str]]:
        """The paths of the files that have a Python-action machine, by its name.

        Where no file has changed nothing is read. One that cannot be read is left out, and tried
        again the next time.
        """
        if self._indexed != listed or any(
            self._find(path) != file for path, file in self._beside.items()
        ):
            self._beside, self._unread = {}, None
            self._holders = self._index(listed)
            self._indexed = dict(listed) if self._unread is None else None
        return self._holders

    def names(self, listed: Mapping[str, F]) -> Sequence[str]:
        """The names of all machines, those with errors included, in order.

        A file that cannot be read, or has no other machine, is one by its own name.
        """
        holders = self.holders(listed)
        others = (path for path in listed if not self._is_machines_file(path))
        return sorted({*holders, *(stem_of(path) or path for path in others)})

    def forget(self, *paths: str) -> None:
        """Lets go of files that are gone."""
        for path in paths:
            self._loaded.pop(path, None)

    def _is_machines_file(self, path: str) -> bool:
        loaded = self._loaded.get(path)
        return loaded is not None and isinstance(loaded.content, MachinesFile)

    def _index(self, listed: Mapping[str, F]) -> Mapping[str, Sequence[str]]:
        files: dict[str, MachinesFile] = {}
        for path in listed:
            if path not in files and isinstance(found := self._content(path, listed), MachinesFile):
                reached = follow(path, found, lambda other: self._content(other, listed))
                files.update(reached.files)
        self.forget(*(self._loaded.keys() - listed.keys() - self._beside.keys()))
        holders: dict[str, list[str]] = {}
        for path, file in files.items():
            for name in file.machines:
                holders.setdefault(name, []).append(path)
        return holders

    def _content(self, path: str, listed: Mapping[str, F]) -> MachinesFile | NoMachines:
        """A file that is listed or imported, as far as it has Python-action machines."""
        try:
            if path in listed:
                file: F | None = listed[path]
            else:
                file = self._beside[path] = self._find(path)
            if file is None:
                return NoMachines.MISSING
            return self.machines_file(path, file) or NoMachines.OTHER
        except (InvalidDefinitionError, MachineNotFoundError, ServiceUnavailableError) as error:
            self._unread = error
            return NoMachines.MISSING

    def _load(self, path: str, file: F) -> Loaded[F]:
        loaded = self._loaded.get(path)
        if loaded is None or loaded.file != file:
            version, text = self._read(path, file)
            content = read_file(stem_of(path) or path, text, self._called(path, version))
            loaded = self._loaded[path] = Loaded(version, content)
        return loaded


def _errors(findings: Sequence[Finding]) -> list[Finding]:
    return [found for found in findings if found.severity is Severity.ERROR]
