"""A program for Linux: what it is built for, and whether it runs."""

import platform
import struct
import subprocess
import sys
from pathlib import Path

# By Lambda's name of an architecture: Go's, and e_machine of ELF (System V ABI, "ELF Header").
GO = {"x86_64": "amd64", "arm64": "arm64"}
MACHINES = {"x86_64": 0x3E, "arm64": 0xB7}
NAMES = ("terraform", "tofu")
SECONDS_TO_ANSWER = 60


class LayerError(Exception):
    """The layer cannot be made, with the reason and what to do."""


def check(program: Path, architecture: str) -> str:
    """The version that a program says it has; empty where this computer cannot run it.

    Raises:
        LayerError: it is no program for Linux on that architecture, or does not run.
    """
    machine = _machine(program)
    if machine != MACHINES[architecture]:
        is_for = next((name for name, number in MACHINES.items() if number == machine), None)
        what = f"a program for {is_for}" if is_for else "no program for Linux that Lambda can run"
        raise LayerError(
            f"{program.name} is {what}, but the layer is for {architecture}. Take the release "
            f"…_linux_{GO[architecture]}.zip, or another ARCHITECTURE (docs/executors.md)."
        )
    return _version(program) if _runs_here(architecture) else ""


def _machine(program: Path) -> int | None:
    """`e_machine`; None of what is no 64-bit little-endian ELF."""
    with program.open("rb") as file:
        head = file.read(20)
    if len(head) < 20 or head[:6] != b"\x7fELF\x02\x01":
        return None
    return int(struct.unpack_from("<H", head, 18)[0])


def _runs_here(architecture: str) -> bool:
    here = {"aarch64": "arm64"}.get(platform.machine(), platform.machine())
    return sys.platform == "linux" and here == architecture


def _version(program: Path) -> str:
    try:
        ended = subprocess.run(
            [program.absolute(), "version"],
            env={"CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": "/dev/null"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=SECONDS_TO_ANSWER,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise LayerError(f"{program.name} cannot be run: {type(error).__name__}.") from error
    if ended.returncode:
        raise LayerError(f"`{program.name} version` ended with {ended.returncode}.")
    return ended.stdout.partition("\n")[0]
