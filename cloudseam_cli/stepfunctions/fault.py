"""An error of the API, as Step Functions models it (API reference)."""


class ApiFault(Exception):
    """`name` is the error's own, such as `StateMachineDoesNotExist`."""

    def __init__(self, name: str, message: str) -> None:
        super().__init__(message)
        self.name = name
        self.message = message


def invalid(text: str) -> ApiFault:
    """The error of an input that cannot be used."""
    return ApiFault("ValidationException", text)
