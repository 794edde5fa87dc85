"""Real Terraform: what is applied is there, what is destroyed is gone, nothing else happens."""

import json
import os
import threading
from pathlib import Path
from typing import Any

import pytest

from task_satisfier.executors.terraform import executor, locked_change
from task_satisfier.executors.terraform.module import Module
from tests.builders import CANARY
from tests.conftest import LogLines
from tests.integration.task_satisfier.real_terraform import (
    RealTerraform,
    needs_terraform,
    resources,
    terraform,
)
from tests.processes import is_running, wait_until
from tests.task_builders import a_terraform_config, write_files

__all__ = ["terraform"]  # a fixture

pytestmark = [pytest.mark.once, needs_terraform]

NET = """
variable "stack_id" {}
variable "size" {
  type    = number
  default = 1
}
resource "terraform_data" "net" {
  input = "${var.stack_id}-${var.size}"
}
output "name" { value = terraform_data.net.output }
"""
STATE = "multi/s/net.tfstate"


def a_module(terraform: RealTerraform, text: str, name: str = "net") -> Path:
    return write_files(terraform.modules / name, {"main.tf": text})


def test_apply_apply_again_and_destroy(terraform: RealTerraform, terraform_log: LogLines) -> None:
    module = a_module(terraform, NET)
    state = terraform.states / STATE

    applied = terraform.run(a_terraform_config(module, state="net", variables={"size": 3}))
    assert applied["event"] == "TASK_COMPLETED"
    assert applied["outputs"] == {"name": "s-3"}
    assert "Apply complete! Resources: 1 added, 0 changed, 0 destroyed." in terraform_log.messages
    assert resources(state.read_text()) == ["terraform_data.net"]

    terraform.run(a_terraform_config(module, state="net", variables={"size": 3}))
    assert "Apply complete! Resources: 0 added, 0 changed, 0 destroyed." in terraform_log.messages

    destroyed = terraform.run(a_terraform_config(module, "destroy", state="net"))
    assert destroyed["event"] == "TASK_COMPLETED"
    assert "outputs" not in destroyed
    assert "Destroy complete! Resources: 1 destroyed." in terraform_log.messages
    assert resources(state.read_text()) == []


def test_an_apply_from_a_file_is_destroyed_from_its_folder(
    terraform: RealTerraform, terraform_log: LogLines
) -> None:
    module = a_module(terraform, NET)

    terraform.run(a_terraform_config(module / "main.tf"))
    terraform.run(a_terraform_config(module, "destroy"))

    assert "Destroy complete! Resources: 1 destroyed." in terraform_log.messages


def test_other_stacks_and_other_modules_have_other_states(
    terraform: RealTerraform, terraform_log: LogLines
) -> None:
    one, other = a_module(terraform, NET, "one"), a_module(terraform, NET, "other")
    terraform.run(a_terraform_config(one))
    terraform.run(a_terraform_config(other))
    terraform.run(a_terraform_config(one), stack_id="S")

    terraform.run(a_terraform_config(one, "destroy"))

    left = [path for path in terraform.states.rglob("*.tfstate") if resources(path.read_text())]
    assert len(left) == 2
    assert terraform_log.messages.count("Destroy complete! Resources: 1 destroyed.") == 1


def test_nothing_is_left_in_the_temp_dir_but_the_folder_for_providers(
    terraform: RealTerraform, tmp_path: Path
) -> None:
    terraform.run(a_terraform_config(a_module(terraform, NET)))

    [providers] = (tmp_path / "temp").rglob("*")
    assert providers.name == f"cloudseam-providers-{os.geteuid()}"


TYPED = """
variable "stack_id" {}
variable "a_number" { type = number }
variable "a_bool" { type = bool }
variable "a_text" { type = string }
variable "a_list" { type = list(number) }
variable "a_map" { type = map(object({ n = number })) }
variable "a_null" {
  type    = string
  default = "default"
}
output "all" {
  value = {
    number = var.a_number + 1
    bool   = !var.a_bool
    text   = var.a_text
    list   = sum(var.a_list)
    map    = var.a_map["k"].n
    null   = var.a_null == null
    stack  = var.stack_id
  }
}
"""


def test_variables_keep_their_types_and_are_no_templates(terraform: RealTerraform) -> None:
    answer = terraform.run(
        a_terraform_config(
            a_module(terraform, TYPED),
            variables={"a_list": [1, 2, 3], "a_map": {"k": {"n": 4}}, "a_number": 1.5},
        ),
        metadata={
            "a_number": 7,
            "a_bool": True,
            "a_text": '${path.root} %{ if } "$HOME" `id` é\n\\',
            "a_null": None,
            "stack_id": "other",
        },
    )

    assert answer["outputs"]["all"] == {
        "number": 2.5,
        "bool": False,
        "text": '${path.root} %{ if } "$HOME" `id` é\n\\',
        "list": 6,
        "map": 4,
        "null": True,
        "stack": "s",
    }


