"""The actions of the library's example that encrypts a file, with a bucket in memory."""

from typing import Any

from cloudseam.actions import Action, Context

# Names of the bucket's objects, as `bucket/key`.
objects: set[str] = set()


class CheckIfFileExists(Action):
    """Looks for the file."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        return "done" if _name(context) in objects else "missing"


class EncryptFile(Action):
    """Puts an encrypted copy beside it."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        objects.add(f"{_name(context)}.encrypted")
        return "done"


class RemoveOldFile(Action):
    """Removes the file."""

    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        objects.remove(_name(context))
        return "done"


def _name(context: Context) -> str:
    return f"{context['bucket']}/{context['name']}"
