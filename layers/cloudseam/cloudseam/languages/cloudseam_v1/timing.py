"""How long a task of CloudSeam v1 may take, and when it is tried again."""

from collections.abc import Mapping
from typing import Any

from cloudseam.event import CANCELLED, FAILED, LOST, OUT_OF_TIME, STATE_LOCKED, TIMEOUT
from cloudseam.languages.cloudseam_v1 import rules
from cloudseam.languages.part import Part
from cloudseam.languages.scalar import (
    Duration,
    Flag,
    Number,
    duration_text,
    is_number,
)
from cloudseam.languages.wording import shown
from cloudseam.task_spec import RetryPolicy

MINUTE, DAY = 60, 86_400
TIMEOUT_LENGTH = Duration("30m", least=1, most=365 * DAY)
WAIT_LENGTH = Duration("30s", least=0, most=7 * DAY)
# docs/machines.md has this table too; a test compares them. `on` is beside them.
RETRY_VALUES: Mapping[str, Number | Duration | Flag] = {
    "attempts": Number("3", least=2, most=100, is_whole=True),
    "wait": WAIT_LENGTH,
    "factor": Number("2", least=1, most=10),
    "longest": WAIT_LENGTH,
    "jitter": Flag("false"),
}
ON = "on"
RETRY_KEYS = (*RETRY_VALUES, ON)
RETRY_EXAMPLE = "`{attempts: 3}`, or as `3`"
ON_EXAMPLE = f"`[{TIMEOUT}, {LOST}]`"
# The kinds of failure that CloudSeam itself tells of; functions have others.
KINDS = (TIMEOUT, LOST, OUT_OF_TIME, STATE_LOCKED, FAILED)


def parse_timeout(part: Part | None) -> float | None:
    """The seconds of a `timeout`; None if there is none, or it is wrong and reported."""
    return TIMEOUT_LENGTH.read(part) if part else None


def parse_retry(part: Part | None) -> RetryPolicy | None:
    """The policy of a `retry`; None if there is none, or it is wrong and reported."""
    if part is None:
        return None
    if is_number(part):
        attempts = RETRY_VALUES["attempts"].read(part)
        return RetryPolicy(int(attempts)) if attempts else None
    entries = part.entries(RETRY_EXAMPLE)
    return _parse_policy(part, entries) if entries is not None else None


def _parse_policy(part: Part, entries: Mapping[str, Part]) -> RetryPolicy | None:
    part.check_keys(entries, RETRY_KEYS, "a retry", {"timeout": "to the task, beside `retry`"})
    if "attempts" not in entries:
        part.missing("attempts", "`attempts: 3`")
    read: dict[str, Any] = {
        key: value.read(entries[key]) for key, value in RETRY_VALUES.items() if key in entries
    }
    if ON in entries:
        read[ON] = _parse_kinds(entries[ON])
    if "attempts" not in read or None in read.values():
        return None
    policy = RetryPolicy(**read)
    if policy.longest < policy.wait:
        words = {"wait": duration_text(policy.wait), "longest": duration_text(policy.longest)}
        entries.get("longest", entries.get("wait", part)).add(rules.WAIT_TOO_LONG, **words)
    return policy


def _parse_kinds(part: Part) -> tuple[str, ...] | None:
    """The kinds of failure, each once. None, and reported, if some cannot be used."""
    items = part.items(ON_EXAMPLE)
    if items is None:
        return None
    if not items:
        part.add(rules.RETRY_ON_NOTHING)
    kinds = [_parse_kind(item) for item in items]
    named = tuple(dict.fromkeys(kind for kind in kinds if kind is not None))
    return named if named and None not in kinds else None


def _parse_kind(part: Part) -> str | None:
    kind = part.text("a kind of failure")
    if kind is None:
        return None
    if kind == CANCELLED:
        part.add(rules.RETRY_ON_CANCELLED)
    elif len(kind) > rules.MAX_KIND_CHARACTERS:
        part.add(rules.KIND_TOO_LONG)
    else:
        meant = next((known for known in KINDS if known.casefold() == kind.casefold()), kind)
        if meant != kind:
            part.add(rules.KIND_IN_OTHER_LETTERS, kind=shown(kind), meant=meant)
        return kind
    return None
