"""What is tied to this process is killed with it, and is otherwise as if it were not tied."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from task_satisfier.executors.terraform import lifeline
from task_satisfier.executors.terraform.lifeline import DIES_WITH_US, tied_to_us
from tests.processes import is_running, wait_until

pytestmark = pytest.mark.skipif(not DIES_WITH_US, reason="the kernel is not Linux")

# Starts what it is told in a thread, as a batch of several tasks does, and waits for it there.
PARENT = """
import subprocess, sys, threading
from task_satisfier.executors.terraform.lifeline import tied_to_us
sleeps = "import os, time; print(os.getpid(), flush=True); time.sleep(600)"
command = tied_to_us([sys.executable, "-c", sleeps])
thread = threading.Thread(
    target=lambda: subprocess.Popen(command, start_new_session=True).wait(), daemon=True
)
thread.start()
thread.join()
"""


def output_of(command: list[str]) -> str:
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_tied_process_is_killed_when_its_parent_is() -> None:
    with subprocess.Popen([sys.executable, "-c", PARENT], stdout=subprocess.PIPE) as parent:
        assert parent.stdout
        pid = int(parent.stdout.readline())
        assert is_running(pid)

        parent.kill()

        assert wait_until(lambda: not is_running(pid))


def test_it_does_not_start_when_its_parent_is_gone_already() -> None:
    command = tied_to_us([sys.executable, "-c", "print('started')"])
    command[command.index(str(os.getpid()))] = "1"  # not who starts it

    ended = subprocess.run(command, capture_output=True, text=True, check=False)

    assert (ended.returncode, ended.stdout) == (1, "")


def test_it_keeps_its_process_id_its_arguments_and_its_status() -> None:
    script = "import os, sys; print(os.getpid(), sys.argv[1:]); sys.exit(7)"
    command = tied_to_us([sys.executable, "-c", script, "a b", "$x", ""])

    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        told, _ = process.communicate()

    assert told.strip() == f"{process.pid} ['a b', '$x', '']"
    assert process.returncode == 7


def test_it_does_not_inherit_the_signals_that_python_ignores() -> None:
    status = output_of(tied_to_us(["/bin/cat", "/proc/self/status"]))

    [ignored] = [line.split()[1] for line in status.splitlines() if line.startswith("SigIgn")]
    for number in (signal.SIGPIPE, signal.SIGXFSZ):
        assert not int(ignored, 16) & 1 << (number - 1)


def test_what_cannot_be_run_says_so(tmp_path: Path) -> None:
    program = tmp_path / "program"
    program.write_bytes(b"\x7fELF of another computer")
    program.chmod(0o755)

    ended = subprocess.run(tied_to_us([str(program)]), capture_output=True, text=True, check=False)

    assert ended.returncode == 1
    assert ended.stderr.strip() == f"{program} cannot be run: Exec format error."


def test_elsewhere_it_is_run_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lifeline, "DIES_WITH_US", False)

    assert tied_to_us(["terraform", "init"]) == ["terraform", "init"]
