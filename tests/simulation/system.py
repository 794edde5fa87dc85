"""The two functions, each in several containers, over the ports of one world."""

import json
from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass

from cloudseam.dead_letters import DeadLetters
from cloudseam.delivery import Delivery
from cloudseam.errors import CloudSeamError
from cloudseam.event import START, Json
from cloudseam.languages.asl.machine import EXECUTOR as STATES_EXECUTOR
from cloudseam.languages.python_actions.machine import EXECUTOR as DEEDS_EXECUTOR
from cloudseam.locators.memory import InMemoryMachineLocator
from cloudseam.messages import TaskRequest
from cloudseam.outbox import Outbox
from cloudseam.outcome import Fate, Outcome
from cloudseam.pinned_machines import PinnedMachines
from cloudseam.queues import OutgoingMessage
from cloudseam.service import StackService
from cloudseam.stack import Stack
from cloudseam.sweep import Sweep
from cloudseam.timers.queue import QueueTimers
from state_machine.sweeping import BODY, rest_of_sweep
from task_satisfier.attempt import Attempts
from task_satisfier.executors import Result, TaskFailedError, TaskRun
from task_satisfier.satisfier import TaskSatisfier
from tests.simulation.chance import Chance, hashed
from tests.simulation.deeds import DeedExecutor
from tests.simulation.machines import EXECUTOR, HOLDING
from tests.simulation.ports import (
    RecordedMachines,
    SimulatedBus,
    SimulatedClaims,
    SimulatedHeartbeat,
    SimulatedLocator,
    SimulatedStacks,
    SimulatedVersions,
)
from tests.simulation.record import Ack, Log, Record, Run
from tests.simulation.services import ExecutionTasks
from tests.simulation.sqs import Letter, Message, SqsModel, SqsPort
from tests.simulation.table import TableStacks
from tests.simulation.world import POISONED_IOS, Process, World


@dataclass(frozen=True, slots=True)
class Setup:
    """The settings of an installation. Times are in milliseconds unless named otherwise."""

    event_consumers: int = 4
    task_consumers: int = 4
    largest_batch: int = 10
    event_visibility_ms: int = 60_000
    task_visibility_ms: int = 300_000
    max_receives: int = 8
    redrive: int = 20
    lease_ms: int = 120_000
    lost_after: float = 600  # seconds
    sweep_every_ms: int = 300_000
    task_time: float = 285  # seconds that the satisfier's function has
    margin: float = 15
    skew_ms: int = 0
    has_bus: bool = False
    # Whether stacks are kept as in DynamoDB, where what is large is beside the row.
    has_table: bool = False
    # How often a task fails, and how often it takes long.
    failing: float = 0.15
    slow: float = 0.08
    longest_task_ms: int = 200_000
    # Tasks whose first attempt, and functions whose first invocation, fails in any case.
    failing_first: frozenset[str] = frozenset()


