"""State is kept where nobody loses it, or nothing is run."""

import json
from pathlib import Path
from typing import Any

import pytest

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.backend import Backend, StateHome, choose_backend
from task_satisfier.executors.terraform.module import Module
from task_satisfier.executors.terraform.state_key import StateKey

KEY = StateKey("multi", "s", "qa/ecs")
BUCKET = StateHome(bucket="states", region="eu-west-1")


def chosen(backend: str | None = None, home: StateHome = BUCKET, *, locks: bool = True) -> Backend:
    return choose_backend(Module(backend), KEY, home, lambda: locks)


def written(backend: Backend, folder: Path) -> dict[str, Any] | None:
    backend.write(folder)
    path = folder / "cloudseam_backend.tf.json"
    return json.loads(path.read_text()) if path.exists() else None


@pytest.mark.parametrize(
    ("type", "option"),
    [
        ("s3", "-backend-config=key=multi/s/qa/ecs"),
        ("azurerm", "-backend-config=key=multi/s/qa/ecs"),
        ("gcs", "-backend-config=prefix=multi/s/qa/ecs"),
    ],
)
def test_the_modules_own_backend_is_only_given_the_name(
    tmp_path: Path, type: str, option: str
) -> None:
    backend = chosen(type)

    assert backend.option == option
    assert written(backend, tmp_path) is None


@pytest.mark.parametrize("type", ["local", "cloud", "remote", "http", "pg", "consul", "who?"])
def test_a_backend_that_loses_or_mixes_up_states_is_refused_with_a_way_out(type: str) -> None:
    with pytest.raises(TaskFailedError, match="Remove the block") as refused:
        chosen(type)

    assert f"'{type}'" in str(refused.value)


def test_without_a_place_for_its_state_a_module_is_refused() -> None:
    with pytest.raises(TaskFailedError, match="TERRAFORM_STATE_BUCKET or TERRAFORM_STATE_DIR"):
        chosen(home=StateHome())


def test_a_bucket_gets_a_backend_with_a_lock_file(tmp_path: Path) -> None:
    backend = chosen()

    assert backend.option == "-backend-config=key=multi/s/qa/ecs"
    assert written(backend, tmp_path) == {
        "terraform": {
            "backend": {"s3": {"bucket": "states", "region": "eu-west-1", "use_lockfile": True}}
        }
    }


def test_a_binary_that_knows_no_lock_file_is_not_asked_for_one(tmp_path: Path) -> None:
    found = written(chosen(locks=False), tmp_path)

    assert found == {"terraform": {"backend": {"s3": {"bucket": "states", "region": "eu-west-1"}}}}


def test_an_emulator_is_asked_only_what_it_can_answer(tmp_path: Path) -> None:
    home = StateHome(bucket="states", endpoint="http://127.0.0.1:4566")

    found = written(chosen(home=home), tmp_path)

    assert found is not None
    settings = found["terraform"]["backend"]["s3"]
    assert settings["endpoints"] == {"s3": "http://127.0.0.1:4566"}
    assert settings["use_path_style"] is True
    assert settings["skip_credentials_validation"] is True


def test_a_folder_gets_a_backend_with_an_absolute_path(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    backend = chosen(home=StateHome.of(None, "states", {}))

    assert backend.option == f"-backend-config=path={tmp_path}/states/multi/s/qa%2fecs.tfstate"
    assert written(backend, tmp_path) == {"terraform": {"backend": {"local": {}}}}
    assert (tmp_path / "states" / "multi" / "s").stat().st_mode & 0o077 == 0


def test_a_bucket_goes_before_a_folder() -> None:
    assert chosen(home=StateHome.of("states", "states", {})).type == "s3"


@pytest.mark.parametrize(
    ("environ", "region", "endpoint"),
    [
        ({}, None, None),
        ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, "a", None),
        ({"AWS_DEFAULT_REGION": "b"}, "b", None),
        ({"AWS_ENDPOINT_URL": "x"}, None, "x"),
        ({"AWS_ENDPOINT_URL": "x", "AWS_ENDPOINT_URL_S3": "y"}, None, "y"),
    ],
    ids=["nothing", "the region", "the default region", "an endpoint", "an endpoint of S3"],
)
def test_region_and_endpoint_come_from_the_environment(
    environ: dict[str, str], region: str | None, endpoint: str | None
) -> None:
    home = StateHome.of("states", None, environ)

    assert (home.region, home.endpoint) == (region, endpoint)


def test_what_looks_like_a_template_in_a_setting_is_none(tmp_path: Path) -> None:
    found = written(chosen(home=StateHome(bucket="${path.root}%{if}")), tmp_path)

    assert found is not None
    assert found["terraform"]["backend"]["s3"]["bucket"] == "$${path.root}%%{if}"


def test_a_file_of_the_module_is_never_written_over(tmp_path: Path) -> None:
    (tmp_path / "cloudseam_backend.tf.json").write_text("{}")

    with pytest.raises(TaskFailedError, match="Give it another name"):
        chosen().write(tmp_path)


def note(folder: Path) -> None:
    """What `init` notes when it settles on the backend that is asked for."""
    noted = {"backend": {"type": "s3", "config": {"key": "multi/s/qa/ecs"}}}
    (folder / "terraform.tfstate").write_text(json.dumps(noted))


ANOTHER = {
    "another backend": '{"backend": {"type": "local", "config": {"path": "x"}}}',
    "a backend that is not known": '{"backend": {"type": "pg", "config": {}}}',
    "another key": '{"backend": {"type": "s3", "config": {"key": "other/s/qa/ecs"}}}',
    "no key": '{"backend": {"type": "s3", "config": {"key": null}}}',
    "no backend": '{"version": 3, "modules": []}',
    "a note of another form": '{"backend": ["s3"]}',
    "no JSON": "backend s3",
    "nothing": "",
}


@pytest.mark.parametrize("noted", ANOTHER.values(), ids=ANOTHER)
def test_nothing_is_run_when_terraform_would_keep_the_state_elsewhere(
    tmp_path: Path, noted: str
) -> None:
    (tmp_path / "terraform.tfstate").write_text(noted)

    with pytest.raises(TaskFailedError, match="so nothing was run"):
        chosen().check(tmp_path, ["Terraform has been successfully initialized!"])


def test_nothing_is_run_when_terraform_noted_no_backend(tmp_path: Path) -> None:
    with pytest.raises(TaskFailedError, match="so nothing was run"):
        chosen().check(tmp_path, ["Terraform has been successfully initialized!"])


def test_nothing_is_run_when_terraform_found_no_block_for_the_name(tmp_path: Path) -> None:
    note(tmp_path)

    with pytest.raises(TaskFailedError, match="so nothing was run"):
        chosen("s3").check(tmp_path, ["", "Warning: Missing backend configuration", ""])


def test_what_init_noted_is_what_was_asked_for(tmp_path: Path) -> None:
    note(tmp_path)

    chosen().check(tmp_path, [])
