"""The server and its engine: opened, served from a thread, drained, closed."""

import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from threading import Thread

from cloudseam.errors import CloudSeamError
from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.executors import StatesExecutors
from cloudseam_cli.stepfunctions.machine_files import take_folder
from cloudseam_cli.stepfunctions.server import StepFunctionsServer

MEMORY = ":memory:"
# How long calls and tasks that run are waited for at the end, in seconds.
PATIENCE = 3.0


class PortTakenError(CloudSeamError):
    """The server cannot listen on its port."""


class LocalStepFunctions:
    """Answers calls from `start` to `stop`. Without a file all ends with the process.

    `functions` and `services` are endpoints; see `StatesExecutors`.

    Raises:
        DatabaseUnusableError: the file cannot be used.
        PortTakenError: the port is another's.
    """

    def __init__(
        self,
        port: int,
        data: Path | None = None,
        functions: str | None = None,
        services: str | None = None,
    ) -> None:
        executors = StatesExecutors(functions, services, lambda: self.url)
        self.engine = Engine(data or MEMORY, executors)
        try:
            self._server = StepFunctionsServer(partial(api.call, self.engine), port)
        except OSError as error:
            self.engine.close()
            text = f"Port {port} cannot be used: {error.strerror}. Give another one, or 0."
            raise PortTakenError(text) from error
        self._thread = Thread(target=self._server.serve_forever, name="stepfunctions", daemon=True)

    @property
    def url(self) -> str:
        """Where SDKs find it."""
        return self._server.url

    def start(self, machines: Path | None = None) -> int:
        """Takes the machines of a folder, and what an earlier process left under way; how many
        executions that are. Then answers.

        Raises:
            MachineFileError: a file's state machine cannot be used.
        """
        if machines is not None:
            take_folder(self.engine, machines)
        number = self.engine.recover()
        self._thread.start()
        return number

    def stop(self, is_impatient: Callable[[], bool] = lambda: False) -> bool:
        """Takes no more calls, and closes the file once those that run have been answered and tasks
        that run have ended. Whether they have: they are waited for for `PATIENCE` seconds, with
        `is_impatient` not at all. The file is whole at any moment, and has what they are owed."""
        until = time.monotonic() + PATIENCE

        def is_over() -> bool:
            return is_impatient() or time.monotonic() > until

        self.engine.let_go()
        if self._thread.is_alive():
            self._server.shutdown()
        self._server.drain(is_over)
        self._server.server_close()
        closing = Thread(target=self.engine.close, name="closing", daemon=True)
        closing.start()
        while closing.is_alive() and not is_over():
            closing.join(0.1)
        return not closing.is_alive()
