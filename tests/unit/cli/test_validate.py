"""`cloudseam validate` tells all that is wrong, for people and for programs."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from cloudseam_cli.main import main

GOOD = "version: 1\nevents: []\nstates: {INIT: {terminal: true}}\ntasks: {}\n"
WARNED = GOOD.replace("events: []", "events: [GO]")
BAD = "version: 2\nevents: [GO]\nstates: {INIT: {on: {STOP: []}}}\ntasks: {}\n"


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of one file of each kind, as the current one."""
    for name, text in {"good": GOOD, "warned": WARNED, "bad": BAD}.items():
        (tmp_path / f"{name}.yml").write_text(text)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def validate_json(capsys: pytest.CaptureFixture[str], *files: str) -> tuple[int, Any]:
    code = main(["validate", "--json", *files])
    return code, json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("files", "code", "said"),
    [
        pytest.param(["good.yml"], 0, ["1 file, valid."], id="a good file"),
        pytest.param(["good.yml", "good.yml"], 0, ["2 files, all valid."], id="files given twice"),
        pytest.param(
            ["warned.yml"],
            0,
            [
                "warned.yml:2:10: warning: events[0]: No state has a handler for the event 'GO'. "
                "Add one, or remove it.",
                "1 file, valid: 1 warning.",
            ],
            id="a warning",
        ),
        pytest.param(
            ["good.yml", "bad.yml", "warned.yml"],
            1,
            [
                "bad.yml:1:10: error: version: `version` must be 1, but is '2'. "
                "Write `version: 1`.",
                "bad.yml:3:1: error: states: No state is terminal, so no stack could ever end. "
                "Add `terminal: true` to the state that stacks end in.",
                "bad.yml:3:22: error: states.INIT.on.STOP: 'STOP' is not an event of this "
                "machine. Declare it in `events`, or use one of: GO.",
                "warned.yml:2:10: warning: events[0]: No state has a handler for the event 'GO'. "
                "Add one, or remove it.",
                "3 files, 1 invalid: 3 errors, 1 warning.",
            ],
            id="errors",
        ),
        pytest.param(
            ["missing.yml", "good.yml"],
            2,
            [
                "missing.yml:1:1: error: The file cannot be read: No such file or directory.",
                "2 files, 1 invalid: 1 error.",
            ],
            id="a file that is not there",
        ),
    ],
)
def test_a_line_for_each_finding_and_one_that_sums_up(
    files: list[str], code: int, said: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["validate", *files]) == code
    assert capsys.readouterr().out.splitlines() == said


