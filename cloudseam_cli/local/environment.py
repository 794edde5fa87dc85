"""The environment that the two functions find on this computer."""

import os
from collections.abc import Mapping
from pathlib import Path

from cloudseam_cli.embedded_aws import LOOPBACK
from cloudseam_cli.local.resources import Resources

# Meant for real installations; here they would lead away from the emulator.
REPLACED = frozenset(
    {
        "CONTEXT_BUCKET",
        "CONTEXT_PREFIX",
        "LOCAL_MODE",
        "MACHINE_S3_BUCKET",
        "MACHINE_S3_KEY",
        "POSTGRES_CONNECTION_SECRET",
        "SKIP_TASK_EXECUTION",
        "SQS_EVENT_QUEUE_ARN",
        "TERRAFORM_STATE_BUCKET",
        "TIMER_ROLE_ARN",
        "TIMER_SCHEDULE_GROUP",
    }
)
# What the user's own environment may say differently. An event that comes too early is given up
# after about a minute: somebody sits in front of it.
DEFAULTS = {
    "MAX_RECEIVE_COUNT": "5",
    "POWERTOOLS_LOG_LEVEL": "INFO",
    "POWERTOOLS_METRICS_NAMESPACE": "CloudSeam",
}


def functions_environment(
    environ: Mapping[str, str],
    aws: Mapping[str, str],
    resources: Resources,
    machines: Path,
    terraform_state: Path,
    actions: Path | None = None,
) -> dict[str, str]:
    """The user's environment without what belongs to real AWS, and with what is here instead.

    What Terraform's providers take from the environment is replaced as well, so a module that
    uses AWS uses the emulator. Without `actions` the user's own ACTIONS_PATH stays.
    """
    own = {
        name: value
        for name, value in environ.items()
        if not name.startswith("AWS_") and name not in REPLACED
    }
    return {
        **DEFAULTS,
        **own,
        **aws,
        **dict.fromkeys(("NO_PROXY", "no_proxy"), _no_proxy(environ)),
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "CONTEXT_BUCKET": resources.context_bucket,
        "DYNAMODB_TABLE": resources.table,
        "MACHINE_LOCATOR": "LOCAL_FS",
        "MACHINE_SPEC_DIR": str(machines.absolute()),
        **({} if actions is None else {"ACTIONS_PATH": str(actions.absolute())}),
        "SQS_EVENT_QUEUE_URL": resources.event_queue,
        "SQS_EVENT_DLQ_URL": resources.event_dead_letters,
        "SQS_TASK_QUEUE_URL": resources.task_queue,
        # No satisfier here is a function on Lambda, so they take both kinds.
        "SQS_CONTAINER_TASK_QUEUE_URL": resources.task_queue,
        "SQS_TASK_DLQ_URL": resources.task_dead_letters,
        "TERRAFORM_STATE_DIR": str(terraform_state.absolute()),
        "POWERTOOLS_METRICS_DISABLED": "true",
        "POWERTOOLS_TRACE_DISABLED": "true",
        "PYTHONUNBUFFERED": "1",
    }


def _no_proxy(environ: Mapping[str, str]) -> str:
    """What is reached without the user's proxy: what was before, and this computer."""
    before = environ.get("NO_PROXY") or environ.get("no_proxy")
    return f"{before},{LOOPBACK}" if before else LOOPBACK
