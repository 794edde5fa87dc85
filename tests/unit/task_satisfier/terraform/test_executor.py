"""A Terraform task from its config to what is run, with a stand-in for Terraform."""

import json
import os
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from itertools import chain, repeat
from pathlib import Path
from typing import Any

import pytest

from cloudseam.event import Json
from task_satisfier.executors import OutOfTimeError, TaskFailedError, TaskRun
from task_satisfier.executors.terraform.backend import StateHome
from task_satisfier.executors.terraform.executor import TerraformExecutor
from task_satisfier.executors.terraform.plugin_cache import PluginCache
from task_satisfier.redaction import Redactor
from tests.builders import CANARY
from tests.conftest import LogLines
from tests.task_builders import FakeTerraform, a_request, a_run, a_terraform_config, write_files

S3_MODULE = 'terraform {\n  backend "s3" {}\n}\nvariable "stack_id" {}\noutput "o" {}\n'


@pytest.fixture(autouse=True)
def temp_dir(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A temp dir of the test's own, with something in it that is none of the satisfier's."""
    folder = tmp_path / "temp"
    write_files(folder, {"canary.txt": "not yours"})
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


@pytest.fixture
def module(tmp_path: Path) -> Path:
    return write_files(tmp_path / "module", {"main.tf": S3_MODULE, "sub/net.tf": ""})


def an_executor(
    fake: FakeTerraform, home: StateHome | None = None, environ: Mapping[str, str] | None = None
) -> TerraformExecutor:
    return TerraformExecutor(
        binary=str(fake.path),
        home=home or StateHome(),
        grace=0.1,
        s3=lambda: pytest.fail("S3 is not to be asked"),
        environ={"PATH": os.environ["PATH"]} | dict(environ or {}),
        plugins=PluginCache(fake.path.parent / "providers", is_private=True),
    )


def run(
    fake: FakeTerraform,
    module: Path,
    *,
    action: str = "apply",
    home: StateHome | None = None,
    environ: Mapping[str, str] | None = None,
    sensitive: tuple[Json, ...] = (),
    metadata: Mapping[str, Any] | None = None,
    seconds: float = 60,
    stack_id: str = "s",
    **config: Any,
) -> Mapping[str, Json]:
    return an_executor(fake, home, environ).run(
        a_run(
            "terraform",
            a_terraform_config(module, action, **config),
            metadata=metadata or {},
            sensitive=sensitive,
            seconds=seconds,
            stack_id=stack_id,
        )
    )


PRINTS_OUTPUTS = (
    'if arguments[0] == "output": print(json.dumps({"o": {"sensitive": False, "value": 1}}))'
)


def test_an_apply_is_init_apply_and_output(tmp_path: Path, module: Path) -> None:
    fake = FakeTerraform(tmp_path, PRINTS_OUTPUTS)

    outputs = run(fake, module)

    location = str(module).lstrip("/")
    assert [call["argv"] for call in fake.calls] == [
        [
            "init", "-input=false", "-no-color",
            f"-backend-config=key=multi/s/%local/%/{location}",
        ],
        [
            "apply",
            "-input=false",
            "-no-color",
            "-compact-warnings",
            "-auto-approve",
            "-var-file=../variables.json",
        ],
        ["output", "-json", "-no-color"],
    ]  # fmt: skip
    assert outputs == {"o": 1}


def test_an_apply_of_a_module_that_gives_nothing_back_is_init_and_apply(
    tmp_path: Path, module: Path
) -> None:
    fake = FakeTerraform(tmp_path)
    write_files(module, {"main.tf": S3_MODULE.replace("output", "locals")})

    assert run(fake, module) == {}
    assert fake.commands == ["init", "apply"]


def test_a_destroy_is_init_and_destroy(tmp_path: Path, module: Path) -> None:
    fake = FakeTerraform(tmp_path)

    assert run(fake, module, action="destroy") == {}
    assert fake.commands == ["init", "destroy"]


def test_the_module_is_in_the_current_folder_and_all_else_is_beside_it(
    tmp_path: Path, module: Path
) -> None:
    fake = FakeTerraform(tmp_path)

    run(fake, module, action="destroy")

    [init, destroy] = fake.calls
    assert init["files"] == destroy["files"] == ["main.tf", "sub/net.tf"]
    work = os.path.dirname(init["cwd"])
    assert init["env"]["TF_DATA_DIR"] == f"{work}/state"
    assert init["env"]["TMPDIR"] == f"{work}/tmp"


@pytest.mark.parametrize(
    "script",
    ["", "sys.exit(1)", 'if arguments[0] == "destroy": sys.exit(1)'],
    ids=["success", "init fails", "destroy fails"],
)
def test_the_work_dir_is_removed_whatever_happens_and_nothing_else_is(
    tmp_path: Path, temp_dir: Path, module: Path, script: str
) -> None:
    fake = FakeTerraform(tmp_path, script)

    with suppress(TaskFailedError):
        run(fake, module, action="destroy")

    assert fake.calls
    assert [path.name for path in temp_dir.rglob("*")] == ["canary.txt"]


def test_the_work_dir_is_removed_when_time_runs_out(
    tmp_path: Path, temp_dir: Path, module: Path
) -> None:
    fake = FakeTerraform(tmp_path, "time.sleep(600)")
    time_left = chain([60, 60, 0.1], repeat(0))  # over as soon as it waits
    run = TaskRun(
        a_request("terraform", a_terraform_config(module)), lambda: next(time_left), Redactor()
    )

    with pytest.raises(OutOfTimeError):
        an_executor(fake).run(run)

    assert [path.name for path in temp_dir.rglob("*")] == ["canary.txt"]


def test_variables_travel_in_a_file_for_this_user_only_and_in_no_argument(
    tmp_path: Path, module: Path
) -> None:
    fake = FakeTerraform(tmp_path)

    run(
        fake,
        module,
        action="destroy",
        metadata={"image": CANARY, "size": 9, "-destroy": "x", "stack_id": "other"},
        variables={"size": 3, "zones": ["a", "b"]},
    )

    destroy = fake.calls[-1]
    assert destroy["variables"] == {
        "image": CANARY, "size": 3, "zones": ["a", "b"], "stack_id": "s",
    }  # fmt: skip
    assert destroy["variables_mode"] == "0o600"
    assert CANARY not in json.dumps([call["argv"] for call in fake.calls])
    assert CANARY not in json.dumps([call["env"] for call in fake.calls])


def test_nothing_of_the_environment_changes_what_is_run(tmp_path: Path, module: Path) -> None:
    fake = FakeTerraform(tmp_path)

    run(
        fake,
        module,
        action="destroy",
        environ={"TF_CLI_ARGS": "-lock=false", "TF_VAR_size": "9", "TF_WORKSPACE": "w",
                 "AWS_REGION": "eu-west-1"},
    )  # fmt: skip

    assert [name for name in fake.calls[0]["env"] if name.startswith("TF_")] == [
        "TF_DATA_DIR", "TF_IN_AUTOMATION", "TF_INPUT",
        "TF_PLUGIN_CACHE_DIR", "TF_PLUGIN_CACHE_MAY_BREAK_DEPENDENCY_LOCK_FILE",
    ]  # fmt: skip
    assert fake.calls[0]["env"]["AWS_REGION"] == "eu-west-1"


def test_a_module_without_a_backend_gets_one(tmp_path: Path, module: Path) -> None:
    write_files(module, {"main.tf": ""})
    fake = FakeTerraform(tmp_path)

    run(fake, module, action="destroy", home=StateHome(folder=tmp_path / "states"), state="net")

    [init, _] = fake.calls
    assert init["written_backend"] == {"terraform": {"backend": {"local": {}}}}
    assert init["argv"][-1] == f"-backend-config=path={tmp_path}/states/multi/s/net.tfstate"


@pytest.mark.parametrize(
    ("main", "told"),
    [("", "TERRAFORM_STATE_BUCKET"), ('terraform {\n backend "http" {}\n}', "'http'")],
    ids=["no backend", "one that mixes up states"],
)
def test_a_module_whose_state_would_be_lost_is_not_run(
    tmp_path: Path, module: Path, main: str, told: str
) -> None:
    write_files(module, {"main.tf": main})
    fake = FakeTerraform(tmp_path)

    with pytest.raises(TaskFailedError, match=told):
        run(fake, module)

    assert not fake.calls


def test_when_init_settles_on_another_state_nothing_is_run(tmp_path: Path, module: Path) -> None:
    noted = '{"backend": {"type": "s3", "config": {"key": "another"}}}'
    fake = FakeTerraform(tmp_path, f"(data / 'terraform.tfstate').write_text({noted!r})")

    with pytest.raises(TaskFailedError, match="so nothing was run"):
        run(fake, module)

    assert fake.commands == ["init"]


def test_when_init_notes_no_state_nothing_is_run(tmp_path: Path, module: Path) -> None:
    fake = FakeTerraform(tmp_path, "(data / 'terraform.tfstate').unlink()")

    with pytest.raises(TaskFailedError, match="so nothing was run"):
        run(fake, module)

    assert fake.commands == ["init"]


@pytest.mark.parametrize("command", ["init", "apply"])
def test_what_fails_is_told_with_the_end_of_its_output(
    tmp_path: Path, module: Path, command: str
) -> None:
    script = f'print("Error: no such thing"); sys.exit(arguments[0] == "{command}")'

    with pytest.raises(TaskFailedError) as failed:
        run(FakeTerraform(tmp_path, script), module)

    assert str(failed.value) == (
        f"terraform {command} failed with exit code 1:\nError: no such thing"
    )


@pytest.mark.parametrize(
    "script",
    ['if arguments[0] == "output": sys.exit(1)', 'if arguments[0] == "output": print("?")'],
    ids=["the command fails", "it says something else"],
)
def test_what_is_applied_stays_a_success_when_its_outputs_cannot_be_had(
    tmp_path: Path, module: Path, script: str, terraform_log: LogLines
) -> None:
    assert run(FakeTerraform(tmp_path, script), module) == {}
    assert any(message.startswith("Outputs are left out: ") for message in terraform_log.messages)


def test_output_goes_to_the_log_with_its_place(
    tmp_path: Path, module: Path, terraform_log: LogLines
) -> None:
    run(FakeTerraform(tmp_path, 'print("hello 100%")'), module, action="destroy")

    line = next(record for record in terraform_log.records if record.getMessage() == "hello 100%")
    assert vars(line)["stack_id"] == "s"
    assert vars(line)["task"] == "net"


def test_sensitive_values_are_in_no_log_no_cause_and_no_output(
    tmp_path: Path, module: Path, terraform_log: LogLines
) -> None:
    write_files(module, {"v.tf": 'variable "of_module" {\n  sensitive = true\n}\n'})
    show = "print(json.dumps(call['variables']))"
    outputs = '{"o": {"sensitive": False, "value": list(call["variables"].values())}}'
    fine = FakeTerraform(
        tmp_path,
        f'if arguments[0] == "output": print(json.dumps({outputs}))\nelse: {show}',
    )
    broken = f'{show}\nif arguments[0] == "destroy": sys.exit(1)'
    secrets: dict[str, Any] = {
        "metadata": {"of_setting": f"{CANARY}-1", "of_module": f"{CANARY}-2"},
        "sensitive": (f"{CANARY}-1",),
    }

    found = run(fine, module, **secrets)
    with pytest.raises(TaskFailedError) as failed:
        run(FakeTerraform(tmp_path, broken), module, action="destroy", **secrets)

    assert CANARY not in json.dumps(found)
    assert CANARY not in str(failed.value)
    assert CANARY not in "\n".join(terraform_log.messages)
    assert "(sensitive value)" in "\n".join(terraform_log.messages)


BAD_CONFIGS: dict[str, tuple[dict[str, Any], str]] = {
    "nothing": ({}, "`config.source` is missing; `config.action` is missing"),
    "no source": ({"action": "apply"}, "`config.source` is missing"),
    "source null": ({"action": "apply", "source": None}, "`config.source`"),
    "source a text": ({"action": "apply", "source": "net/"}, "`config.source`"),
    "no type": ({"action": "apply", "source": {"location": "x"}}, "`config.source`"),
    "an unknown type": ({"action": "apply", "source": {"type": "git"}}, "'local'"),
    "no bucket": (
        {"action": "apply", "source": {"type": "s3", "key": "x"}},
        "`config.source.s3.bucket` is missing",
    ),
    "an empty key": (
        {"action": "apply", "source": {"type": "s3", "bucket": "b", "key": ""}},
        "`config.source.s3.key`",
    ),
    "no location": (
        {"action": "apply", "source": {"type": "local"}},
        "`config.source.local.location` is missing",
    ),
    "a location that is a list": (
        {"action": "apply", "source": {"type": "local", "location": ["/"]}},
        "`config.source.local.location`",
    ),
    "half of a surrogate pair": (
        {"action": "apply", "source": {"type": "local", "location": "\ud800"}},
        "`config.source.local.location`",
    ),
    "no action": ({"source": {"type": "local", "location": "x"}}, "`config.action` is missing"),
    "an unknown action": (
        {"source": {"type": "local", "location": "x"}, "action": "plan; rm -rf /"},
        "`config.action`",
    ),
    "variables a list": (
        {"source": {"type": "local", "location": "x"}, "action": "apply", "variables": [CANARY]},
        "`config.variables`",
    ),
    "variables a text": (
        {"source": {"type": "local", "location": "x"}, "action": "apply", "variables": CANARY},
        "`config.variables`",
    ),
    "state empty": (
        {"source": {"type": "local", "location": "x"}, "action": "apply", "state": ""},
        "`config.state`",
    ),
    "state a number": (
        {"source": {"type": "local", "location": "x"}, "action": "apply", "state": 7},
        "`config.state`",
    ),
}


@pytest.mark.parametrize(("config", "told"), BAD_CONFIGS.values(), ids=BAD_CONFIGS)
def test_a_config_that_cannot_work_says_so_and_runs_nothing(
    tmp_path: Path, config: dict[str, Any], told: str
) -> None:
    fake = FakeTerraform(tmp_path)

    with pytest.raises(TaskFailedError) as failed:
        an_executor(fake).run(a_run("terraform", config))

    assert told in str(failed.value)
    assert "Correct the task in machine 'multi'" in str(failed.value)
    assert CANARY not in str(failed.value)
    assert not fake.calls


@pytest.mark.parametrize("location", ["/nope", "", "\0", "x" * 5_000], ids=ascii)
def test_a_source_that_is_not_there_is_a_failed_task(tmp_path: Path, location: str) -> None:
    fake = FakeTerraform(tmp_path)
    config = {"source": {"type": "local", "location": location}, "action": "apply"}

    with pytest.raises(TaskFailedError):
        an_executor(fake).run(a_run("terraform", config))

    assert not fake.calls


def test_a_full_disk_is_a_failed_task(
    tmp_path: Path, module: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("shutil.copyfile", full)

    with pytest.raises(TaskFailedError, match=r"No space left on device \(OSError\)"):
        run(FakeTerraform(tmp_path), module)


def test_without_time_nothing_is_fetched_and_nothing_is_run(tmp_path: Path, module: Path) -> None:
    fake = FakeTerraform(tmp_path)

    with pytest.raises(OutOfTimeError):
        run(fake, module, seconds=0)

    assert not fake.calls


FULL_WHILE_SOMETHING_IS_KEPT = """
if arguments[0] == "init" and Path({kept!r}).exists():
    print("Error: Failed to install provider\\n\\nwrite x: no space left\\non device")
    sys.exit(1)
"""


def a_full_disk(folder: Path) -> tuple[FakeTerraform, Path]:
    """A Terraform whose `init` finds no space as long as a provider is kept, and that provider."""
    kept = folder / "providers" / "example.com" / "acme" / "net" / "1.0.0" / "linux_amd64"
    write_files(kept, {"terraform-provider-net_v1.0.0": ""})
    return FakeTerraform(folder, FULL_WHILE_SOMETHING_IS_KEPT.format(kept=str(kept))), kept


def test_where_the_disk_is_full_what_was_kept_makes_room(tmp_path: Path, module: Path) -> None:
    fake, kept = a_full_disk(tmp_path)

    run(fake, module, action="destroy")

    assert fake.commands == ["init", "init", "destroy"]
    assert not kept.exists()


def test_what_another_task_uses_stays_though_the_disk_is_full(tmp_path: Path, module: Path) -> None:
    fake, kept = a_full_disk(tmp_path)

    with (
        PluginCache(tmp_path / "providers").used(),
        pytest.raises(TaskFailedError, match="no space left"),
    ):
        run(fake, module, action="destroy")

    assert fake.commands == ["init"]
    assert kept.exists()


def test_what_was_kept_stays_where_init_fails_for_another_reason(
    tmp_path: Path, module: Path
) -> None:
    _, kept = a_full_disk(tmp_path)
    fake = FakeTerraform(tmp_path, 'print("Error: Unsupported block type"); sys.exit(1)')

    with pytest.raises(TaskFailedError, match="Unsupported"):
        run(fake, module, action="destroy")

    assert fake.commands == ["init"]
    assert kept.exists()
