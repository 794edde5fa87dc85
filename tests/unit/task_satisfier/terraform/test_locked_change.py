"""A lock of a dead task is broken and the command is run again; any other lock is left alone."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import pytest

from cloudseam.claim import Holder
from task_satisfier.executors import TaskFailedError, TaskRun
from task_satisfier.executors.terraform import locked_change
from task_satisfier.executors.terraform.backend import StateHome
from task_satisfier.executors.terraform.executor import TerraformExecutor
from task_satisfier.executors.terraform.locked_change import StateLockedError
from task_satisfier.executors.terraform.plugin_cache import PluginCache
from task_satisfier.redaction import Redactor
from tests.task_builders import FakeTerraform, a_request, a_terraform_config, write_files

LOCKED_AT = 1_795_538_387_000
CREATED = datetime.fromtimestamp(LOCKED_AT / 1000, UTC).strftime("%Y-%m-%d %H:%M:%S +0000 UTC")
MINE = Holder("me@here", LOCKED_AT - 5_000, LOCKED_AT + 5_000)
ID = "1f-2e"

# A state that is locked until force-unlock is given the right id, or a file says that it is free.
LOCKED = f"""
unlocked = Path(sys.argv[0]).with_name("unlocked")
if arguments[0] == "force-unlock":
    if {{breaks}}:
        unlocked.touch()
    sys.exit(not unlocked.exists())
if arguments[0] in ("apply", "destroy"):
    waits = arguments[1].startswith("-lock-timeout")
    if not unlocked.exists() and not (waits and {{ends_by_itself}}):
        print("Error: Error acquiring the state lock")
        print("Error message: resource temporarily unavailable")
        print("Lock Info:")
        print("  ID:        {ID}")
        print("  Path:      states/s")
        print("  Operation: OperationTypeApply")
        print("  Who:       me@here")
        print("  Version:   1.11.4")
        print("  Created:   {CREATED}")
        print("  Info:")
        sys.exit(1)
    sys.exit({{fails}})
if arguments[0] == "output":
    print("{{{{}}}}")
"""


def a_fake(
    folder: Path, *, breaks: bool = True, ends_by_itself: bool = False, fails: bool = False
) -> FakeTerraform:
    return FakeTerraform(
        folder, LOCKED.format(breaks=breaks, ends_by_itself=ends_by_itself, fails=int(fails))
    )


def run(fake: FakeTerraform, *past: Holder, action: str = "apply") -> list[str]:
    """Runs a task under a claim with these holders before it; the name that was claimed."""
    held: list[str] = []

    @contextmanager
    def hold(resource: str) -> Iterator[Sequence[Holder]]:
        held.append(resource)
        yield past

    module = write_files(fake.path.parent / "module", {"main.tf": 'output "o" {}'})
    executor = TerraformExecutor(
        binary=str(fake.path),
        home=StateHome(folder=fake.path.parent / "states"),
        grace=0.1,
        s3=lambda: pytest.fail("S3 is not to be asked"),
        environ={},
        plugins=PluginCache(fake.path.parent / "providers"),
    )
    request = a_request("terraform", a_terraform_config(module, action, state="net"))
    executor.run(TaskRun(request, lambda: 60, Redactor(), hold))
    return held


def of_terraform(fake: FakeTerraform) -> list[str]:
    """What was run after `init`: the command, and the options that are about the lock."""
    return [
        " ".join([call["argv"][0], *(a for a in call["argv"] if "lock-" in a or a == ID)])
        for call in fake.calls[1:]
    ]


@pytest.mark.parametrize("action", ["apply", "destroy"])
def test_a_lock_of_a_dead_task_is_broken_and_the_command_is_run_again(
    tmp_path: Path, action: str
) -> None:
    fake = a_fake(tmp_path)

    run(fake, MINE, action=action)

    assert [call for call in of_terraform(fake) if call != "output"] == [
        action,
        f"force-unlock {ID}",
        f"{action} -lock-timeout=30s",
    ]
    unlock = fake.calls[2]["argv"]
    assert unlock == ["force-unlock", "-force", ID]


@pytest.mark.parametrize(
    "past",
    [[], [Holder("me@there", MINE.since, MINE.until)], [Holder("me@here", 0, 1)]],
    ids=["nobody died", "another host", "another time"],
)
def test_a_lock_of_anybody_else_is_waited_for_and_never_broken(
    tmp_path: Path, past: list[Holder]
) -> None:
    fake = a_fake(tmp_path)

    with pytest.raises(StateLockedError) as failed:
        run(fake, *past)

    assert of_terraform(fake) == ["apply", "apply -lock-timeout=30s"]
    cause = str(failed.value)
    assert cause.startswith(f"The state is locked by me@here since {CREATED} (lock {ID}).")
    assert f"terraform force-unlock {ID}" in cause
    assert "Error: Error acquiring the state lock" in cause
    assert failed.value.error == "StateLocked"


def test_a_lock_that_is_given_back_in_time_does_no_harm(tmp_path: Path) -> None:
    fake = a_fake(tmp_path, ends_by_itself=True)

    run(fake)

    assert of_terraform(fake) == ["apply", "apply -lock-timeout=30s", "output"]


def test_a_lock_that_cannot_be_broken_is_a_lock_of_somebody_else(tmp_path: Path) -> None:
    fake = a_fake(tmp_path, breaks=False)

    with pytest.raises(StateLockedError):
        run(fake, MINE)

    assert of_terraform(fake) == ["apply", f"force-unlock {ID}", "apply -lock-timeout=30s"]


def test_what_fails_after_the_lock_was_broken_fails_with_its_own_cause(tmp_path: Path) -> None:
    fake = a_fake(tmp_path, fails=True)

    with pytest.raises(TaskFailedError, match="apply failed with exit code 1") as failed:
        run(fake, MINE)

    assert not isinstance(failed.value, StateLockedError)


def test_where_terraform_may_outlive_its_satisfier_no_lock_is_broken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked_change, "DIES_WITH_US", False)
    fake = a_fake(tmp_path)

    with pytest.raises(StateLockedError):
        run(fake, MINE)

    assert of_terraform(fake) == ["apply", "apply -lock-timeout=30s"]


def test_the_state_is_held_by_its_name(tmp_path: Path) -> None:
    assert run(FakeTerraform(tmp_path), action="destroy") == ["terraform/multi/s/net"]
