"""`cloudseam migrate stacks`, and what `validate --against` says of the same stacks."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cloudseam.languages import load_machine
from cloudseam.stack import Stack
from cloudseam_cli import migrate, validate
from cloudseam_cli.main import main
from tests.builders import NOW, a_stack
from tests.unit.cli.installation import Installation, installed

MACHINE = """
version: 1
events: [LAUNCH, DESTROY]
states:
  INIT: {on: {LAUNCH: [{action: advance, state: PROVISION}]}}
  PROVISION: {tasks: [net], on: {NEXT: [{action: advance, state: SERVE}]}}
  SERVE: {on: {DESTROY: [{action: advance, state: END}]}}
  END: {terminal: true}
tasks: {net: {executor: lambda, config: {name: net}}}
"""


@pytest.fixture
def machines(tmp_path: Path) -> Path:
    (tmp_path / "life.yml").write_text(MACHINE)
    return tmp_path


@pytest.fixture
def there(monkeypatch: pytest.MonkeyPatch) -> Installation:
    return installed(monkeypatch, validate, migrate)


def on_old(id: str, state: str, tasks: dict[str, str] | None = None) -> Stack:
    """A stack on a version that the file no longer has."""
    return a_stack(state, id=id, tasks=tasks, machine_digest="old")


def put_some(there: Installation) -> None:
    """One that fits, two that do not, one that is there already, one of another machine."""
    current = load_machine("life", MACHINE, "life.yml").digest
    there.put(
        on_old("fits", "PROVISION", {"net": "PENDING"}),
        on_old("has-other-tasks", "PROVISION", {"net": "PENDING", "db": "PENDING"}),
        on_old("is-elsewhere", "RUN"),
        a_stack("SERVE", id="is-there", machine_digest=current),
        replace(on_old("of-another", "RUN"), machine="other"),
    )


def test_stacks_that_fit_are_sent_it_and_the_others_are_told_with_the_reason(
    there: Installation, machines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_some(there)

    assert main(["migrate", "stacks", "--machine", "life", "--machines", str(machines)]) == 1

    said = capsys.readouterr()
    (sent,) = there.sent
    assert (sent["stackId"], sent["event"], sent["states"]) == ("fits", "MIGRATE_MACHINE", {})
    table = [line.split(maxsplit=3) for line in said.out.splitlines()[:4]]
    assert table == [
        ["STACK", "STATE", "VERSION", "MOVE"],
        ["fits", "PROVISION", "old", "moves"],
        [
            "has-other-tasks",
            "PROVISION",
            "old",
            "it has the tasks net, db, and state 'PROVISION' now has net.",
        ],
        ["is-elsewhere", "RUN", "old", "machine 'life' has no state 'RUN' now."],
    ]
    assert "Stacks: 4; on another version: 3; of these fit: 1." in said.err


@pytest.mark.parametrize(
    ("arguments", "code", "sent"),
    [
        pytest.param(["--dry-run"], 1, [], id="dry-run"),
        pytest.param(["--stack", "fits"], 0, ["fits"], id="one"),
        pytest.param(["--stack", "fits", "--dry-run"], 0, [], id="one-dry"),
        pytest.param(["--stack", "is-there"], 0, [], id="one-that-is-there"),
        pytest.param(["--stack", "nobody", "fits"], 1, ["fits"], id="one-is-missing"),
        pytest.param(
            ["--states", "RUN=SERVE", "--stack", "fits", "is-elsewhere"],
            0,
            ["fits", "is-elsewhere"],
            id="renamed",
        ),
    ],
)
def test_what_is_asked_for_is_moved_and_no_other(
    arguments: list[str], code: int, sent: list[str], there: Installation, machines: Path
) -> None:
    put_some(there)
    where = ["--machine", "life", "--machines", str(machines)]

    assert main(["migrate", "stacks", *where, *arguments]) == code

    assert [body["stackId"] for body in there.sent] == sent
    if "--states" in arguments:
        assert all(body["states"] == {"RUN": "SERVE"} for body in there.sent)


def test_json_has_the_moves_and_nothing_else(
    there: Installation, machines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_some(there)
    where = ["--machine", "life", "--machines", str(machines), "--stack", "fits", "is-elsewhere"]

    main(["migrate", "stacks", "--json", *where])

    fits, elsewhere = json.loads(capsys.readouterr().out)
    assert (fits["stack"], fits["moves"], fits["newState"]) == ("fits", True, "PROVISION")
    assert (elsewhere["moves"], elsewhere["reason"]) == (
        False,
        "machine 'life' has no state 'RUN' now.",
    )
    assert len(there.sent) == 1


def test_a_wait_is_for_every_stack_that_is_moved(
    there: Installation, machines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(on_old("a", "SERVE"), on_old("b", "SERVE"))
    there.effect = lambda body: there.change(
        body["stackId"], lambda stack: stack.with_applied(body["eventId"], NOW)
    )
    where = ["--machine", "life", "--machines", str(machines)]

    assert main(["migrate", "stacks", *where, "--wait", "0"]) == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "Applied: a is in state SERVE.",
        "Applied: b is in state SERVE.",
    ]

    there.effect = lambda body: None
    assert main(["migrate", "stacks", *where, "--wait", "0"]) == 1


def test_machines_that_nothing_names_are_asked_for(
    there: Installation, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.delenv("MACHINE_LOCATOR", raising=False)

    assert main(["migrate", "stacks", "--machine", "life"]) == 2

    assert "--machines, or MACHINE_LOCATOR" in capsys.readouterr().err


def test_machines_are_found_as_the_state_machines_settings_say(
    there: Installation, machines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_some(there)
    monkeypatch.setenv("MACHINE_LOCATOR", "LOCAL_FS")
    monkeypatch.setenv("MACHINE_SPEC_DIR", str(machines))
    monkeypatch.delenv("SQS_TASK_QUEUE_URL", raising=False)

    assert main(["migrate", "stacks", "--machine", "life", "--stack", "fits"]) == 0


def test_a_file_is_checked_against_the_stacks_there_are(
    there: Installation, machines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    put_some(there)
    file = str(machines / "life.yml")

    assert main(["validate", file]) == 0
    capsys.readouterr()
    assert main(["validate", file, "--against"]) == 1

    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "1 file, valid."
    assert [line.split()[0] for line in lines[4:7]] == ["fits", "has-other-tasks", "is-elsewhere"]
    assert lines[-1] == "3 stacks on another version; 2 would not fit."

    main(["validate", file, "--against", "--json"])
    (told,) = json.loads(capsys.readouterr().out)["files"]
    assert [stack["moves"] for stack in told["stacks"]] == [True, False, False]


def test_a_file_that_every_stack_fits_is_good(
    there: Installation, machines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    there.put(
        on_old("fits", "SERVE"), replace(on_old("of-the-original", "SERVE"), machine_digest="")
    )

    assert main(["validate", str(machines), "--against"]) == 0

    assert capsys.readouterr().out.endswith("1 stack on another version; 0 would not fit.\n")


def test_a_stack_without_a_version_is_told_of_when_it_does_not_fit(
    there: Installation, machines: Path
) -> None:
    there.put(replace(on_old("of-the-original", "RUN"), machine_digest=""))

    assert main(["validate", str(machines), "--against"]) == 1


def test_where_stacks_are_is_not_told_for_nothing(
    machines: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", str(machines), "--table", "Stacks"]) == 2

    assert "--against" in capsys.readouterr().err
