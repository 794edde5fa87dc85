"""Has a program killed when this process dies, however it dies. On Linux only."""

import os
import sys
from collections.abc import Sequence

# Elsewhere a program lives on when its parent is killed.
DIES_WITH_US = sys.platform == "linux" and bool(sys.executable)

# Asks the kernel for a SIGKILL when the parent dies, makes sure that it has not died before, and
# becomes the program, which keeps its process id. See prctl(2), PR_SET_PDEATHSIG (1). It is a
# program of its own because `preexec_fn` may deadlock where there are threads (Python library,
# "subprocess"). Python ignores two signals, which the program would inherit.
_LIFELINE = """
import ctypes, os, signal, sys
parent, path, *arguments = sys.argv[1:]
if ctypes.CDLL(None, use_errno=True).prctl(1, ctypes.c_ulong(signal.SIGKILL), 0, 0, 0):
    sys.exit("prctl: " + os.strerror(ctypes.get_errno()))
if os.getppid() != int(parent):
    sys.exit("The satisfier is gone.")
for ignored in (signal.SIGPIPE, signal.SIGXFSZ):
    signal.signal(ignored, signal.SIG_DFL)
try:
    os.execv(path, [path, *arguments])
except OSError as error:
    sys.exit(f"{path} cannot be run: {error.strerror}.")
"""


def tied_to_us(command: Sequence[str]) -> list[str]:
    """The command, so that it is killed when this process dies.

    The kernel watches the thread that starts it: that thread has to wait for its end.
    """
    if not DIES_WITH_US:
        return list(command)
    return [sys.executable, "-I", "-S", "-c", _LIFELINE, str(os.getpid()), *command]
