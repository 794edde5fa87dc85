"""SAM CLI as people run it, against an embedded AWS."""

import json
import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from cloudseam_cli.embedded_aws import EmbeddedAws

ROOT = Path(__file__).parents[2]
FOLDER = ROOT / ".venv-sam" / "bin"
BUILT_TEMPLATE = ROOT / ".aws-sam" / "build" / "template.yaml"
# Seconds between two looks at a deployment: one here takes a few.
POLL_DELAY = "0.5"


def clean_environment() -> dict[str, str]:
    """What a process of ours gets, without a word on any real AWS."""
    return {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}


class SamError(Exception):
    """SAM CLI refused, with what it said."""


class Sam:
    """The SAM CLI of `.venv-sam`. It talks to this AWS and to nothing else."""

    def __init__(self, aws: EmbeddedAws, runtime_python: str) -> None:
        path = os.pathsep.join([str(Path(runtime_python).parent), os.environ["PATH"]])
        self._environment = {
            **clean_environment(),
            **aws.environment,
            "PATH": path,
            "RUNTIME": runtime_python,
            "SAM_CLI_TELEMETRY": "0",
            "SAM_CLI_POLL_DELAY": POLL_DELAY,
        }

    def validate(self) -> None:
        """Checks the template, with cfn-lint's rules."""
        self._run("validate", "--lint")

    def build(self) -> None:
        """Builds what is deployed."""
        self._run("build")

    def package(self, to: Path) -> None:
        """Uploads what was built, and writes a template that says where it lies."""
        self._run(
            "package",
            *("--template-file", str(BUILT_TEMPLATE), "--output-template-file", str(to)),
            *("--resolve-s3", "--s3-prefix", "packaged", "--no-progressbar"),
        )

    def deploy(
        self, stack: str, parameters: Mapping[str, str], template: Path = BUILT_TEMPLATE
    ) -> None:
        """Creates or updates a deployment; ends when it has ended."""
        given = [f"{name}={json.dumps(value)}" for name, value in parameters.items()]
        self._run(
            "deploy",
            *("--config-file", str(ROOT / "samconfig.toml"), "--stack-name", stack),
            *("--template-file", str(template)),
            *("--no-confirm-changeset", "--no-progressbar"),
            *(("--parameter-overrides", *given) if given else ()),
        )

    def sync(self, checkout: Path) -> None:
        """Builds and deploys what `samconfig.toml` has for development, once."""
        self._run("sync", "--config-env", "dev", "--no-watch", answer="y\n", folder=checkout)

    def delete(self, stack: str) -> None:
        """Deletes a deployment, but for what it retains."""
        self._run("delete", "--stack-name", stack, "--no-prompts")

    def _run(self, *arguments: str, answer: str = "", folder: Path = ROOT) -> None:
        """Runs a command in a checkout. It may ask something once.

        Raises:
            SamError: it failed.
        """
        ended = subprocess.run(
            [str(FOLDER / "sam"), *arguments],
            cwd=folder,
            env=self._environment,
            input=answer,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if ended.returncode:
            raise SamError(f"`sam {arguments[0]}` failed:\n{ended.stdout}")
