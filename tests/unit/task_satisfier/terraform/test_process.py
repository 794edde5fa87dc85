"""The tool is run without a shell, is heard line by line, and leaves nothing running."""

import os
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from task_satisfier.executors import OutOfTimeError, TaskFailedError, for_ever
from task_satisfier.executors.terraform import process
from task_satisfier.executors.terraform.process import Tool
from task_satisfier.redaction import Redactor
from tests.builders import CANARY

# Ends on an interrupt, and says how many it got.
POLITE = """
import signal, sys, time
got = []
signal.signal(signal.SIGINT, lambda *_: got.append(1))
print("ready", flush=True)
while not got:
    time.sleep(0.01)
time.sleep(0.1)
print(f"interrupts: {len(got)}", flush=True)
sys.exit(1)
"""
# Ends on the second interrupt only.
BUSY = """
import signal, sys, time
got = []
signal.signal(signal.SIGINT, lambda *_: got.append(1))
print("ready", flush=True)
while len(got) < 2:
    time.sleep(0.01)
print("dropped everything", flush=True)
sys.exit(1)
"""
DEAF = """
import signal, time
signal.signal(signal.SIGINT, signal.SIG_IGN)
print("ready", flush=True)
time.sleep(600)
"""
# Leaves a child running that holds its output open, and says who it is.
PARENT = """
import os, subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
print(child.pid, flush=True)
"""


