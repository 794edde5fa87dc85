"""The embedded AWS's own process: ends itself and all it started when its parent is gone.

Run by path, as `python -P embedded_aws_process.py`, with a pipe as standard input that only the
parent holds open. However the parent ends, the pipe closes with it.
"""

import os
import runpy
import shutil
import signal
import sys
import tempfile
import threading
from pathlib import Path


def end_with_parent() -> None:
    """Waits until the parent is gone, then takes the whole process group down."""
    while os.read(sys.stdin.fileno(), 1024):
        pass
    shutil.rmtree(tempfile.gettempdir(), ignore_errors=True)
    os.killpg(os.getpgrp(), signal.SIGKILL)


def teach(file: str) -> None:
    """Adapts the emulator. By path: what is on its path is on that of the functions it runs."""
    runpy.run_path(str(Path(__file__).with_name(file)))["teach"]()


def main() -> None:
    """Serves until a signal comes or the parent ends."""
    if os.getpgrp() != os.getpid():
        sys.exit("This process must lead a process group of its own; `EmbeddedAws` starts it so.")
    threading.Thread(target=end_with_parent, daemon=True).start()
    teach("embedded_aws_functions.py")
    if os.environ.get("AUTH") == "true":
        teach("embedded_aws_rights.py")
    from ministack.app import main as serve  # type: ignore[import-untyped]

    serve()


if __name__ == "__main__":
    main()
