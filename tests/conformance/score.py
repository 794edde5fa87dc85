"""Scores this project against executions recorded from AWS, functions and services included.

    python -m tests.conformance.score lambda,service,callback,activity

Starts the embedded AWS and the API of Step Functions as `cloudseam dev` does, and drives both with
the scorer that comes with the recordings. Prints the cases that did not end as recorded. No server
can be right where the recording lacks a part of the case; and some are right with AWS, but not
with the emulator.

Three things of the scorer are mended. Its functions raise the recorded errors from another file and
another line than the recorded stacks name. It takes names of headers, which were recorded in the
place of their values, for values. And some states give a function a second, in which its process
may not even have begun on a busy computer: functions are called once before their case.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Mapping
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from typing import Any
from unittest.mock import patch

from cloudseam_cli.embedded_aws import ACCOUNT, EmbeddedAws
from cloudseam_cli.stepfunctions.local_server import LocalStepFunctions
from tests.conformance.recorded_asl import FILE, cases, is_of_moment, why_not

SCORER = FILE.with_name("score.py")
# By the file, the lines and the texts of recorded stacks.
RAISES = """\
def handler(event, context):
    raise Exception("Some exception was raised.")
"""
RAISES_CUSTOM = """\
class CustomException(Exception):
    pass


# The recorded stack names line 9.


def handler(event, context):
    raise CustomException()
"""
# What MiniStack answers otherwise than AWS; by a part of the case's id.
EMULATOR = {
    "test_s3_put_object": "it answers without checksums and encryption",
    "::test_sqs_send_message": "its answer is longer",
    "::test_dynamodb_put_get_item": "its answer is longer",
    "[DYNAMODB_PUT_UPDATE_GET_ITEM]": "its answer is longer",
    "::test_send_message_unsupported_parameters": "its answer is longer",
    "::test_sns_publish_base": "its answer is longer",
    "TestTaskServiceSns::test_publish_base[": "its answer is longer",
    "test_fifo_message_attribute[input_params0": "it takes a message without a group",
    "test_fifo_message_attribute[input_params1": "it answers without a number",
    "::test_put_events_mixed_malformed_detail": "it takes an event that is malformed",
}
FUNCTIONS = {"raise_exception": RAISES, "raise_custom_exception": RAISES_CUSTOM}


def main() -> int:
    """Runs the cases of some categories; 1 if one ended otherwise that could end as recorded."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("categories", help="lambda, service, callback and activity, by commas")
    parser.add_argument("--workers", type=int, default=2, help="cases at a time (default: 2)")
    args = parser.parse_args()
    wanted = args.categories.split(",")
    results = scored(wanted, args.workers)
    known = {case["id"]: case for category in wanted for case in cases(category)}
    counts: Counter[tuple[str, str]] = Counter()
    for result in results:
        case = known[result["id"]]
        verdict, reason = verdict_of(case, result)
        counts[case["category"], verdict] += 1
        if not result["ok"]:
            print(f"{verdict:11} {case['category']} {result['id']}: {reason}")
    for (category, verdict), number in sorted(counts.items()):
        print(f"{category:9} {verdict:11} {number}")
    return int(any(verdict == "OTHERWISE" for _, verdict in counts))


def verdict_of(case: Mapping[str, Any], result: Mapping[str, Any]) -> tuple[str, str]:
    """Whether it ended as recorded, and why not."""
    if result["ok"]:
        return "as recorded", ""
    if reason := why_not(case):
        return "cannot be", reason
    for part, reason in EMULATOR.items():
        if part in case["id"]:
            return "emulator's", reason
    return "OTHERWISE", result.get("why", "")


def scored(categories: list[str], workers: int) -> list[dict[str, Any]]:
    """What the scorer says of each case."""
    scorer = _scorer()
    with EmbeddedAws(0) as aws, tempfile.TemporaryDirectory() as folder:
        server = LocalStepFunctions(0, services=aws.url)
        server.start()
        out = Path(folder) / "results.json"
        arguments = [
            *("score.py", "--name", "cloudseam", "--endpoint", server.url),
            *("--services", aws.url, "--account", ACCOUNT, "--only", ",".join(categories)),
            *("--no-validation", "--no-speed", "--out", str(out)),
            *("--workers", str(workers), "--limit", "90"),
        ]
        try:
            with patch.object(sys, "argv", arguments):
                scorer.main()
            found: list[dict[str, Any]] = json.loads(out.read_text())
            return found
        finally:
            aws.stop()  # nobody waits for functions that sleep
            server.stop()


def _scorer() -> Any:
    """The scorer, with functions that are in a file `handler.py` as they were."""
    spec = spec_from_file_location("recorded_asl_scorer", SCORER)
    if spec is None or spec.loader is None:
        sys.exit(f"There are no recordings at {SCORER}.")
    scorer: Any = module_from_spec(spec)
    spec.loader.exec_module(scorer)
    scorer.CODE.update(FUNCTIONS)
    plain, same = scorer.zipped, scorer.same
    # It calls itself by this name.
    scorer.same = lambda expected, found: is_of_moment(expected, found) or same(expected, found)

    def zipped(source: str) -> bytes:
        if source not in FUNCTIONS.values():
            return bytes(plain(source))
        archive = scorer.io.BytesIO(plain("from handler import handler\n"))
        with scorer.zipfile.ZipFile(archive, "a") as opened:
            opened.writestr("handler.py", source)
        return bytes(archive.getvalue())

    prepare = scorer.Target.setup

    def prepared(target: Any, case: Mapping[str, Any], names: dict[str, str]) -> None:
        prepare(target, case, names)
        for each in case.get("lambdas", []):
            if each["behaviour"] == "id_function":  # all that any state waits for so shortly
                target.lam.invoke(FunctionName=names[each["name"]], Payload=b"null")

    scorer.zipped, scorer.Target.setup = zipped, prepared
    return scorer


if __name__ == "__main__":
    sys.exit(main())
