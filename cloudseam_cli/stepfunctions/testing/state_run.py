"""One state that is run by itself: the interpreter stops where the state has been left."""

from typing import Any

from cloudseam.languages.asl.execution import Execution, Phase, Thread
from cloudseam.languages.asl.failure import StateFailure
from cloudseam.languages.asl.interpreter import Interpreter
from cloudseam.languages.asl.leaving import complete
from cloudseam.languages.asl.states.item_reader import take_items
from cloudseam.languages.asl.states.map_run import field_of
from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.testing.tested_state import TestedState

# Of a state to which nobody has answered anything.
NO_RESULT = object()


class StateRun(Interpreter):
    """The run of a state. `next_state` is where it leads to, once it has been left for another one;
    `failed` is its failure, also if the state has caught it. Branches and iterations never begin.
    """

    next_state: str | None
    failed: StateFailure | None

    def enter(self, name: str, variables: dict[str, Any], retries: int) -> None:
        """Enters the state, and goes on to where it is left or needs the outside. `retries` is how
        often it has been tried again before."""
        self.next_state, self.failed = None, None
        self._retries = retries
        self.execution.started_at = self.now
        self.begin(name, self.execution.input)
        self.thread = next(iter(self.execution.threads.values()))
        self.thread.variables = variables
        self._run_on()

    @property
    def is_waiting(self) -> bool:
        """Whether the state needs others to go on."""
        return self.thread.phase in (Phase.TASK, Phase.GATHERING, Phase.GATHERED)

    def give(self, result: Any) -> None:
        """Gives a Map or Parallel its result, whatever it waits for."""
        try:
            complete(self, self.thread, self.state_of(self.thread), result)
        except StateFailure as failed:
            self._fail(self.thread, failed)
        self._run_on()

    def read(self, items: list[Any]) -> None:
        """Gives a Map the items that it reads, if it does."""
        if not field_of(self.thread):
            return
        try:
            page = {"items": items, "next": None}
            take_items(self, self.thread, self.state_of(self.thread), page)
        except StateFailure as failed:
            self._fail(self.thread, failed)

    def pass_time(self) -> None:
        """Ends its wait, if it has one."""
        if self.thread.phase is Phase.WAITING:
            self.now = self.thread.due
            self.wake()

    def refuse(self, failed: StateFailure) -> None:
        """Has the state fail."""
        self._fail(self.thread, failed)
        self._run_on()

    def _fail(self, thread: Thread, failed: StateFailure) -> None:
        if self.failed is None:
            self.failed = failed
        thread.retries = [self._retries] * len(thread.retries)
        super()._fail(thread, failed)

    def _go_on(self, thread: Thread) -> None:
        if thread.parent is not None or thread.phase is Phase.GATHERED:
            return
        if thread.phase is Phase.READY and thread.entered:
            self.next_state = thread.state
            return
        super()._go_on(thread)


def state_run(tested: TestedState, now: int) -> StateRun:
    """The run of a state, not begun yet. Without jitter its delays are whole."""
    machine = {"Id": arn.state_machine_arn("test"), "Name": "test"}
    facts = {"Execution": {"Name": "test"}, "StateMachine": machine}
    return StateRun(
        tested.definition,
        Execution(tested.input, facts),
        now,
        token=lambda: "token",
        chance=lambda: 1.0,
        context=tested.context,
    )
