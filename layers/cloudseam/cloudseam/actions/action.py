"""Actions: the classes that a machine names."""

from __future__ import annotations

import logging
from collections.abc import Callable
from functools import wraps
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from cloudseam.actions.context import Context

logger = logging.getLogger(__name__)

Instance = TypeVar("Instance")


class Action:
    """Base of the actions of a machine. This one does nothing but log its name.

    Made anew each time it is run. `name` is the dotted name that the machine has for it.
    """

    def __init__(self, name: str, event: str | None = None) -> None:
        self.name = name
        self.event = event

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        """Does what the action is for.

        What a `do_action` returns is the machine's next event; None waits for one from outside.
        What other actions return means nothing. `context` is carried from state to state; `obj`
        lives for one invocation: `obj["fence_token"]` grows with every attempt, and
        `obj["delay"]`, in seconds, puts the next transition off.
        """
        logger.info("Action %s", self.name)
        return self.event


def max_retry_event(
    event: str,
) -> Callable[
    [Callable[[Instance, Context, dict[str, Any]], str | None]],
    Callable[[Instance, Context, dict[str, Any]], str | None],
]:
    """Decorates `execute`: an exception in the last attempt becomes an event instead.

    What the action had changed in the context by then stays.
    """

    def decorate(
        execute: Callable[[Instance, Context, dict[str, Any]], str | None],
    ) -> Callable[[Instance, Context, dict[str, Any]], str | None]:
        @wraps(execute)
        def guarded(self: Instance, context: Context, obj: dict[str, Any]) -> str | None:
            try:
                return execute(self, context, obj)
            except Exception:
                if context.retries < context.max_retries:
                    raise
                logger.warning("The last attempt failed", exc_info=True)
                return event

        return guarded

    return decorate
