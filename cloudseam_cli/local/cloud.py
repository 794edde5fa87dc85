"""Everything that runs for `dev` and `demo`, as one thing with a start and a stop."""

from __future__ import annotations

import os
import queue
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cloudseam.errors import CloudSeamError
from cloudseam_cli.embedded_aws import EmbeddedAws, EmbeddedAwsError
from cloudseam_cli.local.client import emulator_client
from cloudseam_cli.local.console_file import OUTCOMES, ConsoleFile
from cloudseam_cli.local.dead_letter_watch import DeadLetterWatch
from cloudseam_cli.local.environment import functions_environment
from cloudseam_cli.local.functions import FunctionFolder
from cloudseam_cli.local.machine_watch import MachineWatch
from cloudseam_cli.local.outcome_file import OutcomeFile
from cloudseam_cli.local.report import Report
from cloudseam_cli.local.resources import Resources
from cloudseam_cli.local.workers import Workers

# How long interrupted tasks may take to end. Terraform gets nine seconds, and two more after a
# second interrupt (see the satisfier's TASK_TIMEOUT_MARGIN).
LAST_SECONDS = 15
LOOK_SECONDS = 1.0

Look = Callable[[], Iterator[Report]]


class AlreadyRunningError(CloudSeamError):
    """A console already runs in this folder."""


@dataclass(frozen=True, slots=True)
class Place:
    """Where things are. `folder` is the one that locations in machines are relative to."""

    folder: Path
    machines: Path
    functions: Path | None
    kept: Path
    actions: Path | None = None

    @property
    def terraform_state(self) -> Path:
        """Where Terraform's state is kept, over restarts."""
        return self.kept / "terraform"

    @property
    def logs(self) -> Path:
        """Where each process writes its log."""
        return self.kept / "log"


class LocalCloud:
    """The embedded AWS, both functions, and the watches over files and dead letters."""

    def __init__(self, place: Place, port: int, satisfiers: int) -> None:
        self.place = place
        self.aws = EmbeddedAws(port, log_file=place.logs / "aws.log")
        self._satisfiers = satisfiers
        self._workers: Workers | None = None
        self._looks: list[Look] = []
        self._outcomes = OutcomeFile(place.kept / OUTCOMES)
        self._next_look = 0.0

    @property
    def resources(self) -> Resources:
        """Queues and table, once it is started."""
        return Resources.at(self.aws.url)

    def start(self, is_stopped: Callable[[], bool] = lambda: False) -> None:
        """Starts everything; returns early when it is stopped meanwhile.

        Raises:
            CloudSeamError: a part does not start; what has been started is stopped again.
        """
        self._refuse_second()
        self.place.terraform_state.mkdir(parents=True, exist_ok=True)
        # Terraform's state may hold secrets: it is not to get into a repository by accident.
        (self.place.kept / ".gitignore").write_text("*\n")
        self._outcomes.clear()
        try:
            self.aws.start()
            workers = self._started_workers()
            self.resources.create()
            self._looks = self._made_looks()
            # Whoever sends an event once this has started finds the functions deployed.
            for report in self._due_looks():
                workers.reports.put(report)
            workers.wait_until_ready(is_stopped)
            self._leave_file()
        except BaseException:
            self.stop()
            raise

    def reports(self, wait_seconds: float) -> Iterator[Report]:
        """What has happened; waits so long for something to happen, unless there is something.

        Raises:
            CloudSeamError: a part of it has ended.
        """
        self._check()
        yield from self._due_looks()
        try:
            yield self._kept(self._running.reports.get(timeout=wait_seconds))
            while True:
                yield self._kept(self._running.reports.get_nowait())
        except queue.Empty:
            return

    def _kept(self, report: Report) -> Report:
        self._outcomes.keep(report)
        return report

    def stop(self, is_impatient: Callable[[], bool] = lambda: False) -> None:
        """Ends everything that was started. Tasks that run are interrupted, and waited for."""
        ConsoleFile.remove(self.place.kept)
        workers, self._workers = self._workers, None
        try:
            if workers is not None:
                workers.stop(LAST_SECONDS, is_impatient)
        finally:
            # Last: Terraform may keep its state in a bucket of the emulator.
            self.aws.stop()

    @property
    def _running(self) -> Workers:
        assert self._workers is not None, "start it first"
        return self._workers

    def _refuse_second(self) -> None:
        running = ConsoleFile.read(self.place.kept)
        if running is not None and running.pid != os.getpid() and running.is_alive:
            raise AlreadyRunningError(
                f"`cloudseam dev` already runs here, on port {running.port} (process "
                f"{running.pid}). Stop it first, or choose another `--state-dir`."
            )

    def _started_workers(self) -> Workers:
        environment = functions_environment(
            os.environ,
            self.aws.environment,
            self.resources,
            self.place.machines,
            self.place.terraform_state,
            self.place.actions,
        )
        workers = Workers(environment, self.place.logs, self.place.folder, self._satisfiers)
        self._workers = workers
        workers.start()
        return workers

    def _made_looks(self) -> list[Look]:
        from cloudseam.locators.folder import FolderMachineLocator

        letters = DeadLetterWatch(
            emulator_client("sqs", self.aws.url),
            {
                "event": self.resources.event_dead_letters,
                "task": self.resources.task_dead_letters,
            },
        )
        looks: list[Look] = [
            MachineWatch(FolderMachineLocator(self.place.machines)).look,
            lambda: (letter.report() for letter in letters.look()),
        ]
        if self.place.functions is not None:
            looks.insert(0, FunctionFolder(self.place.functions, self.aws.url).deploy_changed)
        return looks

    def _due_looks(self) -> Iterator[Report]:
        if time.monotonic() < self._next_look:
            return
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            for look in self._looks:
                yield from look()
        except (BotoCoreError, ClientError) as error:
            raise EmbeddedAwsError(f"The embedded AWS does not answer: {error}") from error
        self._next_look = time.monotonic() + LOOK_SECONDS

    def _leave_file(self) -> None:
        ConsoleFile(
            self.aws.port,
            os.getpid(),
            os.environ.get("SENSITIVE_METADATA_KEYS", ""),
            str(self.place.machines.absolute()),
        ).write(self.place.kept)

    def _check(self) -> None:
        self._running.check()
        if not self.aws.is_running:
            raise EmbeddedAwsError(f"The embedded AWS ended:\n{self.aws.last_output()}")