def test_metadata_that_the_module_does_not_declare_does_no_harm_and_is_not_shown(
    terraform: RealTerraform, terraform_log: LogLines
) -> None:
    metadata = {f"undeclared{number}": f"{CANARY}{number}" for number in range(5)}

    answer = terraform.run(a_terraform_config(a_module(terraform, NET)), metadata=metadata)

    assert answer["event"] == "TASK_COMPLETED"
    assert CANARY not in "\n".join(terraform_log.messages)


INJECTIONS: dict[str, dict[str, Any]] = {
    "a value for a shell": {"metadata": {"title": "x'; touch {canary}; echo '"}},
    "a key for a shell": {"metadata": {"k$(touch {canary})": "v"}},
    "a stack id for a shell": {"stack_id": "s$(touch {canary})"},
    "a stack id of quotes": {"stack_id": "'\"`touch {canary}`"},
    "a stack id that climbs": {"stack_id": "../../../escape"},
    "a stack id of dots": {"stack_id": ".."},
    "a machine that climbs": {"machine": "../../../escape"},
    "a key that is an option": {"metadata": {"-destroy": "true", "--help": "x"}},
    "a key that is another option": {"metadata": {"-var-file=/etc/passwd": "x"}},
    "a key with a line break": {"metadata": {'a"\n}\nresource "x" "y" {': "v"}},
    "a key for the environment": {"metadata": {"TF_CLI_ARGS": "-destroy"}},
    "a value that is a template": {"metadata": {"title": '${file("/etc/passwd")}'}},
    "a value with a zero": {"metadata": {"title": "a\u0000b"}},
    "reserved names": {"metadata": {"source": "x", "count": 1, "for_each": "y", "locals": "z"}},
    "another stack's id": {"metadata": {"stack_id": "other"}},
}


@pytest.mark.parametrize("fields", INJECTIONS.values(), ids=INJECTIONS)
def test_nothing_that_comes_from_outside_is_run(
    terraform: RealTerraform, tmp_path: Path, fields: dict[str, Any]
) -> None:
    canary = tmp_path / "pwned"
    fields = json.loads(json.dumps(fields).replace("{canary}", str(canary)))
    module = a_module(terraform, NET + 'variable "title" { default = "" }\n')

    answer = terraform.run(a_terraform_config(module, variables={"size": 3}), **fields)

    assert answer["event"] == "TASK_COMPLETED"
    assert answer["outputs"] == {"name": f"{fields.get('stack_id', 's')}-3"}
    assert not canary.exists()
    [state] = terraform.states.rglob("*.tfstate")
    assert len(state.relative_to(terraform.states).parts) == 3
    assert resources(state.read_text()) == ["terraform_data.net"]


WRONG_VALUES: dict[str, tuple[Any, str]] = {
    "a text for a number": ("many", "a number is required"),
    "a list for a number": ([1], "number required"),
    "null for what must not be": (None, "null"),
    "out of range": (-1, "at least 0"),
}


@pytest.mark.parametrize(("value", "told"), WRONG_VALUES.values(), ids=WRONG_VALUES)
def test_a_value_that_does_not_fit_is_a_failed_task_with_terraforms_words(
    terraform: RealTerraform, value: Any, told: str
) -> None:
    module = a_module(
        terraform,
        """
        variable "stack_id" {}
        variable "size" {
          type     = number
          nullable = false
          validation {
            condition     = var.size >= 0
            error_message = "It has to be at least 0."
          }
        }
        """,
    )

    answer = terraform.run(a_terraform_config(module, variables={"size": value}))

    assert answer["event"] == "TASK_ERROR"
    assert " apply failed with exit code 1:\n" in answer["description"]
    assert told in " ".join(answer["description"].split())  # Terraform wraps lines


def test_a_variable_without_a_value_is_a_failed_task_and_no_question(
    terraform: RealTerraform,
) -> None:
    module = a_module(terraform, 'variable "stack_id" {}\nvariable "needed" {}\n')

    answer = terraform.run(a_terraform_config(module))

    assert answer["event"] == "TASK_ERROR"
    assert "No value for required variable" in answer["description"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ('resource "terraform_data" {', "init failed with exit code 1:"),
        ("{", "init failed with exit code 1:"),
        ('resource "terraform_data" "x" { input = var.nope }', "undeclared input variable"),
    ],
    ids=["not closed", "no HCL", "an unknown variable"],
)
def test_a_module_that_is_wrong_is_a_failed_task_with_terraforms_words(
    terraform: RealTerraform, text: str, told: str
) -> None:
    answer = terraform.run(a_terraform_config(a_module(terraform, text)))

    assert answer["event"] == "TASK_ERROR"
    assert told in answer["description"]


SENSITIVE = """
variable "stack_id" {}
variable "by_setting" {}
variable "by_module" {
  sensitive = true
}
resource "terraform_data" "x" {
  input = "${var.by_setting} ${nonsensitive(var.by_module)}"
  provisioner "local-exec" {
    command = "echo provisioned ${var.by_module}; exit ${var.by_setting == "" ? 0 : 3}"
  }
}
"""
OUTPUTS = """
variable "stack_id" {}
variable "by_setting" {}
variable "by_module" {
  sensitive = true
}
output "open" { value = "open" }
output "hidden" {
  value     = "hidden"
  sensitive = true
}
output "of_module" {
  value     = var.by_module
  sensitive = true
}
output "let_slip" { value = [nonsensitive(var.by_module), { inside = var.by_setting }] }
"""
SECRETS = {"by_setting": f"{CANARY} one", "by_module": f"{CANARY}\ntwo"}


