"""The action of the library's tracer, with what chance did in the recording."""

from typing import Any

from cloudseam.actions import Action, Context

# By steps and retries: where it raised when it was recorded.
raises_at: set[tuple[int, int]] = set()


class IncrementAction(Action):
    """Counts to a hundred."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        if (context.steps, context.retries) in raises_at:
            raise Exception("half of the time")
        context.setdefault("started_at", 1_000_000)  # by the recording's clock
        context["count"] = context.get("count", 0) + 1
        return "done" if context["count"] > 100 else "event1"
