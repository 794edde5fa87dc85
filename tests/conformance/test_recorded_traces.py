"""The recorded traces of the original CloudSeam, replayed over a stub of AWS.

The recordings and the harness that replays them are not part of the project; where they are not
there, the corpus beside this file tests the same rules.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared"
REPLAY = SHARED / "harness" / "replay.py"
TRACES = SHARED / "conformance" / "cloudseam"

pytestmark = [
    pytest.mark.skipif(not TRACES.is_dir(), reason="the recorded traces are not there"),
    pytest.mark.skipif(not REPLAY.is_file(), reason="the replay harness is not there"),
    pytest.mark.skipif(shutil.which("node") is None, reason="node is not there"),
]


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """How the harness loads the handler."""
    path = tmp_path / "target.json"
    path.write_text(
        json.dumps(
            {
                "kind": "python",
                "module": "state_machine.app",
                "function": "lambda_handler",
                "cwd": str(ROOT),
                "python": sys.executable,
                "pythonpath": ["layers/cloudseam"],
            }
        )
    )
    return path


@pytest.mark.parametrize("options", [[], ["--no-echo"]], ids=["echo", "no-echo"])
def test_every_recorded_trace_holds(target: Path, tmp_path: Path, options: list[str]) -> None:
    log = tmp_path / "handler.log"

    replay = subprocess.run(
        [sys.executable, str(REPLAY), str(target), str(TRACES), "--log", str(log), *options],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    said = f"{replay.stdout}\n{replay.stderr}"
    last = replay.stdout.strip().splitlines()[-1]
    assert replay.returncode == 0, said
    words = last.split()
    assert (words[0], words[-1]) == ("traces:", "hold"), said
    assert words[1] == words[3] != "0", said