class System:
    """All there is of an installation, wired as `state_machine` and `task_satisfier` wire it."""

    def __init__(self, world: World, record: Record, setup: Setup) -> None:
        self.world = world
        self.record = record
        self.setup = setup
        self.files = InMemoryMachineLocator()
        self.stacks: SimulatedStacks | TableStacks = (
            TableStacks(world, record) if setup.has_table else SimulatedStacks(world, record)
        )
        self.claims = SimulatedClaims(world)
        self.versions = SimulatedVersions(world)
        self.answers: list[str] = []
        self.events = self._model("events", setup.event_visibility_ms)
        self.tasks = self._model("tasks", setup.task_visibility_ms)
        self.executor = SimulatedExecutor(self)
        record.contexts = self.executor.deeds.objects.written
        self.consumers = [
            *(EventConsumer(self, f"events-{n}") for n in range(setup.event_consumers)),
            *(TaskConsumer(self, f"tasks-{n}") for n in range(setup.task_consumers)),
        ]
        self.events.on_message = lambda message: self._called(EventConsumer, message)
        self.tasks.on_message = lambda message: self._called(TaskConsumer, message)
        self.sweeper = Sweeper(self)

    @property
    def is_idle(self) -> bool:
        """Whether no message is left and nobody works."""
        is_working = self.sweeper.is_busy or any(each.is_busy for each in self.consumers)
        return not (self.events.messages or self.tasks.messages or is_working)

    def expire(self, now: int) -> None:
        """Takes away the stacks that have expired by now (epoch ms); their logs are noted."""
        for stack in self.stacks.rows.scan():
            if stack.expires_at and stack.expires_at <= now:
                self.note_log(stack)
        self.stacks.expire(now)

    def note_log(self, stack: Stack) -> None:
        """Notes what the store has as the log of a stack."""
        events = tuple(self.stacks.rows.log(stack.id, stack.version))
        self.record.logs.append(Log(self.record.count(), stack, events))

    def event_port(self) -> SqsPort:
        """Where timers are set, and what is deferred that came from there."""
        return SqsPort(self.world, "events", self._put_timer, self.events)

    def answer_port(self) -> SqsPort:
        """Where the satisfier sends its answers."""
        return SqsPort(self.world, "answers", self._put_answer, before=self._about_to_answer)

    def task_port(self) -> SqsPort:
        """Where tasks are asked for, and what is deferred that came from there."""
        return SqsPort(self.world, "tasks", self._put_task, self.tasks)

    def container_task_port(self) -> SqsPort:
        """Where tasks of containers are asked for. The same satisfiers work on them."""
        return SqsPort(self.world, "container-tasks", self._put_task)

    def letter_port(self, queue: str) -> SqsPort:
        """A queue's dead-letter queue."""

        def put(message: OutgoingMessage) -> None:
            attributes = message.attributes
            self.world.say(f"    dead letter: {attributes['error']} {attributes['reason'][:90]}")
            began = self.world.process().began
            letter = Letter(
                self.record.count(), queue, attributes["messageId"], message.body, attributes, began
            )
            self.record.letters.append(letter)

        return SqsPort(self.world, f"{queue}-dlq", put)

    def _model(self, name: str, visibility_ms: int) -> SqsModel:
        return SqsModel(
            self.world,
            name,
            visibility_ms=visibility_ms,
            redrive=self.setup.redrive,
            count=self.record.count,
            letters=self.record.letters,
        )

    def _called(self, kind: type["Consumer"], message: Message) -> None:
        """Has a container look for messages, sooner or later, if one is free."""
        free = [each for each in self.consumers if type(each) is kind and each.is_free]
        if free:
            chance = self.world.chance(f"call for {message.key}.{message.receives}")
            chance.choice(free).call(chance)

    def _name(self, kind: str) -> str:
        """The id of a message, by who sends it and as which of its messages."""
        process = self.world.process()
        process.sends += 1
        return f"{kind}{hashed(f'{process.name}>{process.sends}'):016x}"[:12]

    def _put_timer(self, message: OutgoingMessage) -> None:
        body = json.loads(message.body)
        if body.get("event") == START:
            self.record.starts[body["stackId"]].append(self.record.count())
        if "at" in body:
            self.record.timers[body["stackId"], body["at"]].append(self.record.count())
        self.events.put(self._name("w"), message.body, delay_ms=message.delay * 1000)

    def _put_task(self, message: OutgoingMessage) -> None:
        token = json.loads(message.body)["task"]["token"]
        self.record.task_sends[token].append(self.record.count())
        self.tasks.put(self._name("t"), message.body, delay_ms=message.delay * 1000)

    def _about_to_answer(self, messages: Sequence[OutgoingMessage]) -> None:
        """Notes whether the claim is held still; nothing has happened since that was checked."""
        for message in messages:
            body = json.loads(message.body)
            token = body["task"].get("token", "")
            claim = self.claims.kept.claims.get(token)
            owner = self.world.process().owners.get(token)
            is_held = claim is not None and (claim.owner == owner or claim.done)
            self.record.answers[body["eventId"]].append(is_held)

    def _put_answer(self, message: OutgoingMessage) -> None:
        self.answers.append(message.body)
        self.events.put(self._name("a"), message.body)


