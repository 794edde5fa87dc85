"""A process that is to one function what an execution environment is on Lambda.

Run as `python -P -m cloudseam_cli.local.worker FUNCTION FOLDER`, with the function's environment
and a folder of its own for temporary files. It takes one batch at a time. Reports go to standard
output, logs to standard error. It ends on SIGTERM, and when its standard input ends: then its
parent is gone. Queues and stacks are about to be gone as well, so nothing is finished but what
runs outside of them: Terraform.
"""

from __future__ import annotations

import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

from cloudseam_cli.local.fresh_actions import FreshActions
from cloudseam_cli.local.process_tree import children_of, kill_tree
from cloudseam_cli.local.report import Kind, Report, reason_of, report_outcome, report_tasks

STATE_MACHINE = "state_machine"
TASK_SATISFIER = "task_satisfier"
FUNCTIONS = (STATE_MACHINE, TASK_SATISFIER)
# How long what runs may take to end once it has been asked to, in seconds.
LAST_SECONDS = 30
LOOK_SECONDS = 0.05
WAIT_SECONDS = 20
# How often stacks that wait are looked at: somebody sits in front of them.
SWEEP_SECONDS = 30

Handler = Callable[[dict[str, Any], Any], Any]


@dataclass(slots=True)
class Worker:
    """One function. `interrupt` has what it runs end soon."""

    handler: Handler
    tell: Callable[[Report], None]
    report_batch: Callable[[dict[str, Any]], Any]
    interrupt: Callable[[], None]
    stop: threading.Event = field(default_factory=threading.Event)

    def handle(self, event: dict[str, Any], context: Any) -> Any:
        """The function's handler, with reports around it."""
        try:
            for report in self.report_batch(event):
                self.tell(report)
            return self.handler(event, context)
        except Exception as error:
            self.tell(Report(Kind.RAISED, reason=reason_of(error)))
            raise

    def end(self, *_: Any) -> None:
        """Ends as soon as no process of its own is left."""
        self.stop.set()
        self.interrupt()
        threading.Thread(target=_end_without_children).start()


def _end_without_children() -> None:
    while children_of(os.getpid()):
        time.sleep(LOOK_SECONDS)
    os._exit(0)


def main() -> None:
    """Serves one function until it is told to stop."""
    function, temporary = sys.argv[1:]
    reports = _take_over_output()
    tempfile.tempdir = os.environ["TMPDIR"] = temporary
    lock = threading.Lock()

    def tell(report: Report) -> None:
        with lock:
            reports.write(report.line())
            reports.flush()

    worker = _state_machine(tell) if function == STATE_MACHINE else _task_satisfier(tell)
    signal.signal(signal.SIGTERM, worker.end)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with_parent, args=(temporary,), daemon=True).start()
    _poll(function, worker)


def _poll(function: str, worker: Worker) -> None:
    import boto3
    from botocore.config import Config

    from cloudseam.poller import LONGEST_TIMEOUT_SECONDS, MAX_TIMEOUT_SECONDS, poll
    from cloudseam.polling_process import SWEEP
    from cloudseam.schedule import call_every

    variable = "SQS_EVENT_QUEUE_URL" if function == STATE_MACHINE else "SQS_TASK_QUEUE_URL"
    client = boto3.client("sqs", config=Config(retries={"total_max_attempts": 2}))
    worker.tell(Report(Kind.READY))
    if function == STATE_MACHINE:
        threading.Thread(
            target=call_every,
            args=(SWEEP_SECONDS, worker.handler, SWEEP, worker.stop),
            kwargs={"function_name": function},
            daemon=True,
        ).start()
    poll(
        client,
        os.environ[variable],
        worker.handle,
        worker.stop,
        function_name=function,
        wait_seconds=WAIT_SECONDS,
        timeout_seconds=(
            MAX_TIMEOUT_SECONDS if function == STATE_MACHINE else LONGEST_TIMEOUT_SECONDS
        ),
    )


def _state_machine(tell: Callable[[Report], None]) -> Worker:
    from state_machine import app

    def observe(outcome: Any) -> None:
        for report in report_outcome(outcome):
            tell(report)

    app.observers.append(observe)
    return Worker(app.lambda_handler, tell, lambda event: (), interrupt=lambda: None)


def _task_satisfier(tell: Callable[[Report], None]) -> Worker:
    from task_satisfier import app

    # A file that is changed twice within a second could be taken for what was compiled before.
    sys.dont_write_bytecode = True
    folder = os.environ.get("ACTIONS_PATH")
    actions = FreshActions(Path(folder), app.satisfier.cache_clear) if folder else None

    def look_and_report(event: dict[str, Any]) -> Iterator[Report]:
        if actions is not None:
            actions.look()
        return report_tasks(event)

    return Worker(
        app.lambda_handler, tell, look_and_report, interrupt=lambda: app.satisfier().stop()
    )


def _take_over_output() -> TextIO:
    """Standard output for reports alone: what functions print goes where logs go."""
    reports = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    return reports


def _end_with_parent(temporary: str) -> None:
    while os.read(sys.stdin.fileno(), 1024):
        pass
    # The parent would have done it. Terraform keeps its state elsewhere.
    shutil.rmtree(temporary, ignore_errors=True)
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(LAST_SECONDS)
    kill_tree(os.getpid())


if __name__ == "__main__":
    main()
