"""Rights as IAM has them, for an embedded AWS that enforces them.

MiniStack 1.5.33 takes some calls for actions that IAM does not know: SQS's batches, and DynamoDB's
`BatchExecuteStatement` and `ExecuteStatement`. It takes every schedule to be in the group
`default`. It speaks plain HTTP, on the loopback address, and policies may ask for TLS. It would
refuse what AWS allows. Run by path, in the emulator's own process.

Sources: SQS developer guide, "Amazon SQS API permissions: Actions and resource reference"; DynamoDB
developer guide, "IAM security policies with PartiQL for DynamoDB"; service authorization reference,
"Actions, resources, and condition keys for Amazon EventBridge Scheduler".
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

BATCHES = ("sqs:SendMessageBatch", "sqs:DeleteMessageBatch", "sqs:ChangeMessageVisibilityBatch")
PARTIQL = ("dynamodb:BatchExecuteStatement", "dynamodb:ExecuteStatement")
# IAM user guide, "AWS global condition context keys"; keys are the same in any case.
TRANSPORT = "aws:securetransport"
# What a statement begins with, and the table it names.
STATEMENT = re.compile(
    r'\s*(?:(INSERT)\s+INTO|(UPDATE)|(DELETE)\s+FROM|(SELECT)\b.*?\bFROM)\s+"?([\w.-]+)"?',
    re.IGNORECASE | re.DOTALL,
)


def teach() -> None:
    """Has the emulator check each call for the actions and the resource that IAM checks it for."""
    from ministack.core import iam_actions, iam_evaluator  # type: ignore[import-untyped]

    action_of = iam_actions.extract_iam_action
    arn_of = iam_actions.extract_resource_arn
    items_of = iam_actions.dynamodb_transaction_checks

    def action(*request: Any) -> str | None:
        return single(action_of(*request))

    def arn(service: str, *request: Any) -> str:
        found: str = arn_of(service, *request)
        *_, body, query, _, _ = request
        return in_group(found, body, query) if service == "scheduler" else found

    def items(action: str, body: bytes, *scope: str) -> list[tuple[str, str]]:
        if action in PARTIQL:
            return list(statement_checks(json.loads(body), *scope))
        return list(items_of(action, body, *scope))

    iam_actions.extract_iam_action = action
    iam_actions.extract_resource_arn = arn
    iam_actions.dynamodb_transaction_checks = items
    iam_evaluator._resolve_condition_key = over_tls(iam_evaluator._resolve_condition_key)


def over_tls(resolve: Callable[[str, Any], Any]) -> Callable[[str, Any], Any]:
    """What a condition compares with, where every request is taken for one over TLS."""

    def resolved(key: str, request: Any) -> Any:
        return "true" if key.lower() == TRANSPORT else resolve(key, request)

    return resolved


def single(action: str | None) -> str | None:
    """The action that a batch of SQS is checked for: that of each of its messages."""
    return action.removesuffix("Batch") if action in BATCHES else action


def in_group(arn: str, body: bytes, query: Mapping[str, list[str]]) -> str:
    """A schedule's ARN with the group that the request names: in its body, or in its query."""
    named = json.loads(body or b"{}").get("GroupName") or query.get("groupName", ["default"])[0]
    return arn.replace(":schedule/default/", f":schedule/{named}/")


def statement_checks(
    request: Mapping[str, Any], region: str, account: str
) -> Iterator[tuple[str, str]]:
    """The action of each PartiQL statement, and the ARN of its table.

    Raises:
        ValueError: a statement begins in a way that is not known.
    """
    for each in request.get("Statements", [request]):
        found = STATEMENT.match(each["Statement"])
        if found is None:
            raise ValueError("A PartiQL statement begins in a way that is not known.")
        *verbs, table = found.groups()
        verb = next(filter(None, verbs)).capitalize()
        yield f"dynamodb:PartiQL{verb}", f"arn:aws:dynamodb:{region}:{account}:table/{table}"
