"""A release is deployed from its folder alone, and drives a life."""

from pathlib import Path

import pytest

from cloudseam import __version__
from release.__main__ import main
from tests.e2e.installation import Cloud, Installation

pytestmark = pytest.mark.by_hand

BUCKET = "releases-of-ours"
# The template's default: of parameters, the emulator's SAM transform knows the defaults only.
PREFIX = f"cloudseam/{__version__}/"


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What `make package` writes."""
    folder = tmp_path_factory.mktemp("dist")
    assert main(["--to", str(folder)]) == 0
    return folder


def test_a_release_is_deployed_without_building(cloud: Cloud, dist: Path) -> None:
    client = cloud.client("s3")
    client.create_bucket(Bucket=BUCKET)
    for archive in dist.glob("*.zip"):
        client.upload_file(str(archive), BUCKET, f"{PREFIX}{archive.name}")
    installation = Installation(cloud, "released")

    installation.deploy(dist / "template.yaml", ArtifactBucket=BUCKET)
    installation.put_machines()
    installation.send("s", "LAUNCH", machine="functions")
    assert installation.reaches("s", "RUN")
    installation.send("s", "FINISH")

    assert installation.ends("s")
    assert installation.outputs["Version"] == __version__


def test_the_same_build_is_the_same_release(dist: Path, tmp_path: Path) -> None:
    assert main(["--to", str(tmp_path)]) == 0

    again = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    assert again == {path.name: path.read_bytes() for path in dist.iterdir()}
