"""Executions recorded from AWS and their comparison, where the data is there."""

import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

FILE = Path(__file__).parents[2].parent / "shared/conformance/asl/exec_cases.json"
# Recordings have these where a value was one of its moment; and parts like <uuid:1>.
REDACTED = frozenset(
    {
        *("date", "timestamp", "datetime", "time", "start-time", "entered-time", "start-date"),
        *("stop-date", "token", "task_token", "a_task_token", "a_message_id", "message_id"),
        *("generated-uuid", "RandomNumberGenerated", "map_run_arn", "execution-arn"),
        *("state-machine-arn", "snf_role_arn", "sfn_role_arn", "sqs_queue_url", "sqs-queue-url"),
        *("table-name", "bucket-name", "topic-arn"),
    }
)
# Of these the name was recorded in the place of the value, or of the list with the value.
HEADERS = frozenset(
    {"RequestId", "X-Amzn-Trace-Id", "x-amz-crc32", "x-amzn-RequestId", "x-amzn-requestid"}
)
PLACE = re.compile(r"<[A-Za-z_][\w .\-]*(?::\d+)?>")


# Why a case cannot end as it is recorded, whoever runs it; by the end of its id.
UNREADABLE = {
    "test_base_scenarios.py::TestBaseScenarios::test_parallel_state_lambda": "the recording has "
    "the name of where the output was, and not the output",
    "test_express_sync.py::TestExpressSync::test_catch": "a part of the cause was redacted, and is "
    "no JSON any more",
    "::test_sync_with_task_token": "the machine that calls back is not recorded",
    "::test_sfn_start_execution_implicit_json_serialisation": "the inner machine is not recorded",
    "::test_publish_base_error_topic_arn": "the topic that there is none of is not recorded",
    "::test_start_execution_input_json": "the length of the answer is that of names that were "
    "redacted",
    "[DYNAMODB_PUT_GET_ITEM]": "AWS had a header in another spelling than in all other recordings "
    "of the same call",
    "::test_no_such_bucket": "AWS tells the number of attempts since then",
}


def why_not(case: Mapping[str, Any]) -> str | None:
    """Why it cannot end as it is recorded; None if it can."""
    ends = (reason for end, reason in UNREADABLE.items() if case["id"].endswith(end))
    return next(ends, None)


def cases(category: str) -> list[dict[str, Any]]:
    """The recorded cases of a category; none without the data."""
    if not FILE.exists():
        return []
    return [case for case in json.loads(FILE.read_text()) if case["category"] == category]


def opened(value: Any) -> Any:
    """The value with texts that are JSON opened, since recordings have them either way."""
    if isinstance(value, dict):
        return {name: opened(each) for name, each in value.items()}
    if isinstance(value, list):
        return [opened(each) for each in value]
    if isinstance(value, str) and value[:1] in ("{", "["):
        try:
            return opened(json.loads(value))
        except ValueError:
            return value
    return value


def agrees(expected: Any, found: Any) -> bool:
    """Whether the value is the recorded one, as far as that was not redacted."""
    if isinstance(expected, bool) or isinstance(found, bool):
        return expected is found
    if isinstance(expected, dict):
        return (
            isinstance(found, dict)
            and expected.keys() == found.keys()
            and all(agrees(expected[name], found[name]) for name in expected)
        )
    if isinstance(expected, list):
        return (
            isinstance(found, list)
            and len(expected) == len(found)
            and all(map(agrees, expected, found))
        )
    if is_of_moment(expected, found):
        return True
    if isinstance(expected, str) and (expected in REDACTED or PLACE.search(expected)):
        return _agrees_in_part(expected, found)
    return bool(expected == found)


def is_of_moment(expected: Any, found: Any) -> bool:
    """Whether it stands where a header's value, which was one of its moment, was recorded."""
    values = found if isinstance(found, list) else [found]
    is_header = expected in ("date", *HEADERS) if isinstance(expected, str) else False
    return is_header and len(values) == 1 and isinstance(values[0], str)


def _agrees_in_part(expected: str, found: Any) -> bool:
    if not isinstance(found, str):
        is_whole = PLACE.fullmatch(expected) is not None
        return is_whole or (expected in REDACTED and isinstance(found, int | float))
    parts = [re.escape(part) for part in PLACE.split(expected)]
    return expected in REDACTED or re.fullmatch(".*".join(parts), found, re.DOTALL) is not None
