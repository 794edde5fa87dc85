"""Actions that do what the context tells them to: which raise, delay, and return which event."""

from typing import Any

from cloudseam.actions import Action, Context, max_retry_event


class Told(Action):
    """Appends its name to `ran`; the rest is told by `delays`, `raise_at` and the like."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        name = self.name.rpartition(".")[2]
        context.setdefault("ran", []).append(name)
        if name in context.get("delays", {}):
            obj["delay"] = context["delays"][name]
        at = [name, context.retries]
        if at in context.get("raise_at", []) or name in context.get("raise_always", []):
            raise RuntimeError(f"{name} was told to raise")
        event: str | None = context.get("events", {}).get(name)
        return event


class Guarded(Told):
    """The same, with an event in place of the last failure."""

    @max_retry_event("fail")
    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        return super().execute(context, obj)


_TOLD = """
    A Action1 Action2 Action3 Action4 Action5 Action6 Action7 Action8 Action9 AnotherDoActionClass
    AnotherEntryActionClass AnotherExitActionClass AnotherTransitionActionClass B BootMachine C
    Cleanup CodeClassToRunInState CodeClassToRunOnEntry CodeClassToRunOnExit CopyDiskImage
    DoActionClass EntryActionClass ExitActionClass FD FE MakeDiskImage OnFail RebootMachine
    SetupNetwork SetupUsers T TransitionActionClass YetAnotherDoActionClass
"""
for _name in _TOLD.split():
    globals()[_name] = type(_name, (Told,), {})
GuardedWork = type("GuardedWork", (Guarded,), {})
