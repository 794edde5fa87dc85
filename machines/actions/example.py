"""The actions of `machines/Example.yml`. Each says that it runs, and notes it in the context."""

from typing import Any

from cloudseam.actions import Action, Context


class Step(Action):
    """What all of them do. The event that a `do_action` returns is theirs to choose."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        """Notes its name in `ran`."""
        name = type(self).__name__
        print(f"{context.correlation_id}: {name} in {context.current_state}")
        context.setdefault("ran", []).append(name)
        return None


class Action1(Step):
    """Run when FirstState is entered."""


class Action2(Step):
    """Run in FirstState: returns `way` of the context, which is `done` unless it says otherwise.

    `null` returns no event: the machine waits for one from outside.
    """

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        """See `Step`."""
        super().execute(context, obj)
        way: str | None = context.get("way", "done")
        return way


class Action3(Step):
    """Run when FirstState is left, whatever the event."""


class Action4(Step):
    """Run when SecondState is entered."""


class Action5(Step):
    """Run in SecondState: goes on at once."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        """See `Step`."""
        super().execute(context, obj)
        return "done"


class Action6(Step):
    """Run when SecondState is left."""


class Action7(Step):
    """Run when ThirdState is entered, from either state."""


class Action8(Step):
    """Run in ThirdState. That is final, so an event would be discarded."""


class Action9(Step):
    """Run when the machine ends, in an invocation of its own."""
