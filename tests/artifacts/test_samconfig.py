"""SAM CLI knows every key of samconfig.toml: one that it does not know is left out in silence."""

import json
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import pytest

from tests.artifacts.test_build import RUNTIME_PYTHON

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-sam" / "bin" / "python"
CONFIG: dict[str, Any] = tomllib.loads((ROOT / "samconfig.toml").read_text())
# By command, the module that has it.
MODULES = {
    "build": "build.command",
    "deploy": "deploy.command",
    "sync": "sync.command",
    "validate": "validate.validate",
}
# By module, the names of its command's options as SAM CLI itself has them.
OPTIONS = """
import importlib, json, sys
cli = {name: importlib.import_module(f"samcli.commands.{name}").cli for name in sys.argv[1:]}
print(json.dumps({name: [option.name for option in cli[name].params] for name in cli}))
"""

pytestmark = pytest.mark.skipif(
    not RUNTIME_PYTHON, reason="there is no SAM CLI; `make artifacts` installs it and runs this"
)


def test_every_key_is_an_option_of_its_command() -> None:
    told = subprocess.run(
        [str(PYTHON), "-I", "-c", OPTIONS, *MODULES.values()],
        capture_output=True,
        text=True,
        check=True,
    )
    options = json.loads(told.stdout.splitlines()[-1])

    unknown = {
        f"{environment}.{command}.{key}"
        for environment, commands in CONFIG.items()
        if isinstance(commands, dict)
        for command, section in commands.items()
        if command != "global"
        for key in section["parameters"]
        if key not in options[MODULES[command]]
    }

    assert unknown == set()
