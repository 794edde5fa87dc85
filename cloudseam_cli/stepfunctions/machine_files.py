"""State machines from files: `NAME.asl.json`, or the same in YAML, is state machine NAME."""

from pathlib import Path

from cloudseam.errors import CloudSeamError, InvalidDefinitionError
from cloudseam.languages import load_machine
from cloudseam.languages.asl.file_kind import SUFFIXES
from cloudseam.languages.asl.json_text import text_of
from cloudseam.languages.asl.machine import AslMachine
from cloudseam.locators.folder import machine_files
from cloudseam_cli.machine_file import machine_name, read_text
from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.arn import ROLE
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault


class MachineFileError(CloudSeamError):
    """A file's state machine cannot be used."""


def take_folder(engine: Engine, folder: Path) -> list[str]:
    """Creates or updates the state machine of each file of a folder; their names.

    Raises:
        MachineFileError: a file cannot be read, or its definition cannot be used.
    """
    files = [path for path in machine_files(folder) if path.name.endswith(SUFFIXES)]
    return [_take(engine, path) for path in files]


def _take(engine: Engine, path: Path) -> str:
    name = machine_name(path)
    try:
        definition = _definition(name, path)
        told = {"name": name, "definition": definition, "roleArn": ROLE}
        known = engine.machines.find(name)
        if known is None:
            api.call(engine, "CreateStateMachine", told)
        elif known.definition != definition:
            told = {"stateMachineArn": known.arn, "definition": definition}
            api.call(engine, "UpdateStateMachine", told)
    except ApiFault as fault:
        raise MachineFileError(f"{path}: {fault.message}") from None
    except InvalidDefinitionError as error:
        raise MachineFileError(str(error)) from None
    except (OSError, UnicodeDecodeError) as error:
        raise MachineFileError(f"{path} cannot be read: {error}") from error
    return name


def _definition(name: str, path: Path) -> str:
    """The definition as JSON, which the API takes."""
    if path.suffix == ".json":
        return path.read_text(encoding="utf-8")
    machine = load_machine(name, read_text(path), str(path))
    return text_of(machine.definition) if isinstance(machine, AslMachine) else ""
