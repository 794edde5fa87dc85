"""`cloudseam` starts fast, helps everywhere, and answers with the right exit code."""

import argparse
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from cloudseam import __version__
from cloudseam.errors import CloudSeamError
from cloudseam_cli import main as main_module
from cloudseam_cli.main import COMMANDS, Command, main

ROOT = Path(__file__).parents[3]
HEAVY = {"boto3", "botocore", "pydantic", "rich", "yaml", "aws_lambda_powertools", "ministack"}


def a_command(run: Callable[[argparse.Namespace], int], monkeypatch: pytest.MonkeyPatch) -> None:
    """Registers the command `try`, with an option and this to run."""
    module = ModuleType("a_command")
    module.add_arguments = lambda parser: parser.add_argument("--fast", action="store_true")  # type: ignore[attr-defined]
    module.run = run  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "a_command", module)
    monkeypatch.setitem(main_module.COMMANDS, "try", Command("a_command", "try something"))


def test_help_names_every_command_with_a_line_about_it(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["--help"])

    said = capsys.readouterr().out
    assert ended.value.code == 0
    for name, command in COMMANDS.items():
        # A long name has its line to itself.
        assert re.search(rf"^    {name}\s", said, re.MULTILINE)
        assert command.help in said


def test_the_examples_of_the_help_draw_and_check_machines_that_run_as_they_are(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])

    named = re.findall(r"machines/[\w.-]+", capsys.readouterr().out)
    assert named
    for name in named:
        assert "not to run as it is" not in (ROOT / name).read_text().splitlines()[0]


def test_chaos_that_a_shell_exports_is_kept_from_a_command(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"CHAOS_FAILURE_RATE": "1", "CHAOS_SEED": "7", "HOME": "/h"})
    seen: list[dict[str, str]] = []

    def run(args: argparse.Namespace) -> int:
        seen.append(dict(os.environ))
        return 0

    a_command(run, monkeypatch)

    assert main(["try"]) == 0
    assert seen == [{"HOME": "/h"}]


def test_chaos_is_handed_on_to_the_functions_that_dev_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "environ", {"CHAOS_FAILURE_RATE": "1"})
    a_command(lambda args: int(os.environ != {"CHAOS_FAILURE_RATE": "1"}), monkeypatch)
    monkeypatch.setitem(main_module.COMMANDS, "dev", main_module.COMMANDS["try"])

    assert main(["dev"]) == 0


def test_without_a_command_the_help_is_shown(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main([])

    assert ended.value.code == 0
    assert capsys.readouterr().out.startswith("usage: cloudseam")


def test_the_version_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])

    assert capsys.readouterr().out == f"cloudseam {__version__}\n"


@pytest.mark.parametrize("arguments", [["bogus"], ["--bogus"], ["validate"], ["try", "--slow"]])
def test_a_command_line_that_cannot_be_read_ends_with_2(
    arguments: list[str], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_command(lambda args: 0, monkeypatch)

    with pytest.raises(SystemExit) as ended:
        main(arguments)

    assert ended.value.code == 2
    assert "usage: cloudseam" in capsys.readouterr().err


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_help_with_examples_and_exit_codes(
    name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([name, "--help"])

    said = capsys.readouterr().out
    assert ended.value.code == 0
    assert said.startswith(f"usage: cloudseam {name}")
    assert f"examples:\n  cloudseam {name}" in said
    assert "exit codes: 0 " in said


def test_an_option_that_there_is_not_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    a_command(lambda args: 0, monkeypatch)

    with pytest.raises(SystemExit):
        main(["try", "--slow=1", "word"])

    assert capsys.readouterr().err.endswith("error: unknown options: --slow\n")


def test_a_commands_exit_code_is_the_programs(monkeypatch: pytest.MonkeyPatch) -> None:
    a_command(lambda args: 5 if args.fast else 4, monkeypatch)

    assert main(["try"]) == 4
    assert main(["try", "--fast"]) == 5


def test_an_error_of_cloudseam_is_a_line_and_not_a_traceback(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: argparse.Namespace) -> int:
        raise CloudSeamError("The queue is not there. Create it.")

    a_command(run, monkeypatch)

    assert main(["try"]) == 2
    assert capsys.readouterr().err == "cloudseam try: The queue is not there. Create it.\n"


def test_an_interrupt_ends_quietly_with_130(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def run(args: argparse.Namespace) -> int:
        raise KeyboardInterrupt

    a_command(run, monkeypatch)

    assert main(["try"]) == 130
    assert capsys.readouterr().err == ""


def test_what_is_unexpected_is_not_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    def run(args: argparse.Namespace) -> int:
        raise ZeroDivisionError

    a_command(run, monkeypatch)

    with pytest.raises(ZeroDivisionError):
        main(["try"])


def test_help_imports_nothing_that_is_slow() -> None:
    code = (
        "import sys\nfrom cloudseam_cli.main import main\n"
        "try: main(['--help'])\nexcept SystemExit: pass\n"
        f"print(sorted({HEAVY!r} & set(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr == "[]\n"


def test_validate_imports_no_aws_and_no_pydantic(tmp_path: object) -> None:
    code = (
        "import sys\nfrom cloudseam_cli.main import main\nmain(['validate', 'nothing-here.yml'])\n"
        f"print(sorted({HEAVY - {'yaml'}!r} & set(sys.modules)), file=sys.stderr)"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)

    assert done.stderr == "[]\n"


def test_a_reader_that_goes_away_early_is_no_traceback() -> None:
    code = (
        "import argparse, sys, types\nfrom cloudseam_cli.main import COMMANDS, Command, main\n"
        "module = types.ModuleType('much')\nmodule.add_arguments = lambda parser: None\n"
        "module.run = lambda args: print('x' * 1_000_000) or 0\nsys.modules['much'] = module\n"
        "COMMANDS['much'] = Command('much', 'says much')\nsys.exit(main(['much']))"
    )

    with subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdout.close()
        complaint = process.stderr.read()
        code_of_end = process.wait(timeout=20)

    assert complaint == b""
    assert code_of_end == 141


def test_what_the_terminal_cannot_show_is_escaped() -> None:
    code = (
        "import sys, types\nfrom cloudseam_cli.main import COMMANDS, Command, main\n"
        "module = types.ModuleType('odd')\nmodule.add_arguments = lambda parser: None\n"
        "module.run = lambda args: print('caf\\u00e9 \\udcff') or 0\nsys.modules['odd'] = module\n"
        "COMMANDS['odd'] = Command('odd', 'says odd things')\nsys.exit(main(['odd']))"
    )

    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        check=True,
        env={"PYTHONIOENCODING": "ascii"},
    )

    assert done.stdout == b"caf\\xe9 \\udcff\n"
