"""What actions of Python-action machines are made of, and how machines are started.

Light to import: what sends is imported when something is sent.
"""

from cloudseam.actions.action import Action, max_retry_event
from cloudseam.actions.context import Context
from cloudseam.actions.starting import (
    StartsNotSentError,
    start_state_machine,
    start_state_machines,
)

__all__ = [
    "Action",
    "Context",
    "StartsNotSentError",
    "max_retry_event",
    "start_state_machine",
    "start_state_machines",
]
