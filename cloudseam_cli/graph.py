"""`cloudseam graph`: a machine drawn as states and transitions."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING

from cloudseam.errors import CloudSeamError

if TYPE_CHECKING:
    from cloudseam.machine import Machine
    from cloudseam_cli.graphs.graph import Graph

DRAWN, INVALID, UNUSABLE = 0, 1, 2
FORMATS = ("mermaid", "dot", "svg")
SUFFIXES = {".md": "mermaid", ".mmd": "mermaid", ".dot": "dot", ".gv": "dot", ".svg": "svg"}

EPILOG = """\
NEXT is dashed, and so are transitions of the same invocation, except in Mermaid, which has no
dashed lines between states. A state where stacks end has a double border; in Mermaid a thick one.

examples:
  cloudseam graph machines/order.yml                                       (for Markdown)
  cloudseam graph machines/order.yml --output order.svg
  cloudseam graph machines/order.yml --format dot | dot -Tpng > order.png
  cloudseam graph fsm.yaml --machine Example       (of a file with several machines)

exit codes: 0 drawn; 1 the machine's file has errors, which are printed; 2 wrong options, or a
file that cannot be read or written
"""


class SeveralMachinesError(CloudSeamError):
    """The file has several machines, and none was chosen."""


class UnknownSuffixError(CloudSeamError):
    """The suffix of the file to write stands for no format."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument("file", metavar="FILE", type=Path, help="a machine's file")
    parser.add_argument("--machine", metavar="NAME", help="which one, of a file that has several")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        help=f"default: by the suffix of --output ({', '.join(SUFFIXES)}), else {FORMATS[0]}",
    )
    parser.add_argument(
        "--output", type=Path, metavar="FILE", help="file to write (default: standard output)"
    )


def run(args: argparse.Namespace) -> int:
    """Draws the machine, or says what is wrong with it."""
    from cloudseam.finding import FindingsError
    from cloudseam_cli.graphs.graph import graph_of

    try:
        machine = _load(args.file, args.machine)
        drawing = _drawer(args.format or _format_of(args.output))(graph_of(machine))
        _write(drawing, args.output)
    except FindingsError as error:
        print(*error.findings, sep="\n", file=sys.stderr)
        return INVALID
    except OSError as error:
        name = error.filename or args.output or args.file
        print(f"cloudseam graph: {name}: {error.strerror}.", file=sys.stderr)
        return UNUSABLE
    return DRAWN


def _format_of(output: Path | None) -> str:
    """The format that a file's suffix stands for; the first one where there is no suffix.

    Raises:
        UnknownSuffixError: it stands for none.
    """
    suffix = output.suffix.lower() if output else ""
    if suffix and suffix not in SUFFIXES:
        raise UnknownSuffixError(
            f"{output}: no format is known by the suffix {suffix}. Name one with --format, or "
            f"choose a suffix of {', '.join(SUFFIXES)}."
        )
    return SUFFIXES.get(suffix, FORMATS[0])


def _load(path: Path, name: str | None) -> Machine:
    from cloudseam.languages import load_machine
    from cloudseam_cli.machine_file import machine_name, read_text
    from cloudseam_cli.machine_folder import MachineFolder, names_in

    folder = MachineFolder(path.parent)
    names, own = names_in(folder, path.name), machine_name(path)
    if name is None and len(names) > 1 and own not in names:
        raise SeveralMachinesError(
            f"{path} has several machines. Name one with --machine: {', '.join(names)}."
        )
    chosen = name or (own if own in names or not names else names[0])
    return load_machine(chosen, read_text(path), str(path), folder.load)


def _drawer(name: str) -> Callable[[Graph], str]:
    """The function of the format's module, which has the same name."""
    module = import_module(f"cloudseam_cli.graphs.{name}")
    drawer: Callable[[Graph], str] = getattr(module, name)
    return drawer


def _write(drawing: str, output: Path | None) -> None:
    if output is None:
        sys.stdout.write(drawing)
    else:
        output.write_text(drawing, encoding="utf-8")
