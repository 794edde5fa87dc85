"""Who called, as far as an operation that takes long has to know."""

from collections.abc import Callable
from contextvars import ContextVar

IsThere = Callable[[], bool]


def always() -> bool:
    """A caller in the same process does not go away."""
    return True


# Whether the caller still waits for the answer. The server sets it for each of its connections.
is_there: ContextVar[IsThere] = ContextVar("is_there", default=always)
