"""Calls of TestState as they were recorded, made again."""

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from cloudseam.languages.asl.machine import ACCOUNT
from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from tests.conformance.recorded_asl import agrees, opened
from tests.conformance.recorded_calls import RECORDED_ACCOUNT, reason_against
from tests.stepfunctions import IdleExecutors

RECORDINGS = Path(__file__).parents[2].parent / "shared/conformance/asl/teststate_cases.json"
CASES = json.loads(RECORDINGS.read_text()) if RECORDINGS.is_file() else []
# Why a case is not answered as it is recorded.
OTHERWISE = {
    "[integer_more_than_maximum_allowed]": "functions may have more memory by now",
    "test_sfn_start_execution_success@": "the mocked ARN is not the one that was answered with",
}
# What calls have as JSON texts.
TEXTS = ("definition", "input", "context", "variables")

pytestmark = pytest.mark.skipif(not CASES, reason="the recorded calls are not there")


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    """One in memory, without tasks."""
    engine = Engine(":memory:", IdleExecutors())
    yield engine
    engine.close()


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_calls_are_answered_as_they_were_by_aws(
    case: Mapping[str, Any], engine: Engine, request: pytest.FixtureRequest
) -> None:
    if reason := reason_against(case, OTHERWISE):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    assert agrees(_expectation(case), _answer(engine, case))


def _expectation(case: Mapping[str, Any]) -> Any:
    expected = json.loads(json.dumps(case["expected"]).replace(RECORDED_ACCOUNT, ACCOUNT))
    if "exception_value" in expected:
        message = expected["exception_value"].rpartition("operation: ")[2]
        return {"Code": expected["exception_typename"], "Message": message}
    if "Error" in expected:
        return expected["Error"]
    told = {name: value for name, value in expected.items() if name != "ResponseMetadata"}
    return opened(told)


def _answer(engine: Engine, case: Mapping[str, Any]) -> Any:
    request = json.loads(json.dumps(case["request"]).replace(RECORDED_ACCOUNT, ACCOUNT))
    told = {
        name: json.dumps(value) if name in TEXTS and not isinstance(value, str) else value
        for name, value in request.items()
    }
    try:
        return opened(api.call(engine, "TestState", told))
    except ApiFault as fault:
        return {"Code": fault.name, "Message": fault.message}
