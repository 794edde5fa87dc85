"""Files of machines as a command is given them, with those of their folder that they import."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cloudseam.errors import InvalidDefinitionError
from cloudseam.finding import Finding
from cloudseam.languages import Reading, machine_in, read_file
from cloudseam.languages.python_actions.imports import clashes, follow
from cloudseam.languages.python_actions.machines_file import MachinesFile, NoMachines
from cloudseam.locators.folder import find_file
from cloudseam.machine import Machine
from cloudseam_cli.machine_file import machine_name, read_text

Content = MachinesFile | Reading


class MachineFolder:
    """A folder of machines. Each file is read once, and called by its path."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read: dict[str, Content] = {}

    def read(self, path: str) -> Content:
        """The file at a path that was given by name.

        Raises:
            OSError: it cannot be read.
        """
        if path not in self._read:
            file = self._path / path
            self._read[path] = read_file(machine_name(file), read_text(file), self.called(path))
        return self._read[path]

    def called(self, path: str) -> str:
        """What findings call a file."""
        return str(self._path / path)

    def load(self, path: str) -> MachinesFile | NoMachines:
        """The file at a path that another one imports."""
        try:
            if find_file(self._path, path) is None:
                return NoMachines.MISSING
            content = self.read(path)
        except (OSError, InvalidDefinitionError):
            return NoMachines.MISSING
        return content if isinstance(content, MachinesFile) else NoMachines.OTHER


def with_imports(
    folder: MachineFolder, files: Mapping[str, Content]
) -> Iterator[tuple[str, Content, Sequence[Finding]]]:
    """The files and those that they import, by their paths, each with all that is found in it."""
    reached: dict[str, MachinesFile] = {}
    beside: set[Finding] = set()
    for path, content in files.items():
        if isinstance(content, MachinesFile):
            found = follow(path, content, folder.load)
            reached.update(found.files)
            beside.update(found.findings)
    named = {
        content.machine.name: folder.called(path)
        for path, content in files.items()
        if isinstance(content, Reading) and content.machine is not None
    }
    beside.update(clashes(reached, named))
    every: dict[str, Content] = {**files, **reached}
    for path, content in every.items():
        more = {found for found in beside if found.file == folder.called(path)}
        yield path, content, sorted({*content.findings, *more})


def machines_in(content: Content) -> list[Machine]:
    """The machines of a file that can be used."""
    if isinstance(content, Reading):
        return [content.machine] if content.machine is not None else []
    readings = (machine_in(content, name) for name in content.machines)
    return [reading.machine for reading in readings if reading.machine is not None]


def names_in(folder: MachineFolder, path: str) -> list[str]:
    """The names of the Python-action machines of a file, and of those that it imports.

    Raises:
        OSError: it cannot be read.
    """
    content = folder.read(path)
    if isinstance(content, Reading):
        return []
    reached = follow(path, content, folder.load).files.values()
    return sorted({name for file in reached for name in file.machines})
