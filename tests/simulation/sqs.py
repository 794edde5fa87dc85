"""Queues as SQS has them: at least once, in no order, hidden for a while, dead letters in the end.

Source: SQS developer guide, "Amazon SQS visibility timeout", "Using dead-letter queues in Amazon
SQS" and "Amazon SQS at-least-once delivery".
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from cloudseam.delivery import Delivery
from cloudseam.errors import ServiceUnavailableError
from cloudseam.queues import OutgoingMessage
from tests.simulation.chance import Chance
from tests.simulation.faults import FAILURES, Kind
from tests.simulation.world import World

# How long a message that nothing delays takes to be seen, in milliseconds.
LONGEST_WAY = 60


@dataclass(slots=True)
class Message:
    """A message in a queue, or a copy of one, which has the same id and another key.

    `returned` has the receives at which a consumer gave it back.
    """

    key: str
    id: str
    body: str
    visible_at: int
    receives: int = 0
    receipt: str = ""
    is_poisoned: bool = False
    returned: list[int] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class Letter:
    """A message that was dead-lettered: by a function with a reason, or by the queue with none."""

    seen: int
    queue: str
    message_id: str
    body: str
    attributes: Mapping[str, str]
    began: int = 0
    message: Message | None = None

    @property
    def is_of_task(self) -> bool:
        """Whether it is of a task that was given up, and not a message that was not taken."""
        return self.attributes.get("error") == "TaskGivenUp"


class SqsModel:
    """One queue and its dead letters.

    `on_message` is told of a message that is visible. `redrive` is the queue's maxReceiveCount.
    """

    def __init__(
        self,
        world: World,
        name: str,
        *,
        visibility_ms: int,
        redrive: int,
        count: Callable[[], int],
        letters: list[Letter],
    ) -> None:
        self.name = name
        self.messages: dict[str, Message] = {}
        self.in_flight: dict[str, str] = {}
        self.on_message: Callable[[Message], None] = lambda message: None
        self._world = world
        self._visibility_ms = visibility_ms
        self._redrive = redrive
        self._count = count
        self._letters = letters
        self._receipts = 0

    @property
    def has_visible(self) -> bool:
        """Whether there is a message to receive."""
        now = self._world.now
        return any(message.visible_at <= now for message in self.messages.values())

    def put(self, message_id: str, body: str, *, delay_ms: int = 0) -> None:
        """Takes a message, and lets the fault at it play out."""
        world = self._world
        world.sends += 1
        way = world.chance(f"way of {message_id}").whole(1, LONGEST_WAY)
        moment = world.now + delay_ms + way
        fault = world.faults.at_send.at(message_id) if world.now < world.calm_from else None
        message = Message(message_id, message_id, body, moment)
        if fault is not None:
            world.struck.append(fault)
            world.say(f"{self.name} message {message.id}", fault.kind)
            if fault.kind is Kind.DELAY:
                message.visible_at += fault.ms
            elif fault.kind is Kind.POISON:
                message.is_poisoned = True
            else:
                self._add(Message(f"{message.id}'", message.id, body, moment + fault.ms))
        self._add(message)

    def receive(self, most: int, chance: Chance) -> list[tuple[Message, Delivery]]:
        """Up to so many of the messages that are visible, in no certain order."""
        world = self._world
        visible = [key for key, message in self.messages.items() if message.visible_at <= world.now]
        if len(visible) > 1:
            chance.shuffle(visible)
        received = []
        for key in visible[:most]:
            message = self.messages[key]
            message.receives += 1
            if message.receives > self._redrive:
                del self.messages[key]
                self._redriven(message)
            else:
                received.append((message, self._delivery(message)))
        return received

    def delete(self, receipts: Sequence[str]) -> None:
        """Removes messages; one that was received again meanwhile stays, as often as not."""
        for receipt in receipts:
            key = self.in_flight.pop(receipt, None)
            message = self.messages.get(key) if key is not None else None
            if message is None or key is None:
                continue
            if message.receipt == receipt or self._world.process().chance.random() < 0.5:
                del self.messages[key]

    def hide(self, receipts: Mapping[str, int]) -> None:
        """Hides messages for so many seconds from now."""
        for receipt, seconds in receipts.items():
            key = self.in_flight.get(receipt)
            message = self.messages.get(key) if key is not None else None
            if message is not None and message.receipt == receipt:
                self._show(message, self._world.now + seconds * 1000)

    def _add(self, message: Message) -> None:
        self.messages[message.key] = message
        self._world.at(message.visible_at, self._seen, message.key)

    def _show(self, message: Message, moment: int) -> None:
        message.visible_at = moment
        self._world.at(moment, self._seen, message.key)

    def _seen(self, key: str) -> None:
        message = self.messages.get(key)
        if message is not None and message.visible_at <= self._world.now:
            self.on_message(message)

    def _delivery(self, message: Message) -> Delivery:
        self._receipts += 1
        message.receipt = f"r{self._receipts}"
        self.in_flight[message.receipt] = message.key
        world = self._world
        fault = None
        if world.now < world.calm_from:
            fault = world.faults.at_receive.at(f"{message.key}.{message.receives}")
        hidden = self._visibility_ms
        if fault is not None:
            world.struck.append(fault)
            hidden = fault.ms
        self._show(message, world.now + hidden)
        return Delivery(message.id, message.body, message.receives, message.receipt)

    def _redriven(self, message: Message) -> None:
        self._world.say(f"{self.name} message {message.id} is redriven to the dead letters")
        letter = Letter(self._count(), self.name, message.id, message.body, {}, message=message)
        self._letters.append(letter)


class SqsPort:
    """See `cloudseam.queues.Queue`. One call takes one I/O, whatever it holds.

    `put` takes each message that gets there; `before` is told of all of them when they are sent.
    """

    def __init__(
        self,
        world: World,
        name: str,
        put: Callable[[OutgoingMessage], None],
        queue: SqsModel | None = None,
        before: Callable[[Sequence[OutgoingMessage]], None] = lambda messages: None,
    ) -> None:
        self._world = world
        self._name = name
        self._put = put
        self._queue = queue
        self._before = before

    def send(self, messages: Sequence[OutgoingMessage]) -> Mapping[int, Exception]:
        """See `Queue.send`."""
        self._before(messages)
        kind = self._world.enter(f"send {len(messages)} to {self._name}")
        positions = range(len(messages))
        taken = list(positions)
        if kind is Kind.FAIL_BEFORE:
            taken = []
        elif kind in (Kind.FAIL_PARTLY, Kind.CRASH_AMID):
            taken = self._world.process().chance.half(len(messages))
        for position in taken:
            self._put(messages[position])
        self._world.leave(kind)
        if kind not in FAILURES:
            return {}
        failed = set(positions) if kind is Kind.FAIL_AFTER else set(positions) - set(taken)
        return {
            n: ServiceUnavailableError("SQS did not take a message: Simulated.") for n in failed
        }

    def defer(self, receipts: Mapping[str, int]) -> None:
        """See `Queue.defer`."""
        kind = self._world.enter(f"defer {len(receipts)} on {self._name}")
        if kind is not Kind.FAIL_BEFORE and self._queue is not None:
            self._queue.hide(receipts)
        self._world.leave(kind)
