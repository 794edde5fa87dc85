"""The environment that Terraform runs in."""

from collections.abc import Iterator, Mapping
from pathlib import Path

# Of Terraform's own variables only those say how to reach providers and how to keep state. The
# rest would change what is run (TF_CLI_ARGS, TF_VAR_…, TF_WORKSPACE) or show what is secret
# (TF_LOG).
PASSED_ON = frozenset(
    {
        "TF_CLI_CONFIG_FILE",
        "TF_ENCRYPTION",
        "TF_REGISTRY_CLIENT_TIMEOUT",
        "TF_REGISTRY_DISCOVERY_RETRY",
        "TF_STATE_PERSIST_INTERVAL",
    }
)
TOKENS = "TF_TOKEN_"
# The function's own, of no use to a module: with the runtime's address a provider could take the
# function's next invocation.
KEPT_BACK = frozenset(
    {
        "AWS_LAMBDA_RUNTIME_API",
        "_HANDLER",
        "SENSITIVE_METADATA_KEYS",
        "SQS_EVENT_QUEUE_URL",
        "SQS_TASK_QUEUE_URL",
        "SQS_TASK_DLQ_URL",
        "SQS_CONTAINER_TASK_QUEUE_URL",
        "SQS_CONTAINER_TASK_DLQ_URL",
    }
)


def environment_for(work: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """The satisfier's own environment, which has the providers' credentials, made safe.

    What Terraform and its providers write for themselves goes into the work dir.
    """
    return dict(_passed_on(environ)) | {
        "HOME": environ.get("HOME") or str(work),
        "TMPDIR": str(work / "tmp"),
        "TF_DATA_DIR": str(work / "state"),
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
    }


def _passed_on(environ: Mapping[str, str]) -> Iterator[tuple[str, str]]:
    for name, value in environ.items():
        terraforms = name.startswith("TF_") and not name.startswith(TOKENS)
        if name not in KEPT_BACK and (name in PASSED_ON or not terraforms):
            yield name, value
