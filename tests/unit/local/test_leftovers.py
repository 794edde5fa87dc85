"""What is left of a stack is found."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cloudseam_cli.local.leftovers import terraform_leftovers

ADDRESS = {"type": "terraform_data", "name": "address"}


@pytest.mark.parametrize(
    ("states", "number", "left"),
    [
        pytest.param({}, 0, [], id="no-state"),
        pytest.param({"a": []}, 1, [], id="empty-state"),
        pytest.param(
            {"a": [], "b": [ADDRESS]},
            2,
            ["terraform_data.address in machine/stack/b.tfstate"],
            id="a-resource",
        ),
    ],
)
def test_resources_in_any_state_are_found(
    tmp_path: Path,
    states: Mapping[str, Sequence[Mapping[str, str]]],
    number: int,
    left: Sequence[str],
) -> None:
    folder = tmp_path / "machine" / "stack"
    folder.mkdir(parents=True)
    for name, resources in states.items():
        (folder / f"{name}.tfstate").write_text(json.dumps({"resources": resources}))
        (folder / f"{name}.tfstate.backup").write_text(json.dumps({"resources": [ADDRESS]}))

    assert terraform_leftovers(tmp_path) == (number, left)
