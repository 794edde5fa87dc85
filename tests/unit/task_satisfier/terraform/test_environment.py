"""What Terraform gets of the function's environment."""

from pathlib import Path

import pytest

from task_satisfier.executors.terraform.environment import environment_for

WORK = Path("/somewhere")


@pytest.mark.parametrize(
    "name",
    [
        "PATH", "HOME", "LANG", "AWS_ACCESS_KEY_ID", "AWS_SESSION_TOKEN", "AWS_REGION",
        "AWS_ENDPOINT_URL", "HTTPS_PROXY", "no_proxy", "SSL_CERT_FILE", "GOOGLE_CREDENTIALS",
        "TF_CLI_CONFIG_FILE", "TF_TOKEN_app_terraform_io", "TF_ENCRYPTION",
    ],
)  # fmt: skip
def test_what_providers_and_states_need_is_passed_on(name: str) -> None:
    assert environment_for(WORK, {name: "x"})[name] == "x"


@pytest.mark.parametrize(
    "name",
    [
        "TF_CLI_ARGS", "TF_CLI_ARGS_apply", "TF_CLI_ARGS_destroy", "TF_VAR_size", "TF_LOG",
        "TF_LOG_PATH", "TF_LOG_PROVIDER", "TF_WORKSPACE", "TF_REATTACH_PROVIDERS",
        "TF_PLUGIN_CACHE_DIR", "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE",
        "AWS_LAMBDA_RUNTIME_API", "_HANDLER", "SENSITIVE_METADATA_KEYS", "SQS_EVENT_QUEUE_URL",
    ],
)  # fmt: skip
def test_what_would_change_or_show_a_run_is_not(name: str) -> None:
    assert name not in environment_for(WORK, {name: "x"})


def test_terraform_never_asks_and_writes_into_the_work_dir_only() -> None:
    environment = environment_for(
        WORK, {"TF_DATA_DIR": "/elsewhere", "TF_INPUT": "1", "TMPDIR": "/elsewhere"}
    )

    assert environment == {
        "HOME": "/somewhere",
        "TMPDIR": "/somewhere/tmp",
        "TF_DATA_DIR": "/somewhere/state",
        "TF_IN_AUTOMATION": "1",
        "TF_INPUT": "0",
        "CHECKPOINT_DISABLE": "1",
    }
