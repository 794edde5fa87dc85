"""State machines from files: `NAME.asl.json` is state machine NAME."""

from pathlib import Path

from cloudseam.errors import CloudSeamError
from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault

SUFFIX = ".asl.json"
# Nobody checks it here; the API wants one.
ROLE = "arn:aws:iam::000000000000:role/cloudseam"


class MachineFileError(CloudSeamError):
    """A file's state machine cannot be used."""


def take_folder(engine: Engine, folder: Path) -> list[str]:
    """Creates or updates the state machine of each file of a folder; their names.

    Raises:
        MachineFileError: a file cannot be read, or its definition cannot be used.
    """
    files = sorted(folder.glob(f"*{SUFFIX}"))
    return [_take(engine, path) for path in files]


def _take(engine: Engine, path: Path) -> str:
    name = path.name.removesuffix(SUFFIX)
    try:
        definition = path.read_text(encoding="utf-8")
        told = {"name": name, "definition": definition, "roleArn": ROLE}
        known = engine.machines.find(name)
        if known is None:
            api.call(engine, "CreateStateMachine", told)
        elif known.definition != definition:
            told = {"stateMachineArn": known.arn, "definition": definition}
            api.call(engine, "UpdateStateMachine", told)
    except ApiFault as fault:
        raise MachineFileError(f"{path}: {fault.message}") from None
    except (OSError, UnicodeDecodeError) as error:
        raise MachineFileError(f"{path} cannot be read: {error}") from error
    return name