class Watch:
    """Time that is over as soon as the tool has said that it is ready."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._ready = threading.Event()

    def log(self, line: str) -> None:
        self.lines.append(line)
        if line == "ready":
            self._ready.set()

    def time_left(self) -> float:
        return 0 if self._ready.is_set() else 60


def a_tool(
    folder: Path,
    log: Callable[[str], None],
    *,
    time_left: Callable[[], float] = lambda: 60.0,
    sensitive: tuple[str, ...] = (),
    grace: float = 10,
    claims_left: Callable[[], float] = for_ever,
) -> Tool:
    return Tool(
        path=sys.executable,
        folder=folder,
        environment={"PATH": os.environ["PATH"], "ONLY": "this"},
        redactor=Redactor(sensitive),
        log=log,
        time_left=time_left,
        grace=grace,
        claims_left=claims_left,
    )


@pytest.fixture(autouse=True)
def _quick(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "POLL", 0.02)


def test_output_is_told_line_by_line_as_it_comes(tmp_path: Path) -> None:
    lines: list[str] = []
    first = threading.Event()

    def log(line: str) -> None:
        lines.append(line)
        first.set()

    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    script = "import sys; print('one', flush=True); open('go').read(); print('two\\n\\n', end='')"
    runner = threading.Thread(target=a_tool(tmp_path, log).run, args=("-c", script))
    runner.start()
    assert first.wait(10), "the first line comes before the tool has ended"
    fifo.write_text("go")
    runner.join(10)

    assert lines == ["one", "two"]


def test_errors_are_told_among_the_output(tmp_path: Path) -> None:
    lines: list[str] = []

    a_tool(tmp_path, lines.append).run("-c", "import sys; print('wrong', file=sys.stderr)")

    assert lines == ["wrong"]


def test_arguments_are_no_shells(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import sys; print(sys.argv[1:])"

    a_tool(tmp_path, lines.append).run("-c", script, "$(touch x); `y` | z", "'\"")

    assert lines == [str(["$(touch x); `y` | z", "'\""])]
    assert list(tmp_path.iterdir()) == []


def test_only_the_given_environment_and_folder_are_seen_and_nothing_can_be_asked(
    tmp_path: Path,
) -> None:
    lines: list[str] = []
    script = "import os, sys; print(os.getcwd(), os.environ.get('ONLY'), 'HOME' in os.environ, "
    script += "repr(sys.stdin.read()))"

    a_tool(tmp_path, lines.append).run("-c", script)

    assert lines == [f"{tmp_path} this False ''"]


def test_a_failure_is_told_with_the_last_lines(tmp_path: Path) -> None:
    script = "import sys; print('x' * 10_000); print('Error: no such thing'); sys.exit(3)"

    with pytest.raises(TaskFailedError) as failed:
        a_tool(tmp_path, lambda line: None).run("-c", script)

    cause = str(failed.value)
    assert cause.startswith(f"{os.path.basename(sys.executable)} -c failed with exit code 3:\n…")
    assert cause.endswith("x\nError: no such thing")
    assert len(cause) == 4_000


def test_a_failure_is_told_whole_when_there_is_room(tmp_path: Path) -> None:
    with pytest.raises(TaskFailedError, match=r"failed with exit code 1:\nError: no$"):
        a_tool(tmp_path, lambda line: None).run("-c", "print('Error: no'); raise SystemExit(1)")


def test_sensitive_values_are_in_no_line_and_no_cause(tmp_path: Path) -> None:
    lines: list[str] = []
    tool = a_tool(tmp_path, lines.append, sensitive=(CANARY,))

    with pytest.raises(TaskFailedError) as failed:
        tool.run("-c", f"print('a {CANARY} b'); raise SystemExit(1)")

    assert lines == ["a (sensitive value) b"]
    assert CANARY not in str(failed.value)


@pytest.mark.parametrize("before", [0, 65_520, 65_530, 65_536, 100_000])
def test_of_a_line_that_never_ends_the_start_is_told_and_no_part_of_a_sensitive_value(
    tmp_path: Path, before: int
) -> None:
    lines: list[str] = []
    script = f"print('.' * {before} + '{CANARY}' + '.' * 200_000); print('next')"

    a_tool(tmp_path, lines.append, sensitive=(CANARY,)).run("-c", script)

    assert len(lines) == 2
    assert lines[1] == "next"
    assert len(lines[0]) <= 65_536
    assert CANARY[:4] not in lines[0]


def test_output_that_is_no_text_is_told_as_well_as_can_be(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import sys; sys.stdout.buffer.write(b'\\xff\\x00\\n')"

    a_tool(tmp_path, lines.append).run("-c", script)

    assert lines == ["\N{REPLACEMENT CHARACTER}\0"]


def test_when_time_is_over_it_gets_one_interrupt_and_may_end_by_itself(tmp_path: Path) -> None:
    watch = Watch()
    tool = a_tool(tmp_path, watch.log, time_left=watch.time_left)

    with pytest.raises(OutOfTimeError, match="no time was left") as stopped:
        tool.run("-c", POLITE)

    assert "interrupts: 1" in str(stopped.value)
    assert "interrupts: 1" in watch.lines


def test_what_ends_well_at_the_last_moment_has_ended_well(tmp_path: Path) -> None:
    watch = Watch()
    tool = a_tool(tmp_path, watch.log, time_left=watch.time_left)

    tool.run("-c", POLITE.replace("sys.exit(1)", "sys.exit(0)"))

    assert "interrupts: 1" in watch.lines


def test_after_the_grace_it_gets_a_second_interrupt(tmp_path: Path) -> None:
    watch = Watch()
    tool = a_tool(tmp_path, watch.log, time_left=watch.time_left, grace=0.05)

    with pytest.raises(OutOfTimeError, match="dropped everything"):
        tool.run("-c", BUSY)


def test_what_does_not_listen_is_killed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "LAST_WORDS", 0.05)
    watch = Watch()
    tool = a_tool(tmp_path, watch.log, time_left=watch.time_left, grace=0.05)

    with pytest.raises(OutOfTimeError):
        tool.run("-c", DEAF)


@pytest.mark.parametrize("left", [0, 0.3], ids=["they are lost", "they are about to end"])
def test_it_is_killed_before_its_claims_end_however_long_the_grace(
    tmp_path: Path, left: float
) -> None:
    watch = Watch()
    over = time.monotonic() + 60

    def log(line: str) -> None:
        nonlocal over
        if line == "ready":
            over = time.monotonic() + left
        watch.log(line)

    tool = a_tool(
        tmp_path,
        log,
        time_left=watch.time_left,
        grace=600,
        claims_left=lambda: over - time.monotonic(),
    )

    with pytest.raises(OutOfTimeError):
        tool.run("-c", DEAF)

    assert time.monotonic() < over + 5  # a slow computer's, not a grace of ten minutes


def test_nothing_it_started_outlives_it(tmp_path: Path) -> None:
    lines: list[str] = []

    a_tool(tmp_path, lines.append).run("-c", PARENT)

    assert _is_gone(int(lines[0]))


def test_what_has_closed_its_output_is_waited_for_all_the_same(tmp_path: Path) -> None:
    fifo = tmp_path / "go"
    os.mkfifo(fifo)
    lets_go = threading.Thread(target=fifo.write_text, args=("go",))
    lets_go.start()
    script = "import os; os.close(1); os.close(2); open('go').read(); os._exit(3)"

    with pytest.raises(TaskFailedError, match="exit code 3"):
        a_tool(tmp_path, print).run("-c", script)
    lets_go.join()


def test_without_time_it_is_not_started(tmp_path: Path) -> None:
    lines: list[str] = []

    with pytest.raises(OutOfTimeError, match="was not run: no time is left"):
        a_tool(tmp_path, lines.append, time_left=lambda: 0).run("-c", "print('started')")

    assert not lines


def test_it_is_interrupted_when_the_satisfier_itself_has_to_end(tmp_path: Path) -> None:
    watch = Watch()

    def interrupted() -> float:
        if watch.time_left() == 0:
            raise KeyboardInterrupt
        return 60

    with pytest.raises(KeyboardInterrupt):
        a_tool(tmp_path, watch.log, time_left=interrupted).run("-c", POLITE)

    assert "interrupts: 1" in watch.lines


def test_what_is_captured_is_not_told(tmp_path: Path) -> None:
    lines: list[str] = []
    script = "import sys; print('secret'); print('careful', file=sys.stderr)"

    assert a_tool(tmp_path, lines.append).capture("-c", script) == b"secret\n"
    assert lines == ["careful"]


def test_a_capture_that_fails_says_why(tmp_path: Path) -> None:
    script = "import sys; print('secret'); print('broken', file=sys.stderr); sys.exit(1)"

    with pytest.raises(TaskFailedError, match="broken") as failed:
        a_tool(tmp_path, lambda line: None).capture("-c", script)

    assert "secret" not in str(failed.value)


def test_a_capture_is_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(process, "MAX_CAPTURED_BYTES", 10)

    with pytest.raises(TaskFailedError, match="printed too much"):
        a_tool(tmp_path, lambda line: None).capture("-c", "print('x' * 11)")


def _is_gone(pid: int, within: float = 10) -> bool:
    """Whether a process has ended; a killed one whose parent has ended may take a moment."""
    until = time.monotonic() + within
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return True
        if _is_zombie(pid):
            return True
        os.sched_yield()
    os.kill(pid, signal.SIGKILL)
    return False


def _is_zombie(pid: int) -> bool:
    status = Path(f"/proc/{pid}/stat")
    return status.exists() and status.read_text().rpartition(")")[2].split()[0] == "Z"
