"""`cloudseam`: finds the command and runs it. A command is imported only when it is chosen."""

import argparse
import io
import os
import sys
from collections.abc import Callable, Sequence
from importlib import import_module
from typing import NamedTuple

from cloudseam import __version__
from cloudseam.errors import CloudSeamError


class Command(NamedTuple):
    """A command's module, with `add_arguments(parser)` and `run(args) -> int`, and its help."""

    module: str
    help: str


COMMANDS = {
    "validate": Command("cloudseam_cli.validate", "check machine files and say what is wrong"),
    "graph": Command("cloudseam_cli.graph", "draw a machine"),
    "cost": Command("cloudseam_cli.cost", "tell what a load costs, beside what others would"),
    "send": Command("cloudseam_cli.send", "send an event to a stack"),
    "start": Command("cloudseam_cli.start", "start a machine with a context or an input"),
    "stacks": Command("cloudseam_cli.stacks", "list the stacks there are"),
    "show": Command("cloudseam_cli.show", "show one stack"),
    "history": Command("cloudseam_cli.history", "show what has happened to one stack"),
    "retry": Command("cloudseam_cli.retry", "run tasks of a stack again"),
    "cancel": Command("cloudseam_cli.cancel", "have the tasks of a stack given up"),
    "migrate": Command("cloudseam_cli.migrate", "move stacks to another version of their machine"),
    "dlq": Command("cloudseam_cli.dlq", "look at dead letters, and send them again"),
    "stepfunctions": Command(
        "cloudseam_cli.stepfunctions.command", "answer the API of Step Functions on this computer"
    ),
    "executions": Command(
        "cloudseam_cli.executions", "look at executions of state machines, and stop them"
    ),
    "dev": Command("cloudseam_cli.dev", "run everything on this computer"),
    "demo": Command("cloudseam_cli.demo", "drive a sample machine through its whole life"),
}
# The one whose functions may be tested with chaos.
RUNS_FUNCTIONS = "dev"
EPILOG = """\
examples:
  cloudseam validate machines
  cloudseam graph machines/preview.yml --output preview.svg

`cloudseam COMMAND --help` tells more about each.
"""
# Exit codes: a command line or a place that cannot be used; Ctrl-C; a reader that went away.
UNUSABLE = 2
INTERRUPTED = 130
BROKEN_PIPE = 141


def main(argv: Sequence[str] | None = None) -> int:
    """Runs one command and returns its exit code.

    Raises:
        SystemExit: after `--help`, and for a command line that cannot be read (code 2).
    """
    arguments = list(sys.argv[1:] if argv is None else argv)
    _escape_what_cannot_be_encoded()
    if not arguments or arguments[0] not in COMMANDS:
        return _without_command(arguments)
    name = arguments[0]
    if name != RUNS_FUNCTIONS:
        _forget_chaos()
    command = import_module(COMMANDS[name].module)
    parser = argparse.ArgumentParser(prog=f"cloudseam {name}", description=_described(name))
    command.add_arguments(parser)
    args, left = parser.parse_known_args(arguments[1:])
    if left:
        parser.error(_not_understood(left))
    return _run(name, command.run, args)


def _not_understood(left: Sequence[str]) -> str:
    """Names unknown options. Other words may be values of metadata: they are only counted."""
    options = [word.partition("=")[0] for word in left if word.startswith("--") and word != "--"]
    if options:
        return f"unknown options: {' '.join(options)}"
    words = "1 word is" if len(left) == 1 else f"{len(left)} words are"
    return f"{words} too many; a value goes after its option"


def _run(name: str, run: Callable[[argparse.Namespace], int], args: argparse.Namespace) -> int:
    try:
        code = run(args)
        sys.stdout.flush()
    except CloudSeamError as error:
        print(f"cloudseam {name}: {error}", file=sys.stderr)
        return UNUSABLE
    except KeyboardInterrupt:
        return INTERRUPTED
    except BrokenPipeError:
        # Python flushes stdout once more at its end, which would print a traceback.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return BROKEN_PIPE
    return code


def _without_command(arguments: Sequence[str]) -> int:
    parser = argparse.ArgumentParser(
        prog="cloudseam",
        description="Drives long-lived stacks through machines written in a file.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--version", action="version", version=f"cloudseam {__version__}")
    commands = parser.add_subparsers(metavar="COMMAND", title="commands", required=True)
    for name, command in COMMANDS.items():
        commands.add_parser(name, help=command.help)
    parser.parse_args(arguments or ["--help"])
    return 0


def _described(name: str) -> str:
    text = COMMANDS[name].help
    return f"{text[0].upper()}{text[1:]}."


def _forget_chaos() -> None:
    """Chaos is for the functions: what a shell exports for them must not reach a command."""
    for variable in [name for name in os.environ if name.startswith("CHAOS_")]:
        del os.environ[variable]


def _escape_what_cannot_be_encoded() -> None:
    """File names may hold bytes, and the terminal's encoding may lack signs that texts have."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")
