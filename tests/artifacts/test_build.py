"""What `sam build` makes is complete and nothing more. `make artifacts` builds it and runs this."""

import json
import os
import shutil
import struct
import subprocess
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
BUILD = ROOT / ".aws-sam" / "build"
LAYER = BUILD / "CloudSeamLayer" / "python"
RUNTIME_PYTHON = os.environ.get("RUNTIME_PYTHON", "")
# By the word for it in the name of a native module: e_machine of ELF.
ARCHITECTURES = {"x86_64": 0x3E, "aarch64": 0xB7}
FUNCTIONS = {"StateMachineFunction": "state_machine", "TaskSatisfierFunction": "task_satisfier"}
# Lambda: a function and its layers, unzipped (developer guide, "Lambda quotas").
MAX_UNZIPPED_BYTES = 250 * 1024 * 1024
# What the layer is allowed to grow to; ask what a new dependency is worth before raising it.
LAYER_BUDGET_BYTES = 60 * 1024 * 1024
# What layers/terraform/pack.py leaves for the layer and a function.
LEFT_BY_TERRAFORM = 62 * 1024 * 1024
TERRAFORM_LAYERS = {"TerraformArm64Layer": "aarch64", "TerraformX86Layer": "x86_64"}
# A .pyc with the hash of its source, which Python trusts without looking at the source (PEP 552).
UNCHECKED_HASH = 0b01

pytestmark = pytest.mark.skipif(
    not RUNTIME_PYTHON, reason="nothing is built; `make artifacts` builds and runs this"
)

# Imports a handler from the build alone, and says where every module and its bytecode came from.
IMPORT = """
import json, os, sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path and path]
standard = tuple(sys.path)
sys.path[:0] = [os.environ["BUILT_FUNCTION"], os.environ["BUILT_LAYER"]]
module = __import__(os.environ["PACKAGE"] + ".app", fromlist=["lambda_handler"])
assert callable(module.lambda_handler)
__import__("cloudseam.persistence.postgres.connection")
__import__("cloudseam.languages.yaml_source")
import boto3
for service in os.environ["SERVICES"].split():
    boto3.client(service, region_name="us-east-1")
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(json.dumps([file for file in files if file and not file.startswith(standard)]))
"""
# By source, the head of its bytecode and the one it should have: magic number, flags and hash.
BYTECODE = f"""
import importlib.util, json, os, pathlib
heads = {{}}
for source in pathlib.Path(os.environ["BUILT_LAYER"]).rglob("*.py"):
    bytecode = pathlib.Path(importlib.util.cache_from_source(source))
    flags = ({UNCHECKED_HASH}).to_bytes(4, "little")
    wanted = importlib.util.MAGIC_NUMBER + flags + importlib.util.source_hash(source.read_bytes())
    head = bytecode.read_bytes()[:16] if bytecode.exists() else b""
    heads[str(source)] = [head.hex(), wanted.hex()]
print(json.dumps(heads))
"""
# The services that the functions make clients of.
SERVICES = "dynamodb events lambda s3 scheduler secretsmanager sns sqs stepfunctions"


