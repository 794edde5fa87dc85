"""Runs tasks through the satisfier with the real Terraform or OpenTofu of this computer."""

import json
import os
import platform
import shutil
import tempfile
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from cloudseam.queues.memory import InMemoryQueue
from task_satisfier.attempt import Attempts
from task_satisfier.executors.registry import ExecutorRegistry
from task_satisfier.satisfier import TaskSatisfier
from task_satisfier.settings import TaskSatisfierSettings
from tests.builders import a_delivery
from tests.task_builders import a_task_body, attempts_in_memory

# As Go names it.
ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), "amd64")
PROGRAM = "terraform-provider-sleep_v1.0.0"
BINARY = os.environ.get("TERRAFORM_BIN") or shutil.which("terraform") or shutil.which("tofu")

needs_terraform = pytest.mark.skipif(
    BINARY is None, reason="neither terraform nor tofu is on the path, and TERRAFORM_BIN is not set"
)


@dataclass
class RealTerraform:
    """The satisfier with settings from `environ`, and where its modules and states are."""

    folder: Path
    environ: Mapping[str, str] = field(default_factory=dict)

    @property
    def binary(self) -> str:
        """What is run."""
        return str(BINARY)

    @property
    def modules(self) -> Path:
        """Where modules are written to."""
        return self.folder / "modules"

    @property
    def states(self) -> Path:
        """Where states are kept, unless a module or a setting says otherwise."""
        return self.folder / "states"

    def run(
        self,
        config: Mapping[str, Any],
        *,
        time_left: Callable[[], float] = lambda: 300.0,
        attempts: Attempts | None = None,
        **fields: Any,
    ) -> dict[str, Any]:
        """Runs a task; the answer to it."""
        settings = TaskSatisfierSettings.from_environment(
            {
                "SQS_EVENT_QUEUE_URL": "events",
                "TERRAFORM_BIN": self.binary,
                "TERRAFORM_STATE_DIR": str(self.states),
                **self.environ,
            }
        )
        answers = InMemoryQueue()
        satisfier = TaskSatisfier(
            ExecutorRegistry(settings),
            answers,
            attempts or attempts_in_memory(),
            sensitive_keys=settings.sensitive_keys,
            margin=settings.timeout_margin,
        )
        body = a_task_body("terraform", config, **fields)
        [outcome] = satisfier.handle_batch([a_delivery(body)], time_left)
        assert outcome.error is None
        answer: dict[str, Any] = json.loads(answers.sent[0].body)
        return answer


@pytest.fixture
def terraform(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> RealTerraform:
    """Terraform with folders, and a temp dir, of the test's own."""
    temp = tmp_path / "temp"
    temp.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(temp))
    monkeypatch.setenv("TMPDIR", str(temp))
    return RealTerraform(tmp_path)


def resources(state: str | bytes) -> list[str]:
    """The addresses of what a state has."""
    return [f"{item['type']}.{item['name']}" for item in json.loads(state)["resources"]]


def pack_provider(mirror: Path) -> None:
    """Puts a provider example.com/acme/sleep into a mirror, packed as registries have it.

    It is a program that is none: `init` installs it, and `apply` cannot talk to it.
    """
    folder = mirror / "example.com" / "acme" / "sleep"
    folder.mkdir(parents=True)
    package = folder / f"terraform-provider-sleep_1.0.0_linux_{ARCHITECTURE}.zip"
    with zipfile.ZipFile(package, "w") as archive:
        program = zipfile.ZipInfo(PROGRAM)
        program.external_attr = 0o755 << 16
        archive.writestr(program, Path("/bin/sleep").read_bytes())
