"""Whether a definition of a state machine can be used."""

from cloudseam.languages.asl.diagnostic import refusal
from cloudseam.languages.asl.validation import diagnose
from cloudseam_cli.stepfunctions.fault import ApiFault


def diagnostics_of(definition: str, kind: str) -> list[dict[str, str]]:
    """What is to be said of a definition of a `STANDARD` or `EXPRESS` state machine, as
    ValidateStateMachineDefinition has it."""
    return [each.as_json() for each in diagnose(definition, kind)]


def check_definition(definition: str, kind: str) -> None:
    """Refuses what cannot be run.

    Raises:
        ApiFault: InvalidDefinition, with all errors.
    """
    told = refusal(diagnose(definition, kind))
    if told is not None:
        raise ApiFault("InvalidDefinition", told)
