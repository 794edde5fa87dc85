"""What a task of a machine is to do, how long it may take, and when it is tried again."""

from collections.abc import Mapping
from dataclasses import dataclass

from cloudseam.event import Json

ANY_ERROR = "*"
# Where a task is run: by the function on Lambda, or by the satisfier as a process of its own.
LAMBDA, CONTAINER = "lambda", "container"
RUNNERS = (LAMBDA, CONTAINER)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """When a failed task is asked for again by itself.

    `attempts` counts all of them, the first included. The wait before the second is `wait`
    seconds, and each further one `factor` times as long, up to `longest` seconds; with `jitter`
    anything from `least` of it (half, unless the language says otherwise) to the whole. `on` names
    the kinds of failure, or is `*`.
    """

    attempts: int
    wait: float = 10
    factor: float = 2
    longest: float = 900
    jitter: bool = True
    on: tuple[str, ...] = (ANY_ERROR,)
    least: float = 0.5

    def applies(self, error: str, attempt: int) -> bool:
        """Whether another attempt follows when the `attempt`-th (from 1) fails like this."""
        return attempt < self.attempts and (ANY_ERROR in self.on or error in self.on)

    def wait_after(self, attempt: int, fraction: float) -> int:
        """Milliseconds until the attempt after the `attempt`-th. `fraction`, from 0 up to 1, is
        the chance that jitter is made of."""
        wait = min(self.longest, self.wait * self.factor ** min(attempt - 1, 64))
        part = self.least + (1 - self.least) * fraction if self.jitter else 1
        return round(1000 * wait * part)


@dataclass(frozen=True, slots=True)
class TaskSpec:
    """What a task is to do: which executor runs it, and with what.

    `timeout` is in seconds, from the moment the task is asked for to its answer. `runner`, one of
    `RUNNERS`, says whose queue it is asked for on. `input` is what the attempt works on, beside the
    config that the file has; its message carries it.
    """

    name: str
    executor: str
    config: Mapping[str, Json]
    timeout: float | None = None
    retry: RetryPolicy | None = None
    runner: str = LAMBDA
    input: Mapping[str, Json] | None = None
