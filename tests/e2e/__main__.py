"""`make deploy-local`: the real template, built and deployed to an AWS on this computer, and tried.

At the end all of it is gone. With `--stay` it stays until Ctrl-C, for `cloudseam` and AWS clients.
"""

import argparse
import os
import shlex
import signal
import sys
from collections.abc import Sequence
from contextlib import suppress

from tests.e2e.installation import Installation, has_terraform, local_cloud, with_terraform
from tests.e2e.sam import BUILT_TEMPLATE, SamError
from tests.e2e.steps import Steps

NAME = "cloudseam"
STACK = "feature-login"
INTERRUPTED = 130
# By machine: its events, each with the state that it leads to. None is the stack's end.
LIVES = {
    "life": {"LAUNCH": "RUN", "UPDATE": "RUN", "DESTROY": None},
    "functions": {"LAUNCH": "RUN", "FINISH": None},
}


class LifeError(Exception):
    """The stack did not come to where it had to."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Exits with 1 where a step fails, with what it said."""
    asked = _parser().parse_args(arguments)
    runtime = os.environ.get("RUNTIME_PYTHON")
    if not runtime:
        print("`make deploy-local` finds the runtime's Python and runs this.", file=sys.stderr)
        return 2
    steps = Steps()
    try:
        _deploy(steps, runtime, stays=asked.stay)
    except (SamError, LifeError) as error:
        print(f"{steps.current}: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print(f"{steps.current}: stopped. Nothing of it is left.", file=sys.stderr)
        return INTERRUPTED
    print(f"{steps.total():.1f} s in all. Nothing of it is left.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e", description=__doc__)
    parser.add_argument("--stay", action="store_true", help="until Ctrl-C, for others to use")
    return parser


def _deploy(steps: Steps, runtime: str, *, stays: bool) -> None:
    with local_cloud(runtime) as cloud:
        with steps.step("validate"):
            cloud.sam.validate()
        with steps.step("build"):
            cloud.sam.build()
        installation = Installation(cloud, NAME, with_terraform())
        with steps.step("deploy"):
            installation.deploy(BUILT_TEMPLATE)
        with steps.step("upload"):
            installation.put_machines()
        with steps.step("e2e"):
            _live(installation, "life" if has_terraform() else "functions")
        if stays:
            _stay(installation)
        with steps.step("delete"):
            cloud.sam.delete(NAME)


def _live(installation: Installation, machine: str) -> None:
    """Drives a stack through its whole life.

    Raises:
        LifeError: it does not come to where an event leads to.
    """
    for event, state in LIVES[machine].items():
        installation.send(STACK, event, machine=machine)
        arrived = installation.reaches(STACK, state) if state else installation.ends(STACK)
        if not arrived:
            logs = [installation.log(each) for each in ("state-machine", "task-satisfier")]
            raise LifeError(f"{event} did not work. The functions said:\n" + "\n".join(logs))


def _stay(installation: Installation) -> None:
    """Tells how to talk to the deployment, and waits for Ctrl-C."""
    print("\nIt stays until Ctrl-C. For `cloudseam` and AWS clients in another terminal:")
    for name, value in installation.settings.items():
        print(f"export {name}={shlex.quote(value)}")
    sys.stdout.flush()
    with suppress(KeyboardInterrupt):
        signal.pause()


if __name__ == "__main__":
    sys.exit(main())
