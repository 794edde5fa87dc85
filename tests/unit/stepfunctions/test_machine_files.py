"""State machines of the local API that come from a folder."""

from pathlib import Path

import pytest

from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.machine_files import MachineFileError, take_folder

JSON = '{"StartAt": "A", "States": {"A": {"Type": "Succeed"}}}'
YAML = "StartAt: A\nStates:\n  A: {Type: Succeed}\n"


def test_files_of_each_suffix_become_state_machines(engine: Engine, tmp_path: Path) -> None:
    (tmp_path / "a.asl.json").write_text(JSON)
    (tmp_path / "b.asl.yml").write_text(YAML)
    (tmp_path / "c.asl.yaml").write_text(YAML)
    (tmp_path / "d.yml").write_text(YAML)

    assert take_folder(engine, tmp_path) == ["a", "b", "c"]

    listed = api.call(engine, "ListStateMachines", {})["stateMachines"]
    assert sorted(machine["name"] for machine in listed) == ["a", "b", "c"]
    told = {"stateMachineArn": listed[0]["stateMachineArn"].rpartition(":")[0] + ":b"}
    described = api.call(engine, "DescribeStateMachine", told)
    assert described["definition"] == '{"StartAt":"A","States":{"A":{"Type":"Succeed"}}}'


@pytest.mark.parametrize("file", ["a.asl.json", "a.asl.yml"])
def test_a_file_that_cannot_be_used_is_named(engine: Engine, tmp_path: Path, file: str) -> None:
    (tmp_path / file).write_text(JSON.replace("Succeed", "Win"))

    with pytest.raises(MachineFileError, match=file):
        take_folder(engine, tmp_path)
