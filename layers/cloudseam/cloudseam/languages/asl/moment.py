"""Moments as texts."""

from datetime import UTC, datetime


def moment_text(at: int) -> str:
    """Epoch milliseconds as ISO 8601 in UTC, as AWS writes them."""
    text = datetime.fromtimestamp(at / 1000, UTC).isoformat(timespec="milliseconds")
    return text.replace("+00:00", "Z")
