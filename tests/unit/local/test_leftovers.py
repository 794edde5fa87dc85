"""What is left of a stack is found."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest

from cloudseam_cli.local.leftovers import states_in_use, terraform_leftovers

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


@pytest.mark.parametrize(
    ("text", "is_in_use"),
    [
        pytest.param(json.dumps({"resources": [ADDRESS]}), True, id="a-resource"),
        pytest.param(json.dumps({"resources": []}), False, id="empty"),
        pytest.param("", False, id="just-made"),
        pytest.param("{", True, id="half-written"),
        pytest.param("[]", True, id="of-another-shape"),
        pytest.param(json.dumps({"encrypted_data": "x"}), True, id="encrypted"),
    ],
)
def test_a_state_is_in_use_unless_it_is_known_to_be_empty(
    text: str, is_in_use: bool, tmp_path: Path
) -> None:
    state = tmp_path / "machine" / "stack" / "a.tfstate"
    state.parent.mkdir(parents=True)
    state.write_text(text)

    assert states_in_use(tmp_path) == ([state] if is_in_use else [])
