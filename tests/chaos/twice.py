"""Task messages that are delivered twice, as SQS may do: the emulator never does so by itself."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from threading import Event, Thread

from tests.chaos.installation import Installation


class TwiceDelivered:
    """Receives task messages beside the others, and puts two of each in the place of one."""

    def __init__(self, installation: Installation, chance: Random) -> None:
        self._installation = installation
        self._chance = chance
        self._done = Event()
        self.number = 0

    @contextmanager
    def going_on(self) -> Iterator[None]:
        """While the block runs."""
        thread = Thread(target=self._go_on, daemon=True)
        thread.start()
        try:
            yield
        finally:
            self._done.set()
            thread.join()

    def _go_on(self) -> None:
        url, sqs = self._installation.settings["SQS_TASK_QUEUE_URL"], self._installation.sqs
        while not self._done.wait(self._chance.uniform(0, 1)):
            for message in sqs.receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
                for delay in (0, self._chance.choice([0, 0, 1, 3])):
                    sqs.send_message(QueueUrl=url, MessageBody=message["Body"], DelaySeconds=delay)
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                self.number += 1
