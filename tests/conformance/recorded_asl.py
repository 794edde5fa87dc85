"""Executions recorded from AWS and their comparison, where the data is there."""

import json
import re
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
PLACE = re.compile(r"<[A-Za-z_][\w .\-]*(?::\d+)?>")


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
    if isinstance(expected, str) and (expected in REDACTED or PLACE.search(expected)):
        return _agrees_in_part(expected, found)
    return bool(expected == found)


def _agrees_in_part(expected: str, found: Any) -> bool:
    if not isinstance(found, str):
        is_whole = PLACE.fullmatch(expected) is not None
        return is_whole or (expected in REDACTED and isinstance(found, int | float))
    parts = [re.escape(part) for part in PLACE.split(expected)]
    return expected in REDACTED or re.fullmatch(".*".join(parts), found, re.DOTALL) is not None
