"""`sam sync` deploys what it is configured for, as while developing."""

import shutil
from pathlib import Path

import pytest

from tests.e2e.installation import Cloud, Installation
from tests.e2e.sam import ROOT

pytestmark = pytest.mark.by_hand

BUILT_FROM = ("samconfig.toml", "template.yaml", "state_machine", "task_satisfier", "layers")
# A layer's Terraform is in there, once it was fetched.
LEFT_OUT = shutil.ignore_patterns("__pycache__", "bin")


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is built: `sam sync` builds where other tests take what was built."""
    for name in BUILT_FROM:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tmp_path / name, ignore=LEFT_OUT)
        else:
            shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_a_deployment_for_development_drives_a_stack(cloud: Cloud, checkout: Path) -> None:
    cloud.sam.sync(checkout)
    installation = Installation(cloud, "cloudseam-dev", outputs=cloud.outputs("cloudseam-dev"))
    installation.put_machines()

    installation.send("s", "LAUNCH", machine="functions")

    assert installation.comes_to("s", "GREET")  # whose function it may not invoke
    cloud.sam.delete("cloudseam-dev")
