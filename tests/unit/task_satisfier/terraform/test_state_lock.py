"""The lock that Terraform prints is understood, and only one of a dead task counts as such."""

import pytest

from cloudseam.claim import Holder
from task_satisfier.executors.terraform.state_lock import StateLock

# 2026-11-24 16:39:47.402 UTC in epoch milliseconds.
CREATED = 1_795_538_387_402
ID = "9f12badd-0c55-2dc9-80f1-0921483d9327"

PLAIN = """
Error: Error acquiring the state lock

Error message: operation error S3: PutObject, https response error
StatusCode: 412, RequestID: , HostID: , api error PreconditionFailed: At
least one of the pre-conditions you specified did not hold
Lock Info:
  ID:        9f12badd-0c55-2dc9-80f1-0921483d9327
  Path:      states/multi/s/net
  Operation: OperationTypeApply
  Who:       sbx_user1051@169.254.76.1
  Version:   1.11.4
  Created:   2026-11-24 16:39:47.40235876 +0000 UTC
  Info:      


Terraform acquires a state lock to protect the state from being written
by multiple users at the same time. Please resolve the issue above and try
again. For most commands, you can disable locking with the "-lock=false"
flag, but this is not recommended.
"""
BOX = "╷\n" + "\n".join(f"│ {line}" for line in PLAIN.strip().splitlines()) + "\n╵"


def told(text: str) -> StateLock | None:
    """What is understood of it, its lines as `Tool` keeps them: without ends, none empty."""
    return StateLock.told_by(line.rstrip() for line in text.splitlines() if line.strip())


@pytest.mark.parametrize(
    "text", [PLAIN, BOX, BOX.replace("\n", "\r\n")], ids=["plain", "box", "crlf"]
)
def test_a_lock_that_is_printed_is_understood(text: str) -> None:
    assert told(text) == StateLock(
        ID,
        who="sbx_user1051@169.254.76.1",
        operation="OperationTypeApply",
        created=CREATED,
        since="2026-11-24 16:39:47.40235876 +0000 UTC",
    )


NO_LOCK: dict[str, str] = {
    "nothing": "",
    "another error": "Error: No valid credential sources found",
    "no lock info": PLAIN.partition("Lock Info:")[0],
    "no id": PLAIN.replace(ID, ""),
    "an option for an id": PLAIN.replace(ID, "-force"),
    "an id of two words": PLAIN.replace(ID, "a b"),
    "a lock not given back": PLAIN.replace("acquiring", "releasing"),
    "what a command of the module printed": "\n".join(
        f"terraform_data.x (local-exec): {line}" for line in PLAIN.splitlines()
    ),
    "fields behind the block": PLAIN.replace("  ID: ", "  and more\n  ID: "),
}


@pytest.mark.parametrize("text", NO_LOCK.values(), ids=NO_LOCK)
def test_what_is_no_lock_is_not_taken_for_one(text: str) -> None:
    assert told(text) is None


CREATED_TEXTS: dict[str, tuple[str, int | None]] = {
    "nine digits": ("2026-11-24 16:39:47.402358760 +0000 UTC", CREATED),
    "three digits": ("2026-11-24 16:39:47.402 +0000 UTC", CREATED),
    "one digit": ("2026-11-24 16:39:47.4 +0000 UTC", CREATED - 2),
    "whole seconds": ("2026-11-24 16:39:47 +0000 UTC", CREATED - 402),
    "another zone": ("2026-11-24 17:39:47.402 +0100 CET", CREATED),
    "a monotonic clock as well": ("2026-11-24 16:39:47.402 +0000 UTC m=+0.01", CREATED),
    "as in JSON": ("2026-11-24T16:39:47.40235876Z", None),
    "no such day": ("2026-02-31 16:39:47 +0000 UTC", None),
    "the zero time": ("0001-01-01 00:00:00 +0000 UTC", -62_135_596_800_000),
    "nothing": ("", None),
    "masked": ("(sensitive value)", None),
}


@pytest.mark.parametrize(("text", "created"), CREATED_TEXTS.values(), ids=CREATED_TEXTS)
def test_the_time_is_understood_or_unknown(text: str, created: int | None) -> None:
    lock = told(PLAIN.replace("2026-11-24 16:39:47.40235876 +0000 UTC", text))

    assert lock is not None
    assert lock.created == created


def a_lock(
    who: str = "me@here", created: int | None = CREATED, operation: str = "OperationTypeApply"
) -> StateLock:
    return StateLock("id", who, operation, created)


def gone(place: str = "me@here", since: int = -1_000, until: int = 1_000) -> Holder:
    """A holder from and to so many milliseconds after the lock was made."""
    return Holder(place, CREATED + since, CREATED + until)


DECISIONS: dict[str, tuple[StateLock, list[Holder], bool]] = {
    "of the one before": (a_lock(), [gone()], True),
    "of one among several": (a_lock(), [gone(until=-60_000), gone(), gone(since=60_000)], True),
    "just before the claim, by another clock": (a_lock(), [gone(since=10_000)], True),
    "just after its end, by another clock": (a_lock(), [gone(until=-10_000)], True),
    "too long before the claim": (a_lock(), [gone(since=10_001)], False),
    "too long after its end": (a_lock(), [gone(until=-10_001)], False),
    "nobody died": (a_lock(), [], False),
    "of another user": (a_lock("you@here"), [gone()], False),
    "of another host": (a_lock("me@there"), [gone()], False),
    "of nobody": (a_lock(""), [gone("")], False),
    "place and time of different holders": (
        a_lock(),
        [gone("me@there"), gone(since=60_000, until=90_000)],
        False,
    ),
    "at an unknown time": (a_lock(created=None), [gone()], False),
    "of a plan": (a_lock(operation="OperationTypePlan"), [gone()], False),
}


@pytest.mark.parametrize(("lock", "past", "is_dead"), DECISIONS.values(), ids=DECISIONS)
def test_a_lock_is_of_a_dead_task_if_place_and_time_fit(
    lock: StateLock, past: list[Holder], is_dead: bool
) -> None:
    assert lock.is_left_by(past) is is_dead