class Consumer(ABC):
    """A container of a function: one invocation at a time, and a fresh one after a crash."""

    def __init__(self, system: System, name: str, queue: SqsModel, largest_batch: int) -> None:
        self.system = system
        self.world = system.world
        self.name = name
        self.is_busy = False
        self._queue = queue
        self._largest_batch = largest_batch
        self._is_called = False
        self._skew_ms = 0
        self.replace(self.world.chance(name))

    def replace(self, chance: Chance) -> None:
        """Begins a new container in the place of one that has ended."""
        skew = self.system.setup.skew_ms
        self._skew_ms = chance.whole(-skew, skew)
        self.is_busy = False
        self.build()

    @abstractmethod
    def build(self) -> None:
        """Wires the container."""

    @abstractmethod
    def handle(self, process: Process, deliveries: Sequence[Delivery]) -> list[Exception | None]:
        """As the function's own `handle`."""

    @property
    def is_free(self) -> bool:
        """Whether it neither works nor is about to look for messages."""
        return not self.is_busy and not self._is_called

    def call(self, chance: Chance) -> None:
        """Has the container look for messages."""
        if self.is_free:
            self._is_called = True
            self.world.at(self.world.now + chance.whole(0, 30), self._poll, chance)

    def _poll(self, chance: Chance) -> None:
        self._is_called = False
        if self.is_busy:
            return
        received = self._queue.receive(chance.whole(1, self._largest_batch), chance)
        if received:
            self.is_busy = True
            first = received[0][0]
            name = f"{first.key}.{first.receives}"
            process = Process(name, self.world.chance(name), self._skew_ms)
            process.began = self.system.record.count()
            process.on_death = lambda: self._die(process.chance)
            if any(message.is_poisoned for message, _ in received):
                process.crash_at = process.chance.whole(1, POISONED_IOS)
            if self.world.trace is not None:
                told = " ".join(f"{m.id}({d.receive_count})" for m, d in received)
                self.world.say(f"{process.name} begins in {self.name} with {told}")
            self.world.start(process, lambda: self._work(process, received))

    def _work(self, process: Process, received: Sequence[tuple[Message, Delivery]]) -> None:
        errors = self._handled(process, [delivery for _, delivery in received])
        failed = {d.message_id for (_, d), e in zip(received, errors, strict=True) if e is not None}
        done = [d.receipt for _, d in received if d.message_id not in failed]
        if not process.has_failed:
            for message, delivery in received:
                if delivery.message_id in failed:
                    message.returned.append(delivery.receive_count)
        if done:
            kind = self.world.enter(f"delete {len(done)}", can_fail=False)
            self._queue.delete(done)
            self.world.leave(kind)
        self.is_busy = False
        if self._queue.has_visible:
            self.call(process.chance)

    def _handled(self, process: Process, deliveries: Sequence[Delivery]) -> list[Exception | None]:
        """What is raised fails the whole batch, as in Lambda."""
        try:
            return self.handle(process, deliveries)
        except Exception as error:
            self.world.say(f"{process.name} fails: {error!r:.160}")
            process.has_failed = True
            return [error for _ in deliveries]

    def _die(self, chance: Chance) -> None:
        self.world.at(self.world.now + chance.whole(100, 2_000), self._reborn, chance)

    def _reborn(self, chance: Chance) -> None:
        self.replace(chance)
        if self._queue.has_visible:
            self.call(chance)


