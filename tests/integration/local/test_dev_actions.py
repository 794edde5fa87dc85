"""Machines of actions on `cloudseam dev`, with the commands that somebody who is new would type."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cloudseam_cli.main import main
from tests.integration.local.console import Console, console, project
from tests.processes import wait_until

pytestmark = pytest.mark.once

FRAGILE = """\
machines:
- name: Fragile
  max_retries: 0
  states:
  - name: Work
    initial: true
    do_action: fragile.Work
    transitions: [{target: End, event: ok}]
  - {name: End, final: true}
"""
WORK = """\
from cloudseam.actions import Action

class Work(Action):
    def execute(self, context, obj):
        {does}
"""
FAILS, WORKS = "raise RuntimeError('the disk is full')", "return 'ok'"

Command = Callable[..., str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = project(tmp_path_factory.mktemp("project"))
    (folder / "machines" / "fragile.yml").write_text(FRAGILE)
    (folder / "machines" / "actions" / "fragile.py").write_text(WORK.format(does=FAILS))
    return folder


@pytest.fixture(scope="module")
def dev(folder: Path) -> Iterator[Console]:
    with console("dev", "--port", "0", "--satisfiers", "1", folder=folder) as dev:
        dev.wait_for("Ctrl-C stops everything.")
        yield dev


@pytest.fixture
def cloudseam(
    dev: Console,
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Command:
    """Runs a command in the folder; what it printed."""
    monkeypatch.chdir(folder)
    for name in ("SQS_EVENT_QUEUE_URL", "DYNAMODB_TABLE", "ACTIONS_PATH", "CONTEXT_BUCKET"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments: str) -> str:
        assert main(list(arguments)) == 0, capsys.readouterr().err
        return capsys.readouterr().out

    return run


def listed(cloudseam: Command) -> list[dict[str, str]]:
    """The dead letters."""
    letters: list[dict[str, str]] = json.loads(cloudseam("dlq", "list", "--json"))
    return letters


def test_a_machine_is_started_and_told_of_transition_by_transition(
    dev: Console, cloudseam: Command
) -> None:
    cloudseam("start", "Example", "--id", "a", "--wait")

    dev.wait_for("a  ThirdState → (gone)")
    dev.wait_for("actions    machines/actions")
    told = [line.split("  ", 2)[2] for line in dev.text.splitlines() if "  a  " in line]
    assert [line for line in told if "→" in line or "started" in line] == [
        "INIT → FirstState by START; asks for actions",
        "task actions started (python example.Action1, example.Action2)",
        "FirstState → SecondState by done; asks for actions",
        "task actions started (python example.Action3, example.Action4, example.Action5)",
        "SecondState → ThirdState by done; asks for actions",
        "task actions started (python example.Action6, example.Action7, example.Action8)",
        "ThirdState → ThirdState by TASK_COMPLETED of actions; asks for actions",
        "task actions started (python example.Action9)",
        "ThirdState → (gone) by TASK_COMPLETED of actions",
    ]
    assert cloudseam("history", "a").splitlines()[-1].split()[3] == "REMOVED"


def test_a_large_context_is_kept_and_an_event_from_outside_adds_to_it(
    dev: Console, folder: Path, cloudseam: Command
) -> None:
    (folder / "big.json").write_text(json.dumps({"way": None, "big": "x" * 150_000}))

    cloudseam("start", "Example", "--id", "b", "--context", "big.json", "--wait")
    waits = "it waits for an event from outside"
    assert wait_until(lambda: waits in cloudseam("show", "b"))
    parked = cloudseam("show", "b")
    cloudseam("send", "b", "skip", "--context", '{"more": 1}', "--wait")
    dev.wait_for("b  ThirdState → (gone)")

    assert "bytes, in contexts/" in parked
    assert "b  FirstState → ThirdState by skip" in dev.text


def test_what_was_given_up_lies_with_the_dead_and_goes_on_from_there_once_it_is_mended(
    dev: Console, folder: Path, cloudseam: Command
) -> None:
    cloudseam("start", "Fragile", "--id", "f", "--wait")
    dev.wait_for("f  DEAD LETTER RETRY_FAILED_TASKS")
    # The console holds a letter for a moment when it looks at it.
    letters: list[dict[str, str]] = []

    def is_listed() -> bool:
        letters[:] = listed(cloudseam)
        return bool(letters)

    assert wait_until(is_listed)
    [letter] = letters
    failed = cloudseam("show", "f")
    (folder / "machines" / "actions" / "fragile.py").write_text(WORK.format(does=WORKS))

    cloudseam("dlq", "redrive", letter["id"])

    dev.wait_for("f  End → (gone)")
    assert "raised RuntimeError: the disk is full" in letter["reason"]
    assert "raised RuntimeError: the disk is full" in failed
    assert listed(cloudseam) == []
