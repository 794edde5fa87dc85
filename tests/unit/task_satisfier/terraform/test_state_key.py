"""Each state has a name of its own, the one the original gave it wherever that was possible."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from task_satisfier.executors.config import parse_config
from task_satisfier.executors.terraform.config import TerraformConfig
from task_satisfier.executors.terraform.state_key import StateKey
from tests.task_builders import a_request, write_files

NAMES = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=20)
STACK_IDS = NAMES.filter(str.isprintable).filter(lambda name: "cloudseam#" not in name)


def key(
    source: dict[str, Any], *, machine: str = "multi", stack: str = "s", state: str | None = None
) -> StateKey:
    config = {"source": source, "action": "apply"} | ({"state": state} if state else {})
    request = a_request("terraform", config, machine=machine, stack_id=stack)
    return StateKey.of(request, parse_config(TerraformConfig, request))


def s3(key: str) -> dict[str, Any]:
    return {"type": "s3", "bucket": "tf", "key": key}


def local(location: str) -> dict[str, Any]:
    return {"type": "local", "location": location}


OBJECT_KEYS = {
    "as the original": (key(s3("qa/ecs")), "multi/s/qa/ecs"),
    "a single file": (key(s3("one.tf")), "multi/s/one.tf"),
    "the slash of a prefix": (key(s3("net/")), "multi/s/net"),
    "a leading slash": (key(s3("/net")), "multi/s/%/net"),
    "two slashes": (key(s3("a//b")), "multi/s/a/%/b"),
    "dots": (key(s3("../../x/./y")), "multi/s/%2e%2e/%2e%2e/x/%2e/y"),
    "a per cent sign": (key(s3("a%2eb")), "multi/s/a%252eb"),
    "a line break": (key(s3("a\nb")), "multi/s/a%0ab"),
    "letters of any language": (key(s3("é")), "multi/s/é"),
    "a stack with a slash": (key(s3("n"), stack="a/b"), "multi/a%2fb/n"),
    "a stack of dots": (key(s3("n"), stack=".."), "multi/%2e%2e/n"),
    "a stack for a shell": (key(s3("n"), stack="s$(touch x)"), "multi/s$(touch x)/n"),
    "a machine with a slash": (key(s3("n"), machine="a/b"), "a%2fb/s/n"),
    "a name that a lock has": (key(s3("n.tflock")), "multi/s/n%2etflock"),
    "a local folder": (key(local("infra/net")), "multi/s/%local/infra/net"),
    "a local folder, said otherwise": (key(local("./infra//net/")), "multi/s/%local/infra/net"),
    "an absolute folder": (key(local("/infra/net")), "multi/s/%local/%/infra/net"),
    "a folder above": (key(local("../net")), "multi/s/%local/%2e%2e/net"),
    "the state's own name": (key(s3("n"), state="shared/db"), "multi/s/shared/db"),
    "the original's name of local modules": (
        key(local("/infra"), state="undefined"),
        "multi/s/undefined",
    ),
}


@pytest.mark.parametrize(("got", "wanted"), OBJECT_KEYS.values(), ids=OBJECT_KEYS)
def test_the_key_of_a_state(got: StateKey, wanted: str) -> None:
    assert got.object_key == wanted


def test_a_file_and_its_folder_share_a_state(tmp_path: Path) -> None:
    write_files(tmp_path, {"tf/files.tf": "", "other/files.tf": ""})

    of_file = key(local(f"{tmp_path}/tf/files.tf"))

    assert of_file == key(local(f"{tmp_path}/tf"))
    assert of_file != key(local(f"{tmp_path}/other/files.tf"))


def test_a_file_in_the_current_folder_has_the_state_of_that_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_files(tmp_path, {"main.tf": ""})
    monkeypatch.chdir(tmp_path)

    assert key(local("main.tf")) == key(local("."))


@pytest.mark.parametrize("machine", ["m", "m" * 300], ids=["short", "long"])
def test_an_object_key_is_one_that_s3_takes(machine: str) -> None:
    got = key(s3("k" * 2_000), machine=machine, stack="é" * 255).object_key

    assert len(f"{got}.tflock".encode()) <= 1_024
    assert got != key(s3("k" * 2_001), machine=machine, stack="é" * 255).object_key


@given(NAMES, STACK_IDS, NAMES)
def test_an_object_key_never_leaves_its_machine_and_stack(
    machine: str, stack: str, source: str
) -> None:
    got = key(s3(source), machine=machine, stack=stack).object_key

    segments = got.split("/")
    assert segments[:2] == key(s3("x"), machine=machine, stack=stack).object_key.split("/")[:2]
    assert len(segments) >= 3
    assert not {"", ".", ".."} & set(segments)
    assert got.isprintable()
    assert not got.endswith(".tflock")


# Texts that are likely to be mixed up with each other.
TRICKY = st.text("aA./%2fe~\n é", min_size=1, max_size=6)


@given(st.tuples(TRICKY, TRICKY, TRICKY), st.tuples(TRICKY, TRICKY, TRICKY))
def test_different_states_never_share_a_name(
    one: tuple[str, str, str], other: tuple[str, str, str]
) -> None:
    def named(parts: tuple[str, str, str]) -> StateKey:
        machine, stack, source = parts
        return key(s3(source), machine=machine, stack=stack.replace("\n", "n"))

    def told_apart(parts: tuple[str, str, str]) -> tuple[str, str, str]:
        machine, stack, source = parts
        return machine, stack.replace("\n", "n"), source.removesuffix("/")

    same = told_apart(one) == told_apart(other)
    assert (named(one).object_key == named(other).object_key) == same
    # As on a file system that keeps neither case nor Unicode form.
    paths = [str(named(parts).path).casefold() for parts in (one, other)]
    assert (paths[0] == paths[1]) == same


@given(NAMES, STACK_IDS, NAMES, st.booleans())
def test_a_path_is_three_names_that_file_systems_take(
    machine: str, stack: str, source: str, long: bool
) -> None:
    path = key(s3(source * (300 if long else 1)), machine=machine, stack=stack * 12).path

    assert len(path.parts) == 3
    assert not path.is_absolute()
    assert not {".", "..", "/"} & set(path.parts)
    assert all(len(f".{part}.lock.info".encode()) <= 255 for part in path.parts)


@pytest.mark.parametrize(
    ("got", "wanted"),
    [
        (key(s3("qa/ecs")), "multi/s/qa%2fecs.tfstate"),
        (key(local("infra/net")), "multi/s/%local%2finfra%2fnet.tfstate"),
    ],
    ids=["S3", "local"],
)
def test_the_path_of_an_ordinary_state_can_be_read(got: StateKey, wanted: str) -> None:
    assert str(got.path) == wanted


def test_names_that_differ_in_case_only_have_paths_that_differ_in_more() -> None:
    upper, lower = key(s3("n"), stack="Prod").path, key(s3("n"), stack="prod").path

    assert str(upper).lower() != str(lower).lower()


def test_json_escapes_of_one_text_name_one_state() -> None:
    written = json.loads('"\\u0061/b"')

    assert key(s3(written)) == key(s3("a/b"))
