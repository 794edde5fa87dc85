"""Settings of the state machine function."""

from typing import Literal

from pydantic import Field

from cloudseam.settings import Settings


class StateMachineSettings(Settings):
    """Read from the environment; see docs/configuration.md."""

    machine_locator: Literal["LOCAL_FS"] = Field(
        alias="MACHINE_LOCATOR", description="Where machines are found: `LOCAL_FS`, a folder."
    )
    machine_spec_dir: str = Field(
        alias="MACHINE_SPEC_DIR", description="The folder of machine files, for `LOCAL_FS`."
    )
    task_queue_url: str = Field(
        alias="SQS_TASK_QUEUE_URL", description="The queue that tasks are asked for on."
    )
    event_queue_url: str | None = Field(
        default=None,
        alias="SQS_EVENT_QUEUE_URL",
        description="The queue that events come from; needed to space out new attempts.",
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
    dynamodb_table: str = Field(
        default="Stacks", alias="DYNAMODB_TABLE", description="The table that stacks are kept in."
    )
    postgres_secret: str | None = Field(
        default=None,
        alias="POSTGRES_CONNECTION_SECRET",
        description="The name or ARN of a secret with the connection to PostgreSQL. If it is set, "
        "stacks are kept there and not in DynamoDB; see [postgresql.md](postgresql.md).",
    )
    postgres_tls: Literal["verify", "off"] | None = Field(
        default=None,
        alias="POSTGRES_TLS",
        description="`verify` encrypts connections to this machine too, which are plain without "
        "it; `off` leaves one to a container plain. All others are encrypted and verified.",
    )
    postgres_ca_file: str | None = Field(
        default=None,
        alias="POSTGRES_CA_FILE",
        description="A PEM file of the authorities to trust for PostgreSQL. Without it those of "
        "the system, and for RDS those of RDS.",
    )
