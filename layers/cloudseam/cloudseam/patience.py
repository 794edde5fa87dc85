"""How long a client of an AWS service waits, and how often it asks."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Time-outs in seconds, and the attempts in all that one call may take.

    `connections` is how many calls may be under way at a time without opening one more.
    """

    connect_timeout: float
    read_timeout: float
    attempts: int
    connections: int = 10
