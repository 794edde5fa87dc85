"""Settings of the task satisfier function."""

from pydantic import Field

from cloudseam.aws import ClientSettings
from cloudseam.chaos import ChaosSettings
from cloudseam.persistence.store import StoreSettings
from cloudseam.queues.fairness import FairnessSettings


class TaskSatisfierSettings(StoreSettings, FairnessSettings, ClientSettings, ChaosSettings):
    """Read from the environment; see docs/configuration.md."""

    event_queue_url: str = Field(
        alias="SQS_EVENT_QUEUE_URL", description="The queue that answers are sent to."
    )
    task_queue_url: str | None = Field(
        default=None,
        alias="SQS_TASK_QUEUE_URL",
        description="The queue that tasks come from; needed to space out new attempts to answer, "
        "and required by `python -m task_satisfier`, which polls it.",
    )
    dead_letter_queue_url: str | None = Field(
        default=None,
        alias="SQS_TASK_DLQ_URL",
        description="Where messages that are no tasks are put, with their reason. Without it they "
        "go back to the task queue until its redrive policy ends that.",
    )
    max_receive_count: int = Field(
        default=8,
        ge=1,
        le=1000,
        alias="MAX_RECEIVE_COUNT",
        description="At this receive a task that still cannot be answered is dead-lettered with "
        "its reason. Keep it below the queue's own `maxReceiveCount`.",
    )
    skip_execution: bool = Field(
        default=False,
        alias="SKIP_TASK_EXECUTION",
        description="`true` runs no task and answers each as completed, to try out machines. One "
        "of actions parks in each state that it enters.",
    )
    terraform_bin: str | None = Field(
        default=None,
        alias="TERRAFORM_BIN",
        description="The Terraform or OpenTofu binary. Without it `terraform`, then `tofu`, is "
        "looked for on the path.",
    )
    terraform_state_bucket: str | None = Field(
        default=None,
        alias="TERRAFORM_STATE_BUCKET",
        description="The S3 bucket that keeps the state of modules without a backend block.",
    )
    terraform_state_dir: str | None = Field(
        default=None,
        alias="TERRAFORM_STATE_DIR",
        description="The folder that keeps the state of modules without a backend block, when "
        "`TERRAFORM_STATE_BUCKET` is not set. It has to outlive the function.",
    )
    terraform_plugin_cache: str | None = Field(
        default=None,
        alias="TF_PLUGIN_CACHE_DIR",
        description="The folder that Terraform's providers are kept in from one task to the next. "
        "Without it one of the user's own in the temp dir.",
    )
    actions_path: str | None = Field(
        default=None,
        pattern="^/",
        alias="ACTIONS_PATH",
        description="The folder with the modules of Python actions, as an absolute path. Nothing "
        "that lies elsewhere is taken for an action.",
    )
    context_bucket: str | None = Field(
        default=None,
        alias="CONTEXT_BUCKET",
        description="The S3 bucket that keeps contexts of more than 100,000 bytes. Without it "
        "an action that leaves one fails.",
    )
    context_prefix: str = Field(
        default="contexts/",
        pattern="/$",
        alias="CONTEXT_PREFIX",
        description="What the keys of these contexts begin with.",
    )
    sensitive_metadata_keys: str = Field(
        default="",
        alias="SENSITIVE_METADATA_KEYS",
        description="Metadata keys, separated by commas, whose values are kept out of logs, "
        "causes and outputs.",
    )
    timeout_margin: float = Field(
        default=15,
        gt=0,
        le=300,
        alias="TASK_TIMEOUT_MARGIN",
        description="Seconds before the function's time-out at which a task is stopped, so that "
        "it can end well and be answered.",
    )
    tasks_at_once: int = Field(
        default=10,
        ge=1,
        le=32,
        alias="TASKS_AT_ONCE",
        description="How many tasks of a batch run side by side, sharing the function's memory and "
        "CPU. Those that wait for their turn until no time is left go back to the queue.",
    )
    dynamodb_table: str | None = Field(
        default=None,
        alias="DYNAMODB_TABLE",
        description="The table that stacks are kept in, where tasks are claimed. Without it and "
        "without `POSTGRES_CONNECTION_SECRET` nothing is claimed: a task may run twice.",
    )
    lease: int = Field(
        default=300,
        ge=10,
        le=3600,
        alias="TASK_LEASE",
        description="Seconds after which another delivery may run a task whose function ended "
        "without a word. A claim is renewed while the task runs.",
    )

    @property
    def sensitive_keys(self) -> frozenset[str]:
        """The keys that `SENSITIVE_METADATA_KEYS` lists."""
        keys = (key.strip() for key in self.sensitive_metadata_keys.split(","))
        return frozenset(key for key in keys if key)
