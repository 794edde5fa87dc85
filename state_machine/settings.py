"""Settings of the state machine function."""

from typing import TYPE_CHECKING, Literal, Self

from pydantic import Field, model_validator

from cloudseam.aws import ClientSettings
from cloudseam.chaos import ChaosSettings
from cloudseam.persistence.store import StoreSettings
from cloudseam.queues.fairness import FairnessSettings

if TYPE_CHECKING:
    from cloudseam.timers.scheduler import Schedules


class StateMachineSettings(StoreSettings, FairnessSettings, ClientSettings, ChaosSettings):
    """Read from the environment; see docs/configuration.md."""

    machine_locator: Literal["LOCAL_FS", "S3"] = Field(
        alias="MACHINE_LOCATOR",
        description="Where machines are found: `LOCAL_FS`, a folder, or `S3`, a bucket.",
    )
    machine_spec_dir: str | None = Field(
        default=None,
        alias="MACHINE_SPEC_DIR",
        description="The folder of machine files; required for `LOCAL_FS`.",
    )
    machine_bucket: str | None = Field(
        default=None,
        alias="MACHINE_S3_BUCKET",
        description="The bucket of machine files; required for `S3`.",
    )
    machine_key: str = Field(
        default="",
        alias="MACHINE_S3_KEY",
        description="One object, or the prefix that machine files lie under, sub-folders "
        "included. Without it the whole bucket.",
    )
    machine_refresh: float = Field(
        default=30,
        ge=1,
        le=86_400,
        alias="MACHINE_S3_REFRESH",
        description="Seconds after which a change in the bucket is noticed at the latest.",
    )
    task_queue_url: str = Field(
        alias="SQS_TASK_QUEUE_URL", description="The queue that tasks are asked for on."
    )
    container_task_queue_url: str | None = Field(
        default=None,
        alias="SQS_CONTAINER_TASK_QUEUE_URL",
        description="The queue that tasks with `runner: container` are asked for on. Where the "
        "task satisfier is a process anyway it may be the same one. Without it events that ask "
        "for such a task are dead-lettered.",
    )
    event_queue_url: str | None = Field(
        default=None,
        alias="SQS_EVENT_QUEUE_URL",
        description="The queue that events come from; needed for timers and to space out new "
        "attempts, and required by `python -m state_machine`, which polls it.",
    )
    dead_letter_queue_url: str | None = Field(
        default=None,
        alias="SQS_EVENT_DLQ_URL",
        description="Where events that cannot work are put, with their reason. Without it they "
        "go back to the event queue until its redrive policy ends that.",
    )
    max_receive_count: int = Field(
        default=8,
        ge=1,
        le=1000,
        alias="MAX_RECEIVE_COUNT",
        description="At this receive an event that still fails is dead-lettered with its reason. "
        "Keep it below the queue's own `maxReceiveCount`.",
    )
    stream_patience: float = Field(
        default=30,
        ge=0,
        le=3600,
        alias="STREAM_PATIENCE",
        description="Seconds from its arrival in a stream that an event which does not work yet "
        "holds up its shard, so that order is kept; then it waits on the event queue.",
    )
    dynamodb_writes: Literal["batched", "single"] = Field(
        default="batched",
        alias="DYNAMODB_WRITES",
        description="`batched` commits up to 25 stacks a call, by BatchExecuteStatement; `single` "
        "one each, side by side, as does `batched` where that call is refused.",
    )
    history: Literal["recent", "full"] = Field(
        default="recent",
        alias="HISTORY",
        description="`recent` keeps the last few events of a stack in its row; `full` keeps all "
        "of them as well, in rows of their own.",
    )
    machine_versions: Literal["pinned", "latest"] = Field(
        default="pinned",
        alias="MACHINE_VERSIONS",
        description="`pinned`: a stack stays on the version of the machine that it started on, "
        "until it is moved. `latest`: every stack follows the machine's file, as in the original, "
        "but executions in Amazon States Language.",
    )
    requires_token: bool = Field(
        default=False,
        alias="REQUIRE_TASK_TOKEN",
        description="`true` refuses an answer that does not echo the task with its token.",
    )
    timer_schedule_group: str | None = Field(
        default=None,
        alias="TIMER_SCHEDULE_GROUP",
        description="The group of EventBridge Scheduler that timers more than 15 minutes away are "
        "kept in; with it `TIMER_ROLE_ARN` and `SQS_EVENT_QUEUE_ARN`. Without these a message "
        "comes every 15 minutes until such a timer's moment.",
    )
    timer_role: str | None = Field(
        default=None,
        alias="TIMER_ROLE_ARN",
        description="The role that Scheduler sends to the event queue with.",
    )
    event_queue_arn: str | None = Field(
        default=None,
        alias="SQS_EVENT_QUEUE_ARN",
        description="The ARN of the event queue, which Scheduler knows it by.",
    )
    transition_bus: str | None = Field(
        default=None,
        alias="TRANSITION_BUS",
        description="The name or ARN of a bus of EventBridge that is told of every transition; see "
        "[operations.md](operations.md#being-told-of-transitions). Without it nobody is told.",
    )
    task_lost_after: float = Field(
        default=3600,
        ge=60,
        le=1_209_600,  # as long as SQS keeps a message
        alias="TASK_LOST_AFTER",
        description="Seconds without an answer, and without anybody working on it, after which "
        "the sweep sends a task again: three times, then the task has failed.",
    )

    @property
    def schedules(self) -> "Schedules | None":
        """Where far timers are kept, if that is set."""
        if self.timer_schedule_group and self.event_queue_arn and self.timer_role:
            from cloudseam.timers.scheduler import Schedules

            return Schedules(self.timer_schedule_group, self.event_queue_arn, self.timer_role)
        return None

    @model_validator(mode="after")
    def _names_all_that_schedules_need(self) -> Self:
        fields = ("timer_schedule_group", "timer_role", "event_queue_arn", "event_queue_url")
        missing = [name for name in fields if not getattr(self, name)]
        if missing and (self.timer_schedule_group or self.timer_role):
            named = ", ".join(str(type(self).model_fields[name].alias) for name in missing)
            raise ValueError(f"timers on Scheduler need {named} as well")
        return self

    @model_validator(mode="after")
    def _names_the_machines(self) -> Self:
        needed = {"LOCAL_FS": "machine_spec_dir", "S3": "machine_bucket"}[self.machine_locator]
        if not getattr(self, needed):
            alias = type(self).model_fields[needed].alias
            raise ValueError(f"{alias} is required where MACHINE_LOCATOR is {self.machine_locator}")
        return self
