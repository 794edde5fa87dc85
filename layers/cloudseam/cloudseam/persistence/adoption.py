"""What is known of an installation of the original CloudSeam that was taken over."""

from cloudseam.errors import ForeignWriteError
from cloudseam.limits import RESERVED_ID_PREFIX

# The row that says since when the stacks are ours, as `adoptedAt` in epoch milliseconds. While it
# is there, a row without a version was written by another program: every commit of ours has one.
MARKER_ID = f"{RESERVED_ID_PREFIX}installation"


def foreign_write(stack_id: str) -> ForeignWriteError:
    """The error for a stack whose row another program has written since."""
    return ForeignWriteError(
        f"The row of stack '{stack_id}' has no version, and this installation was taken over from "
        "the original CloudSeam: another program has written the row since. Stop that program, "
        "look whether the row is as it should be, take it over with `cloudseam migrate adopt "
        f"--stack {stack_id}`, and redrive this message.",
        stack_id=stack_id,
    )
