"""What `sam build` makes is complete and nothing more. `make artifacts` builds it and runs this."""

import json
import os
import platform
import struct
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
RUNTIME_PYTHON = os.environ.get("RUNTIME_PYTHON", "")
ARCHITECTURES = {"x86_64": 0x3E, "arm64": 0xB7}  # e_machine of ELF
FUNCTIONS = {"StateMachineFunction": "state_machine", "TaskSatisfierFunction": "task_satisfier"}
# Lambda: a function and its layers, unzipped (developer guide, "Lambda quotas").
MAX_UNZIPPED_BYTES = 250 * 1024 * 1024
# What the layer is allowed to grow to; ask what a new dependency is worth before raising it.
LAYER_BUDGET_BYTES = 60 * 1024 * 1024

pytestmark = pytest.mark.skipif(
    not RUNTIME_PYTHON, reason="nothing is built; `make artifacts` builds and runs this"
)

# Imports a handler from the build alone, and says where every module came from.
IMPORT = """
import json, os, sys
sys.path[:] = [path for path in sys.path if "site-packages" not in path and path]
standard = tuple(sys.path)
sys.path[:0] = [os.environ["BUILT_FUNCTION"], os.environ["BUILT_LAYER"]]
module = __import__(os.environ["PACKAGE"] + ".app", fromlist=["lambda_handler"])
assert callable(module.lambda_handler)
__import__("cloudseam.persistence.postgres.connection")
__import__("cloudseam.languages.yaml_source")
files = [getattr(module, "__file__", None) for module in list(sys.modules.values())]
print(json.dumps([file for file in files if file and not file.startswith(standard)]))
"""


def built(architecture: str, resource: str) -> Path:
    return ROOT / ".aws-sam" / architecture / resource


def native() -> str:
    return {"aarch64": "arm64"}.get(platform.machine(), platform.machine())


@pytest.mark.parametrize(("resource", "package"), FUNCTIONS.items())
def test_a_handler_imports_from_the_build_alone(resource: str, package: str) -> None:
    function = built(native(), resource)
    layer = built(native(), "CloudSeamLayer") / "python"

    ended = subprocess.run(
        [RUNTIME_PYTHON, "-I", "-c", IMPORT],
        env={"BUILT_FUNCTION": str(function), "BUILT_LAYER": str(layer), "PACKAGE": package},
        capture_output=True,
        text=True,
        check=False,
    )

    assert ended.returncode == 0, ended.stderr
    imported = json.loads(ended.stdout)
    assert any(file.startswith(str(function)) for file in imported)
    assert [file for file in imported if not file.startswith((str(function), str(layer)))] == []


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_native_code_is_of_the_architecture_that_was_asked_for(architecture: str) -> None:
    libraries = list(built(architecture, "CloudSeamLayer").rglob("*.so"))

    machines = {struct.unpack_from("<H", path.read_bytes(), 18)[0] for path in libraries}

    assert libraries
    assert machines == {ARCHITECTURES[architecture]}


@pytest.mark.parametrize("architecture", ARCHITECTURES)
@pytest.mark.parametrize(("resource", "package"), FUNCTIONS.items())
def test_a_function_holds_its_package_and_nothing_else(
    architecture: str, resource: str, package: str
) -> None:
    folder = built(architecture, resource)

    assert [path.name for path in folder.iterdir()] == [package]
    kept = {path.relative_to(ROOT / package) for path in (ROOT / package).rglob("*.py")}
    assert {path.relative_to(folder / package) for path in folder.rglob("*.py")} == kept


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_layer_has_the_package_with_its_sql_and_certificates(architecture: str) -> None:
    package = built(architecture, "CloudSeamLayer") / "python" / "cloudseam"
    source = ROOT / "layers" / "cloudseam" / "cloudseam"

    for pattern in ("*.py", "*.sql", "*.pem"):
        wanted = {path.relative_to(source) for path in source.rglob(pattern)}
        assert {path.relative_to(package) for path in package.rglob(pattern)} == wanted
        assert wanted


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_the_layer_stays_small_and_has_no_development_tools(architecture: str) -> None:
    layer = built(architecture, "CloudSeamLayer") / "python"

    size = sum(path.stat().st_size for path in layer.rglob("*") if path.is_file())

    assert size < LAYER_BUDGET_BYTES < MAX_UNZIPPED_BYTES
    tools = {"pytest", "moto", "mypy", "ministack", "rich", "cloudseam_cli", "tests"}
    assert not tools & {path.name for path in layer.iterdir()}
