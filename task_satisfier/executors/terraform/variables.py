"""Variables for a module: typed, in a file, so that none of them can be anything but a value."""

import json
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cloudseam.event import Json
from cloudseam.messages import TaskRequest
from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.config import TerraformConfig

STACK_ID = "stack_id"


def variables_of(request: TaskRequest, config: TerraformConfig) -> Mapping[str, Json]:
    """The stack's metadata, then the config's variables, which win, then the stack's id.

    Keys that cannot be names of variables are left out: no module can declare them.

    Raises:
        TaskFailedError: the config sets `stack_id`, or a name that cannot be a variable's.
    """
    of_config = config.variables or {}
    if STACK_ID in of_config:
        raise TaskFailedError(
            f"Task '{request.name}' sets `config.variables.{STACK_ID}`, which is always the "
            "stack's id. Give the variable another name."
        )
    wrong = [name for name in of_config if not is_variable_name(name)]
    if wrong:
        raise TaskFailedError(
            f"Task '{request.name}' has `config.variables` that Terraform cannot take: "
            f"{', '.join(ascii(name[:80]) for name in wrong[:10])}. Names are letters, digits, "
            "`_` and `-`, and start with a letter or `_`."
        )
    metadata = {name: item for name, item in request.metadata.items() if is_variable_name(name)}
    return {**metadata, **of_config, STACK_ID: request.stack_id}


def is_variable_name(name: str) -> bool:
    """Whether a module can declare a variable of that name (HCL specification, "Identifiers")."""
    return not name.startswith("-") and name.replace("-", "_").isidentifier()


def write_variables(variables: Mapping[str, Any], path: Path) -> None:
    """Writes a file for `-var-file`, one variable on each line, for this user's eyes only.

    Terraform shows the line with the value when a value has the wrong type, and only that line.
    """
    text = json.dumps(variables, indent=1)
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(text)
