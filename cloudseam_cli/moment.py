"""Moments for people."""

import datetime


def moment(epoch_ms: int) -> str:
    """A time in the computer's own zone, to the second; `-` where there is none."""
    if epoch_ms <= 0:
        return "-"
    try:
        at = datetime.datetime.fromtimestamp(epoch_ms / 1000).astimezone()
    except (OverflowError, ValueError, OSError):
        return "-"
    return at.isoformat(sep=" ", timespec="seconds")
