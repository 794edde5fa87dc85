"""What the stand-in says to a call that it does not carry out."""

from typing import Any


class RefusedError(Exception):
    """`code` is as the service names it; `extra` is added to its answer."""

    def __init__(self, code: str, message: str, **extra: Any) -> None:
        super().__init__(message)
        self.code = code
        self.extra = extra


def unknown(what: str) -> RefusedError:
    """For what only the real service knows."""
    return RefusedError("ValidationException", f"The stand-in for AWS does not know {what}.")
