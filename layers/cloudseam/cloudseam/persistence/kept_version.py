"""A version of a machine, loaded again from the text that was kept of it."""

from cloudseam.errors import InvalidDefinitionError
from cloudseam.finding import FindingsError
from cloudseam.languages import load_machine
from cloudseam.machine import Machine


def load_version(name: str, digest: str, source: str) -> Machine:
    """The machine as it was.

    Raises:
        InvalidDefinitionError: the text passed the rules of its time, and no longer does.
    """
    version = digest[:12]
    try:
        return load_machine(name, source, f"version {version}")
    except FindingsError as error:
        raise InvalidDefinitionError(
            f"Version {version} of machine '{name}', which the stack is on, can no longer be used. "
            "Move the stack to the version of the file with `cloudseam migrate stacks`. "
            f"{error.findings[0]}",
            machine=name,
        ) from error
