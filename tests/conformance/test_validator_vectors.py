"""Machine files recorded with the original are accepted or refused as they should be."""

import json
from functools import cache
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from cloudseam.languages import read_machine

SHARED = Path(__file__).parents[2].parent / "shared"
VECTORS = SHARED / "conformance" / "cloudseam" / "validator-vectors.json"
# Says of each vector whether it is to be accepted, refused, or is left to us.
JUDGE = SHARED / "harness" / "validate_vectors.py"
PRESENT = VECTORS.is_file() and JUDGE.is_file()


@cache
def _judge() -> ModuleType:
    spec = spec_from_file_location("validate_vectors", JUDGE)
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


needs_vectors = pytest.mark.skipif(not PRESENT, reason="the recorded vectors are not here")


def _vectors() -> list[dict[str, Any]]:
    if not PRESENT:
        return [{"name": "none"}]
    vectors: list[dict[str, Any]] = json.loads(VECTORS.read_text())
    return vectors + [more for more in map(_judge().with_end, vectors) if more]


def _text(vector: dict[str, Any]) -> str:
    if "yaml" in vector:
        return str(vector["yaml"])
    return json.dumps(vector.get("spec"), ensure_ascii=False)


@needs_vectors
def test_there_are_vectors_of_each_kind() -> None:
    wanted = {_judge().wanted(vector)[0] for vector in _vectors()}

    assert wanted == {"accept", "refuse", "free"}


@needs_vectors
@pytest.mark.parametrize("vector", _vectors(), ids=lambda vector: vector["name"])
def test_a_recorded_file_is_accepted_or_refused_as_it_should_be(vector: dict[str, Any]) -> None:
    wanted, reason = _judge().wanted(vector)

    reading = read_machine("m", _text(vector), "m.yml")

    if wanted != "free":
        assert ("refuse" if reading.machine is None else "accept") == wanted, reason
    assert (reading.machine is None) <= bool(reading.findings)