def runtime(code: str, **environ: str) -> Any:
    """What the code prints as JSON, run by the runtime's Python alone."""
    ended = subprocess.run(
        [RUNTIME_PYTHON, "-I", "-c", code], env=environ, capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    return json.loads(ended.stdout)


def size_of(folder: Path) -> int:
    """Bytes, unpacked."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def files(pattern: str) -> set[Path]:
    return set(LAYER.rglob(pattern))


@pytest.mark.parametrize(("resource", "package"), FUNCTIONS.items())
def test_a_handler_imports_from_the_build_alone_and_writes_nothing_there(
    resource: str, package: str
) -> None:
    function, before = BUILD / resource, files("*.pyc")

    imported = runtime(
        IMPORT,
        BUILT_FUNCTION=str(function),
        BUILT_LAYER=str(LAYER),
        PACKAGE=package,
        SERVICES=SERVICES,
    )

    assert any(file.startswith(str(function)) for file in imported)
    assert [file for file in imported if not file.startswith((str(function), str(LAYER)))] == []
    assert files("*.pyc") == before


def test_every_module_of_the_layer_has_bytecode_that_the_runtime_takes_unchecked() -> None:
    heads = runtime(BYTECODE, BUILT_LAYER=str(LAYER))

    wrong = {source: head for source, (head, wanted) in heads.items() if head != wanted}

    assert heads.keys() == {str(path) for path in files("*.py")}
    assert wrong == {}
    assert len(files("*.pyc")) == len(heads)


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_native_code_of_each_architecture_is_there(architecture: str) -> None:
    libraries = files(f"*{architecture}*.so")

    machines = {struct.unpack_from("<H", path.read_bytes(), 18)[0] for path in libraries}

    assert len(libraries) == len(files("*.so")) / len(ARCHITECTURES)
    assert machines == {ARCHITECTURES[architecture]}


@pytest.mark.parametrize(("resource", "package"), FUNCTIONS.items())
def test_a_function_holds_its_package_and_nothing_else(resource: str, package: str) -> None:
    folder = BUILD / resource

    assert [path.name for path in folder.iterdir()] == [package]
    kept = {path.relative_to(ROOT / package) for path in (ROOT / package).rglob("*.py")}
    assert {path.relative_to(folder / package) for path in folder.rglob("*.py")} == kept


def test_the_layer_has_the_package_with_its_sql_and_certificates() -> None:
    package = LAYER / "cloudseam"
    source = ROOT / "layers" / "cloudseam" / "cloudseam"

    for pattern in ("*.py", "*.sql", "*.pem"):
        wanted = {path.relative_to(source) for path in source.rglob(pattern)}
        assert {path.relative_to(package) for path in package.rglob(pattern)} == wanted
        assert wanted


def test_the_layer_stays_small_and_has_no_development_tools() -> None:
    size = size_of(LAYER)

    assert size < LAYER_BUDGET_BYTES < MAX_UNZIPPED_BYTES
    tools = {"pytest", "moto", "mypy", "ministack", "rich", "cloudseam_cli", "tests", "bin"}
    assert not tools & {path.name for path in LAYER.iterdir()}


@pytest.mark.parametrize(
    ("requirement", "said"),
    [
        (f"six==1.17.0 --hash=sha256:{'0' * 64}", "DO NOT MATCH THE HASHES"),
        ("six==1.17.0", "Hashes are required"),
    ],
    ids=["another-hash", "no-hash"],
)
def test_the_layer_is_not_built_of_what_was_not_locked(
    tmp_path: Path, requirement: str, said: str
) -> None:
    shutil.copy(ROOT / "layers" / "cloudseam" / "Makefile", tmp_path)
    (tmp_path / "requirements.txt").write_text(requirement)

    ended = subprocess.run(
        ["make", "build-CloudSeamLayer", f"ARTIFACTS_DIR={tmp_path}", f"RUNTIME={RUNTIME_PYTHON}"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode != 0
    assert said in ended.stderr


@pytest.mark.parametrize("name", TERRAFORM_LAYERS)
def test_a_function_with_all_its_layers_keeps_within_lambdas_limit(name: str) -> None:
    own = size_of(LAYER.parent) + size_of(BUILD / "TaskSatisfierFunction")

    assert own < LEFT_BY_TERRAFORM
    assert own + size_of(BUILD / name) < MAX_UNZIPPED_BYTES


@pytest.mark.parametrize(("name", "architecture"), TERRAFORM_LAYERS.items())
def test_a_terraform_layer_is_empty_or_has_a_program_of_its_architecture(
    name: str, architecture: str
) -> None:
    folder = BUILD / name
    programs = [path for path in (folder / "bin").glob("*") if os.access(path, os.X_OK)]

    assert [struct.unpack_from("<H", head(path), 18)[0] for path in programs] == (
        [ARCHITECTURES[architecture]] if (folder / "terraform.rc").exists() else []
    )
    assert (folder / "README").exists() != bool(programs)


def head(program: Path) -> bytes:
    with program.open("rb") as file:
        return file.read(20)
