"""The actions of the library's integration tests."""

from typing import Any

from cloudseam.actions import Action, Context


class ReturnOK(Action):
    """Fails where it is told to."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        if [context.steps, context.retries] in context.get("fail_at", []):
            raise Exception("told to fail")
        return "ok"


class IncrementCounter(ReturnOK):
    """Counts up to `loops`."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        super().execute(context, obj)
        context["counter"] = context.get("counter", 0) + 1
        return "ok" if context["counter"] < context["loops"] else "done"


class ResetCounter(Action):
    """Forgets the count."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        del context["counter"]
        return "done"


class SerializationProblem(Action):
    """Leaves what is not JSON."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        context["error"] = Exception("no JSON")
        return "ok"


class LongPause(Action):
    """Would wait for five seconds."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        return "ok"