def test_sensitive_values_are_in_no_log_and_no_cause(
    terraform: RealTerraform, terraform_log: LogLines
) -> None:
    terraform.environ = {"SENSITIVE_METADATA_KEYS": "other, by_setting"}

    answer = terraform.run(a_terraform_config(a_module(terraform, SENSITIVE)), metadata=SECRETS)

    assert answer["event"] == "TASK_ERROR"
    assert "exit status 3" in answer["description"]
    assert CANARY not in answer["description"]
    assert CANARY not in "\n".join(terraform_log.messages)


def test_sensitive_values_are_in_no_output(
    terraform: RealTerraform, terraform_log: LogLines
) -> None:
    terraform.environ = {"SENSITIVE_METADATA_KEYS": "by_setting"}

    answer = terraform.run(a_terraform_config(a_module(terraform, OUTPUTS)), metadata=SECRETS)

    assert answer["outputs"] == {"open": "open"}
    assert "Output 'let_slip' is left out: it holds a sensitive value" in terraform_log.messages
    assert CANARY not in "\n".join(terraform_log.messages)


WAITS = """
variable "stack_id" {}
variable "gate" {}
resource "terraform_data" "before" {}
resource "terraform_data" "waits" {
  input      = var.gate
  depends_on = [terraform_data.before]
  provisioner "local-exec" {
    command = "echo $$ > $GATE.pid; cat < $GATE"
    environment = { GATE = var.gate }
  }
}
"""


def test_when_time_runs_out_terraform_ends_well_and_the_next_attempt_works(
    terraform: RealTerraform, tmp_path: Path, terraform_log: LogLines
) -> None:
    gate, started = tmp_path / "gate", tmp_path / "gate.pid"
    os.mkfifo(gate)
    module = a_module(terraform, WAITS)
    metadata = {"gate": str(gate)}

    def time_left() -> float:
        return 0 if started.exists() and started.read_text().strip() else 300

    answer = terraform.run(
        a_terraform_config(module, state="net"), metadata=metadata, time_left=time_left
    )

    assert answer["event"] == "TASK_ERROR"
    assert " apply was interrupted: no time was left." in answer["description"]
    assert terraform_log.messages.count("Interrupt received.") == 1
    assert wait_until(lambda: not is_running(int(started.read_text())))
    state = terraform.states / STATE
    assert "terraform_data.before" in resources(state.read_text())
    destroyed = terraform.run(a_terraform_config(module, "destroy", state="net"), metadata=metadata)
    assert destroyed["event"] == "TASK_COMPLETED", "the lock was given back"
    assert resources(state.read_text()) == []


def test_two_runs_of_one_state_do_not_run_at_once(
    terraform: RealTerraform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(locked_change, "WAIT", 0)
    gate, started = tmp_path / "gate", tmp_path / "gate.pid"
    os.mkfifo(gate)
    config = a_terraform_config(a_module(terraform, WAITS))
    metadata = {"gate": str(gate)}
    answers: list[dict[str, Any]] = []
    first = threading.Thread(
        target=lambda: answers.append(terraform.run(config, metadata=metadata))
    )

    first.start()
    assert wait_until(started.exists)
    second = terraform.run(config, metadata=metadata)
    gate.write_text("go on")
    first.join(60)

    assert second["event"] == "TASK_ERROR"
    assert "Error acquiring the state lock" in second["description"]
    assert [answer["event"] for answer in answers] == ["TASK_COMPLETED"]


def test_a_state_left_beside_the_module_is_not_taken(
    terraform: RealTerraform, tmp_path: Path
) -> None:
    module = a_module(terraform, NET)
    stray = {"version": 4, "serial": 9, "lineage": "x", "outputs": {}, "resources": []}
    write_files(module, {"terraform.tfstate": json.dumps(stray)})

    answer = terraform.run(a_terraform_config(module))

    assert answer["event"] == "TASK_COMPLETED"
    assert json.loads((module / "terraform.tfstate").read_text()) == stray


def test_a_module_of_several_folders_is_applied(terraform: RealTerraform) -> None:
    module = write_files(
        terraform.modules / "nested",
        {
            "main.tf": 'variable "stack_id" {}\nmodule "net" { source = "./modules/net" }\n'
            'output "name" { value = module.net.name }',
            "modules/net/main.tf": 'output "name" { value = "from below" }',
        },
    )

    assert terraform.run(a_terraform_config(module))["outputs"] == {"name": "from below"}


def test_when_terraform_finds_no_block_for_the_state_nothing_is_run(
    terraform: RealTerraform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(executor, "read_module", lambda folder, tofu: Module(backend="s3"))

    answer = terraform.run(a_terraform_config(a_module(terraform, NET)))

    assert answer["event"] == "TASK_ERROR"
    assert "so nothing was run" in answer["description"]
