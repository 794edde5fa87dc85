"""What an action raised, for the cause of its failure."""

import os
import traceback

MAX_MESSAGE_CHARACTERS = 1_000
# The innermost ones, where it happened.
MAX_FRAMES = 8


def described(error: BaseException, root: str) -> str:
    """Type, message and the frames of the user's own code under `root`, the innermost last.

    Of frames the place is told, and nothing of what was in them.
    """
    told = [f"{type(error).__name__}: {_message(error)}"]
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if os.path.realpath(frame.filename).startswith(os.path.join(root, ""))
    ]
    if len(frames) > MAX_FRAMES:
        told.append("  …")
    for frame in frames[-MAX_FRAMES:]:
        place = os.path.relpath(os.path.realpath(frame.filename), root)
        told.append(f"  {place}, line {frame.lineno}, in {frame.name}")
    return "\n".join(told)


def _message(error: BaseException) -> str:
    """Its text. An exception's own code makes it, and may fail."""
    try:
        text = str(error)
    except Exception:
        return "(its text cannot be had)"
    return text if len(text) <= MAX_MESSAGE_CHARACTERS else text[:MAX_MESSAGE_CHARACTERS] + "…"