class EventConsumer(Consumer):
    """A container of the state machine function; see `state_machine.app.handle`."""

    def __init__(self, system: System, name: str) -> None:
        super().__init__(system, name, system.events, system.setup.largest_batch)

    def build(self) -> None:
        """See `state_machine.wiring`."""
        system = self.system
        self.service = service_of(system)
        self.letters = DeadLetters(
            system.letter_port("events"), system.event_port(), system.setup.max_receives
        )
        self.sweep = sweep_of(system, self.service)

    def handle(self, process: Process, deliveries: Sequence[Delivery]) -> list[Exception | None]:
        """See `state_machine.app.handle`."""
        events, unswept = [], []
        for delivery in deliveries:
            after = rest_of_sweep(delivery.body)
            if after is None:
                events.append(delivery)
                continue
            try:
                self.system.sweeper.swept(self.sweep, after)
            except CloudSeamError as error:
                unswept.append(Outcome(delivery, error=error))
        outcomes = self.letters.settle([*self.service.handle_batch(events), *unswept])
        self._note(process, outcomes)
        failed = {
            outcome.delivery.message_id: outcome.error
            for outcome in outcomes
            if outcome.fate is Fate.RETURNED
        }
        return [failed.get(delivery.message_id) for delivery in deliveries]

    def _note(self, process: Process, outcomes: Sequence[Outcome]) -> None:
        record, world = self.system.record, self.world
        for outcome in outcomes:
            if world.trace is not None:
                told = outcome.error or outcome.verdict
                name = outcome.event.name if outcome.event else "?"
                world.say(f"    {name} {outcome.delivery.message_id}: {outcome.fate} {told!r:.160}")
            if outcome.fate is Fate.DONE:
                ack = Ack(
                    record.count(),
                    process.began,
                    outcome.delivery.message_id,
                    outcome.event,
                    outcome.verdict.value if outcome.verdict else "",
                )
                record.acks.append(ack)


class TaskConsumer(Consumer):
    """A container of the task satisfier function; see `task_satisfier.app.handle`."""

    def __init__(self, system: System, name: str) -> None:
        super().__init__(system, name, system.tasks, 1)

    def build(self) -> None:
        """See `task_satisfier.wiring`."""
        system, setup, world = self.system, self.system.setup, self.world
        attempts = Attempts(
            system.claims,
            system.stacks,
            world,
            SimulatedHeartbeat(world),
            place=self.name,
            lease_ms=setup.lease_ms,
        )
        self.satisfier = TaskSatisfier(
            system.executor,
            system.answer_port(),
            attempts,
            margin=setup.margin,
            clock=lambda: world.now / 1000,
        )
        self.letters = DeadLetters(
            system.letter_port("tasks"), system.task_port(), setup.max_receives
        )

    def handle(self, process: Process, deliveries: Sequence[Delivery]) -> list[Exception | None]:
        """See `task_satisfier.app.handle`."""
        world = self.world
        ends = world.now + round(self.system.setup.task_time * 1000)
        outcomes = self.satisfier.handle_batch(deliveries, lambda: (ends - world.now) / 1000)
        settled = self.letters.settle(
            [Outcome(told.delivery, error=told.error) for told in outcomes]
        )
        if world.trace is not None:
            for told, each in zip(outcomes, settled, strict=True):
                what = told.ending or told.cause or (each.error and repr(each.error)) or "completed"
                world.say(f"    {told.delivery.message_id}: {each.fate} {what:.160}")
        return [each.error if each.fate is Fate.RETURNED else None for each in settled]


class Sweeper:
    """What the schedule starts: one sweep now and then."""

    def __init__(self, system: System) -> None:
        self._system = system
        self._sweeps = 0
        self.is_busy = False

    def begin(self) -> None:
        """Sweeps, unless the sweep before is still at it."""
        if self.is_busy:
            return
        world = self._system.world
        self._sweeps += 1
        name = f"sweep{self._sweeps}"
        process = Process(name, world.chance(name))
        process.on_death = self._ended
        self.is_busy = True
        world.start(process, self._sweep)

    def swept(self, sweep: Sweep, after: str = "") -> None:
        """See `state_machine.sweeping.run_sweep`. Now and then there is time for one page only."""
        looks = iter((1.0, self._system.world.process().chance.choice((0.0, 1.0))))
        swept = sweep.run(lambda: next(looks, 1.0), after)
        if swept.rest_after is not None:
            message = OutgoingMessage(f"{BODY} {json.dumps(swept.rest_after)}}}")
            self._system.event_port().send([message])

    def _sweep(self) -> None:
        try:
            self.swept(sweep_of(self._system, service_of(self._system)))
        except CloudSeamError as error:  # Lambda tries it again, and the schedule does
            self._system.world.say(f"the sweep failed: {error}")
        self._ended()

    def _ended(self) -> None:
        self.is_busy = False


