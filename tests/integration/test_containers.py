"""The compose file and the images, as far as they can be checked without a container engine."""

import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudseam.settings import Settings
from state_machine.settings import StateMachineSettings
from task_satisfier.settings import TaskSatisfierSettings

ROOT = Path(__file__).parents[2]
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
FUNCTIONS: dict[str, type[Settings]] = {
    "state-machine": StateMachineSettings,
    "task-satisfier": TaskSatisfierSettings,
}
BOTH = {"LOCAL_MODE"}


def compose_command() -> list[str] | None:
    """Docker's own command, with or without its plugin."""
    docker = shutil.which("docker")
    if (
        docker
        and not subprocess.run(
            [docker, "compose", "version"], capture_output=True, check=False
        ).returncode
    ):
        return [docker, "compose"]
    standalone = shutil.which("docker-compose")
    return [standalone] if standalone else None


def test_docker_compose_accepts_the_file() -> None:
    command = compose_command()
    if command is None:
        pytest.skip("neither `docker compose` nor `docker-compose` is installed")

    ended = subprocess.run(
        [*command, "-f", "compose.yaml", "config", "--quiet"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr


@pytest.mark.parametrize("service", FUNCTIONS)
def test_a_service_sets_only_what_its_function_reads_and_all_that_it_needs(service: str) -> None:
    settings = FUNCTIONS[service]
    environment = COMPOSE["services"][service]["environment"]
    given = {name: "" if "${" in value else value for name, value in environment.items()}

    assert set(environment) <= BOTH | {field.alias for field in settings.model_fields.values()}
    settings.from_environment(given)


@pytest.mark.parametrize("service", FUNCTIONS)
def test_an_image_copies_what_there_is_and_what_the_build_may_see(service: str) -> None:
    dockerfile = ROOT / COMPOSE["services"][service]["build"]["dockerfile"]
    copied = [
        line.split()[1]
        for line in dockerfile.read_text().splitlines()
        if line.startswith("COPY ") and "--from" not in line
    ]
    seen = [
        line.removeprefix("!")
        for line in (ROOT / ".dockerignore").read_text().splitlines()
        if line.startswith("!")
    ]

    assert copied
    for source in copied:
        assert (ROOT / source).exists()
        assert any(source.startswith(allowed) for allowed in seen)


def test_the_queues_of_the_settings_are_those_that_elasticmq_makes() -> None:
    made = (ROOT / "docker" / "elasticmq.conf").read_text()
    urls = {
        value
        for service in FUNCTIONS
        for name, value in COMPOSE["services"][service]["environment"].items()
        if name.startswith("SQS_")
    }

    for url in urls:
        assert f"  {url.rpartition('/')[2]} {{" in made