def test_json_has_every_finding_of_every_file(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = validate_json(capsys, "good.yml", "warned.yml", "bad.yml")

    assert code == 1
    assert told["valid"] is False
    assert [(file["file"], file["valid"]) for file in told["files"]] == [
        ("good.yml", True),
        ("warned.yml", True),
        ("bad.yml", False),
    ]
    assert told["files"][2]["findings"][0] == {
        "line": 1,
        "column": 10,
        "place": "version",
        "severity": "error",
        "problem": "`version` must be 1, but is '2'.",
        "fix": "Write `version: 1`.",
    }
    assert told["files"][1]["findings"][0]["severity"] == "warning"


def test_json_of_good_files_is_valid(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = validate_json(capsys, "good.yml", "warned.yml")

    assert (code, told["valid"]) == (0, True)


def test_json_of_a_file_that_cannot_be_read_is_json_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, told = validate_json(capsys, "missing.yml")

    assert (code, told["valid"]) == (2, False)
    assert told["files"][0]["findings"][0]["problem"].startswith("The file cannot be read")


def test_a_folder_stands_for_its_machine_files(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "README.md").write_text("# no machine")
    (here / "sub.yml").mkdir()

    code, told = validate_json(capsys, ".")

    assert code == 1
    assert [file["file"] for file in told["files"]] == ["bad.yml", "good.yml", "warned.yml"]


def test_two_files_of_one_machine_in_a_folder_are_an_error(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = here / "twins"
    folder.mkdir()
    for name in ("a.yaml", "a.yml", "b.yml"):
        (folder / name).write_text(GOOD)

    code, told = validate_json(capsys, "twins")

    assert code == 1
    assert [(Path(file["file"]).name, file["valid"]) for file in told["files"]] == [
        ("a.yaml", True),
        ("a.yml", False),
        ("b.yml", True),
    ]
    problem = told["files"][1]["findings"][0]["problem"]
    assert problem == "Machine 'a' has two files, a.yaml and a.yml."


def test_a_folder_without_machines_is_a_mistake(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "empty").mkdir()

    assert main(["validate", "empty"]) == 2
    assert "The folder has no machine files." in capsys.readouterr().out


def test_a_large_file_is_not_read_to_its_end(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with (here / "large.yml").open("wb") as file:
        file.truncate(50 * 2**30)  # takes no room

    assert main(["validate", "large.yml"]) == 1
    assert "larger than 256 KiB" in capsys.readouterr().out


@pytest.mark.skipif(os.name != "posix", reason="file names are bytes on POSIX only")
def test_a_file_of_any_name_is_shown_safely(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    name = os.fsdecode(b"\x1b[31m\xff.yml")
    (here / name).write_text(BAD)

    assert main(["validate", name]) == 1
    assert "\x1b" not in capsys.readouterr().out
    code, told = validate_json(capsys, name)
    assert code == 1
    assert told["files"][0]["file"] == name


ACTIONS = "machines:\n- {name: Order, states: [{name: Ship, initial: true, final: true}]}\n"


def test_a_folder_may_have_both_languages(here: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = here / "both"
    (folder / "sub").mkdir(parents=True)
    (folder / "life.yml").write_text(GOOD)
    (folder / "all.yml").write_text(
        "machines: [{import: fsm.yaml}, {import: sub/more.yml}, {import: gone.yml}]"
    )
    (folder / "fsm.yaml").write_text(ACTIONS)
    (folder / "sub" / "more.yml").write_text(ACTIONS.replace("Order", "life"))
    (folder / "twice.yml").write_text(ACTIONS)

    assert main(["validate", "both"]) == 1

    assert capsys.readouterr().out.splitlines() == [
        "both/all.yml:1:65: error: machines[2].import: There is no file 'gone.yml'. Write the path "
        "from the folder of this file.",
        "both/sub/more.yml:2:10: error: machines[0].name: There is a machine 'life' in "
        "'both/life.yml' too. Rename or remove one of the two.",
        "both/twice.yml:2:10: error: machines[0].name: There is a machine 'Order' in "
        "'both/fsm.yaml' too. Rename or remove one of the two.",
        "5 files, 3 invalid: 3 errors.",
    ]


def test_a_single_file_is_checked_with_those_it_imports(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "fsm.yml").write_text(ACTIONS + "- import: more.yml\n")
    (here / "more.yml").write_text("machines: [{name: Bill, states: []}, {import: fsm.yml}]")

    code, told = validate_json(capsys, "fsm.yml")

    assert code == 1
    assert [(file["file"], file["valid"]) for file in told["files"]] == [
        ("fsm.yml", True),
        ("more.yml", False),
    ]
    assert [finding["problem"] for finding in told["files"][1]["findings"]] == [
        "No state is initial, so the machine cannot start.",
        "The imports run in a circle: fsm.yml, more.yml, fsm.yml.",
    ]


def test_an_import_shows_nothing_of_what_lies_outside(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = here / "inside"
    folder.mkdir()
    (folder / "fsm.yml").write_text("machines: [{import: ../good.yml}, {import: link.yml}]")
    (folder / "link.yml").symlink_to(here / "bad.yml")

    assert main(["validate", "inside/fsm.yml"]) == 1

    told = capsys.readouterr().out.splitlines()
    assert [line.partition(" error: ")[2].partition(".import: ")[2][:30] for line in told[:2]] == [
        "'../good.yml' does not lie in ",
        "There is no file 'link.yml'. W",
    ]
    assert told[2] == "1 file, 1 invalid: 2 errors."


def test_definitions_of_amazon_states_language_are_judged_beside_other_machines(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    states = {"A": {"Type": "Wait", "Seconds": 1, "Next": "B"}, "B": {"Type": "Succeed"}}
    (here / "fine.asl.json").write_text(json.dumps({"StartAt": "A", "States": states}))
    (here / "lost.asl.yaml").write_text("StartAt: A\nStates:\n  B: {Type: Succeed}\n")

    code, told = validate_json(capsys, ".")

    assert code == 1
    assert [(file["file"], file["valid"]) for file in told["files"]] == [
        ("bad.yml", False),
        ("fine.asl.json", True),
        ("good.yml", True),
        ("lost.asl.yaml", False),
        ("warned.yml", True),
    ]
    assert told["files"][3]["findings"][0] == {
        "line": 1,
        "column": 10,
        "place": "/StartAt",
        "severity": "error",
        "problem": "MISSING_TRANSITION_TARGET: Missing 'Next' target: A.",
        "fix": "Name a state that stands in the same `States`.",
    }


def test_two_files_of_one_machine_are_told_whatever_their_languages(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (here / "good.asl.json").write_text('{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}')

    code, told = validate_json(capsys, ".")

    assert code == 1
    twin = next(file for file in told["files"] if file["file"] == "good.yml")
    assert twin["findings"][0]["problem"] == (
        "Machine 'good' has two files, good.asl.json and good.yml."
    )