class SimulatedExecutor:
    """See `task_satisfier.executors.Executor`; and finds itself by name."""

    def __init__(self, system: System) -> None:
        self.deeds = DeedExecutor(system)
        self._states = ExecutionTasks(system)
        self._system = system
        self._holders: dict[str, Process] = {}

    def get(self, name: str) -> "SimulatedExecutor":
        """See `task_satisfier.satisfier.Executors.get`."""
        assert name in (EXECUTOR, DEEDS_EXECUTOR, STATES_EXECUTOR)
        return self

    def run(self, run: TaskRun) -> dict[str, Json] | Result:
        """Works for a random time, and sometimes fails."""
        request = run.request
        if request.executor != EXECUTOR:
            process = self._system.world.process()
            process.run = self._begun(request, process)
            does = self.deeds if request.executor == DEEDS_EXECUTOR else self._states
            return does.work(run, process.run)
        if request.name not in HOLDING:
            return self._work(run)
        resource = f"{request.stack_id}/{request.name}"
        with run.hold(resource):
            self._holds(f"resource/{resource}")
            return self._work(run)

    def _work(self, run: TaskRun) -> dict[str, Json]:
        world = self._system.world
        process = world.process()
        chance = process.chance
        run.ensure_time()
        seen = self._begun(run.request, process)
        left = self._duration(chance)
        while left > 20_000:
            left -= (step := chance.whole(5_000, 20_000))
            world.sleep(step)
            run.ensure_time()
        kind = world.enter(f"work on {run.request.name}", can_fail=False, ms=left)
        seen.ended = "failed" if self._fails(run.request, chance) else "done"
        world.leave(kind)
        run.ensure_time()
        if seen.ended == "failed":
            raise TaskFailedError("It did not work.")
        return {"of": run.request.token[:6]} if chance.random() < 0.3 else {}

    def _fails(self, request: TaskRequest, chance: Chance) -> bool:
        setup = self._system.setup
        is_first = request.task["attempt"] == 1 and request.name in setup.failing_first
        return is_first or chance.random() < setup.failing

    def _duration(self, chance: Chance) -> int:
        setup = self._system.setup
        if chance.random() < setup.slow:
            return chance.whole(20_000, setup.longest_task_ms)
        return chance.whole(100, 12_000)

    def _begun(self, request: TaskRequest, process: Process) -> Run:
        token, epoch = request.token, request.task["epoch"]
        assert isinstance(epoch, int)
        seen = Run(token, epoch, process, self._system.world.now)
        for other in self._system.record.runs[token]:
            if self._works(other.process, token):
                seen.overlapped = f"{other.process.name} works on it too"
        self._system.record.runs[token].append(seen)
        return seen

    def _holds(self, resource: str) -> None:
        process = self._system.world.process()
        other = self._holders.get(resource)
        if other is not None and self._works(other, resource):
            told = f"{process.name} works with {resource}, and so does {other.name}"
            self._system.record.resources.append(told)
        self._holders[resource] = process

    def _works(self, process: Process, key: str) -> bool:
        """Whether somebody else works under a claim that has not run out by anybody's clock."""
        world, slack = self._system.world, 2 * self._system.setup.skew_ms
        if process is world.process() or process.is_dead or process.is_over:
            return False
        return process.leases.get(key, 0) > world.now + slack


def service_of(system: System) -> StackService:
    """A container's service; see `state_machine.wiring.build_service`."""
    world = system.world
    pinned = PinnedMachines(SimulatedLocator(world, system.files), system.versions)
    return StackService(
        stacks=system.stacks,
        machines=RecordedMachines(world, pinned),
        outbox=Outbox(
            tasks=system.task_port(),
            timers=QueueTimers(system.event_port(), world),
            bus=SimulatedBus(world, system.record) if system.setup.has_bus else None,
            container_tasks=system.container_task_port(),
            events=system.event_port(),
            letters=system.letter_port("events"),
        ),
        clock=world,
    )


def sweep_of(system: System, service: StackService) -> Sweep:
    """A container's sweep; see `state_machine.wiring.build_sweep`."""
    return Sweep(
        system.stacks, system.claims, service, system.world, lost_after=system.setup.lost_after
    )
