"""Arguments and files that make no sense: an exit code, where and why, no trace, no value shown."""

from pathlib import Path

import pytest

from cloudseam_cli.main import main
from tests.builders import CANARY

HOSTILE = "\x1b[31m\u202e" + CANARY
# Written into the folder that the commands run in.
FILES: dict[str, bytes] = {
    "empty.yml": b"",
    "binary.yml": bytes(range(256)),
    "latin.yml": f"a: {CANARY} \xe9".encode("latin-1"),
    "nul.yml": b"states: \x00",
    "utf16.yml": "states: {}".encode("utf-16"),
    "bidi.yml": "states: {\u202e: 1}".encode(),
    "scalar.yml": CANARY.encode(),
    "list.yml": b"- 1\n- 2\n",
    "object.yml": b"!!python/object/apply:os.system ['touch pwned']\n",
    "bomb.yml": b"a: &a [x]\n"
    + b"".join(b"%c: &%c [*%c, *%c]\n" % (n + 1, n + 1, n, n) for n in range(ord("a"), ord("y"))),
    "deep.yml": b"[" * 50_000,
    "twice.yml": b"states: {}\nstates: {}\n",
    "json.json": b'{"a": 1e400, "a": NaN}',
    "large.yml": b"a: " + b"x" * 2_000_000,
}
# By file, the commands that read one of its kind.
READERS = {
    "validate": ["validate", "{}"],
    "graph": ["graph", "{}"],
    "cost-machine": ["cost", "--machine", "{}"],
    "cost-prices": ["cost", "--prices", "{}"],
}
NOT_THERE = ["none.yml", ".", "/dev/null/x", "half\udcff.yml", "x" * 300 + ".yml"]

BAD_FILES = [(command, name) for command in READERS for name in [*FILES, *NOT_THERE]]
# An empty folder of machines is a finding, not a fault of the command line: it is not in here.
BAD_FILES.remove(("validate", "."))

BAD_ARGUMENTS: dict[str, list[str]] = {
    "no-such-command": [HOSTILE],
    "an-option-first": ["--json", "stacks"],
    "validate-nothing": ["validate"],
    "graph-nothing": ["graph"],
    "graph-two-files": ["graph", "a.yml", "b.yml"],
    "graph-format": ["graph", "m.yml", "--format", HOSTILE],
    "stacks-option": ["stacks", f"--token={CANARY}"],
    "stacks-port-word": ["stacks", "--port", "x"],
    "stacks-port-negative": ["stacks", "--port", "-1"],
    "stacks-port-large": ["stacks", "--port", "65536"],
    "stacks-too-many": ["stacks", CANARY],
    "show-nothing": ["show"],
    "history-limit-zero": ["history", "s", "--limit", "0"],
    "history-limit-negative": ["history", "s", "--limit", "-5"],
    "history-limit-float": ["history", "s", "--limit", "1.5"],
    "history-limit-word": ["history", "s", "--limit", "all"],
    "history-limit-of-4400-digits": ["history", "s", "--limit", "9" * 4_400],
    "retry-nothing": ["retry"],
    "retry-wait-word": ["retry", "s", "--wait", "soon"],
    "retry-wait-nan": ["retry", "s", "--wait", "nan"],
    "retry-wait-infinite": ["retry", "s", "--wait", "inf"],
    "retry-wait-1e400": ["retry", "s", "--wait", "1e400"],
    "retry-too-many": ["retry", "s", CANARY],
    "cancel-nothing": ["cancel"],
    "migrate-nothing": ["migrate"],
    "migrate-what": ["migrate", HOSTILE],
    "migrate-states-without-equals": ["migrate", "stacks", "--machine", "m", "--states", "RUN"],
    "dlq-nothing": ["dlq"],
    "dlq-action": ["dlq", HOSTILE],
    "dlq-queue": ["dlq", "list", "--queue", "other"],
    "dlq-redrive-nothing": ["dlq", "redrive"],
    "cost-transitions": ["cost", "--transitions", "1e400"],
    "cost-store": ["cost", "--store", "sqlite"],
    "cost-nan": ["cost", "--row-kb", "nan"],
    "cost-infinite": ["cost", "--task-seconds", "inf"],
    "dev-port": ["dev", "--port", "99999"],
    "dev-folder": ["dev", "none"],
    "dev-folder-long": ["dev", "x" * 300],
    "demo-option": ["demo", "--fast"],
}


def ended(arguments: list[str]) -> object:
    """The exit code, however the command ends."""
    try:
        return main(arguments)
    except SystemExit as end:
        return end.code


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name, content in FILES.items():
        (tmp_path / name).write_bytes(content)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.mark.parametrize(
    ("command", "name"), BAD_FILES, ids=[f"{command}-{name[:12]!a}" for command, name in BAD_FILES]
)
def test_a_file_that_cannot_be_used_is_named_with_what_is_wrong(
    command: str, name: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    code = ended([argument.format(name) for argument in READERS[command]])

    told = "".join(capsys.readouterr())
    assert code in (1, 2)
    assert "Traceback" not in told
    assert "error" in told or "cloudseam" in told
    assert CANARY not in told.replace(name, "")
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert len(told) < 5_000
    assert not (folder / "pwned").exists()


@pytest.mark.parametrize("arguments", BAD_ARGUMENTS.values(), ids=BAD_ARGUMENTS)
def test_a_command_line_that_makes_no_sense_ends_with_2_and_says_why(
    arguments: list[str], folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ended(arguments) == 2

    printed, told = capsys.readouterr()
    assert printed == ""
    assert "Traceback" not in told
    assert told.count("\n") >= 1
    assert "\x1b" not in told
    assert "\u202e" not in told
    assert len(told) < 5_000
