"""What `make package` writes from a build: archives, the template that names them, checksums."""

import hashlib
from pathlib import Path
from typing import Any

import pytest
import yaml

from cloudseam import __version__
from release.__main__ import CHECKSUMS, main, package
from release.template import built_resources, packaged_template
from tests.template import RESOURCES, TEMPLATE, TemplateLoader

ROOT = Path(__file__).parents[3]
TEXT = (ROOT / "template.yaml").read_text()
BUILT = {
    name
    for name, part in RESOURCES.items()
    if part["Type"] in ("AWS::Serverless::Function", "AWS::Serverless::LayerVersion")
}


@pytest.fixture
def build(tmp_path: Path) -> Path:
    """A folder as `sam build` leaves it."""
    for resource in BUILT:
        (tmp_path / "build" / resource).mkdir(parents=True)
        (tmp_path / "build" / resource / "file.py").write_text(resource)
    return tmp_path / "build"


def read(to: Path) -> dict[str, Any]:
    found: dict[str, Any] = yaml.load((to / "template.yaml").read_text(), TemplateLoader)
    return found


def test_every_function_and_layer_is_built() -> None:
    assert BUILT
    assert set(built_resources(TEXT)) == BUILT


def test_the_template_names_an_archive_for_each_and_is_otherwise_the_same(
    build: Path, tmp_path: Path
) -> None:
    package(TEXT, build, tmp_path / "dist")

    told = read(tmp_path / "dist")
    for name in BUILT:
        properties = told["Resources"][name]["Properties"]
        uri = "CodeUri" if "CodeUri" in properties else "ContentUri"
        key = properties[uri]["Key"]["Fn::Sub"].removeprefix("${ArtifactPrefix}")
        assert properties[uri]["Bucket"] == {"Ref": "ArtifactBucket"}
        assert (tmp_path / "dist" / key).exists()
        properties[uri] = RESOURCES[name]["Properties"][uri]
    added = {name: told["Parameters"].pop(name) for name in ("ArtifactBucket", "ArtifactPrefix")}
    told["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"].pop(0)
    assert told == TEMPLATE
    assert "Default" not in added["ArtifactBucket"]
    assert added["ArtifactPrefix"]["Default"] == f"cloudseam/{__version__}/"


def test_the_same_build_is_packaged_to_the_same_bytes(build: Path, tmp_path: Path) -> None:
    for name in ("one", "other"):
        package(TEXT, build, tmp_path / name)

    written = [
        {path.name: path.read_bytes() for path in (tmp_path / name).iterdir()}
        for name in ("one", "other")
    ]
    assert written[0] == written[1]
    assert len(written[0]) == len(BUILT) + 2


def test_the_checksums_are_those_of_all_files_and_nothing_old_is_left(
    build: Path, tmp_path: Path
) -> None:
    to = tmp_path / "dist"
    to.mkdir()
    (to / "StateMachineFunction-0000.zip").write_text("of a build before")
    (to / "sbom.cdx.json").write_text("{}")

    package(TEXT, build, to)

    lines = [line.split("  ") for line in (to / CHECKSUMS).read_text().splitlines()]
    told = {name: digest for digest, name in lines}
    assert told == {
        path.name: hashlib.sha256(path.read_bytes()).hexdigest()
        for path in to.iterdir()
        if path.name != CHECKSUMS
    }
    assert "sbom.cdx.json" in told
    assert "StateMachineFunction-0000.zip" not in told


def test_what_was_not_built_is_said(
    build: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (build / "CloudSeamLayer" / "file.py").unlink()

    assert main(["--build", str(build), "--to", str(tmp_path / "dist")]) == 1
    assert "CloudSeamLayer" in capsys.readouterr().err


def test_a_template_of_another_shape_is_refused() -> None:
    with pytest.raises(ValueError, match="Parameters"):
        packaged_template("Resources: {}\n    ParameterGroups:\n", {}, "1")
