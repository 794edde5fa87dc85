"""Recorded sequences of calls of the API of Step Functions, made again.

The recordings are not part of the project; where they are not there, tests/unit/stepfunctions
tests the same rules.
"""

import json
from collections.abc import Iterator, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from cloudseam_cli.stepfunctions import api
from cloudseam_cli.stepfunctions.engine import Engine
from tests.conformance.recorded_calls import Replay, reason_against
from tests.stepfunctions import IdleExecutors

RECORDINGS = Path(__file__).parents[2].parent / "shared" / "conformance" / "asl" / "api_cases.json"
CASES = json.loads(RECORDINGS.read_text()) if RECORDINGS.is_file() else []
# Why a case, or a whole module, is not answered as it is recorded.
OTHERWISE = {
    "activities/test_activities.py": "what its worker did is not recorded",
    "test_start_version_execution": "recorded before executions were redriven",
    "test_update_logging_configuration": "the destination it set up is not recorded",
    "label_invalid_char_fail": "it is refused, as recorded, with a text that is not of AWS",
    "label_empty_fail": "it is refused, as recorded, with a text that is not of AWS",
    "test_sfn_api_variable_references.py": "references to variables are not listed",
}
# Those among them that are answered as recorded nevertheless.
ALL_THE_SAME = (
    "test_activity_task_on_deleted",
    "[BASE_ASSIGN_FROM_PARAMETERS]",
    "[BASE_ASSIGN_FROM_RESULT]",
    "[MAP_STATE_REFERENCE_IN_ITEM_SELECTOR]",
)

pytestmark = pytest.mark.skipif(not CASES, reason="the recorded calls are not there")


@pytest.fixture
def engine() -> Iterator[Engine]:
    """One in memory, without tasks."""
    engine = Engine(":memory:", IdleExecutors())
    yield engine
    engine.close()


@pytest.mark.parametrize("case", CASES, ids=[case["id"] for case in CASES])
def test_calls_are_answered_as_they_were_by_aws(
    case: Mapping[str, Any], engine: Engine, request: pytest.FixtureRequest
) -> None:
    reason = reason_against(case, OTHERWISE)
    if reason and not case["id"].endswith(ALL_THE_SAME):
        request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    def wait(execution: str) -> None:
        engine.wait_for_end(":".join(execution.split(":")[6:]), 0.2)

    assert Replay(partial(api.call, engine), wait).differences(case) == []
