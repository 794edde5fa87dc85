"""Tables with the key `id`, and the calls of DynamoDB that read and write one item or several."""

from collections import defaultdict
from collections.abc import Callable, Mapping
from typing import Any

from bench.aws.refusal import RefusedError, unknown
from bench.aws.statement import execute

Item = dict[str, Any]

# The conditions that the project writes under.
CONDITIONS: Mapping[str, Callable[[Item, Mapping[str, Any]], bool]] = {
    "attribute_not_exists(id)": lambda old, values: not old,
    "attribute_not_exists(version)": lambda old, values: "version" not in old,
    "version = :read": lambda old, values: old.get("version") == values[":read"],
}
STATEMENTS_PER_CALL = 25
KEYS_PER_CALL = 100


class Tables:
    """All tables; one is there as soon as it is spoken of."""

    def __init__(self) -> None:
        self._tables: dict[str, dict[str, Item]] = defaultdict(dict)

    def get_item(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """GetItem."""
        item = self._tables[asked["TableName"]].get(asked["Key"]["id"]["S"])
        return {"Item": item} if item else {}

    def batch_get_item(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """BatchGetItem."""
        found = {}
        for name, wanted in asked["RequestItems"].items():
            table, ids = self._tables[name], [key["id"]["S"] for key in wanted["Keys"]]
            if len(ids) > KEYS_PER_CALL or len(set(ids)) < len(ids):
                raise RefusedError("ValidationException", "Too many keys, or one of them twice.")
            found[name] = [table[each] for each in ids if each in table]
        return {"Responses": found, "UnprocessedKeys": {}}

    def put_item(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """PutItem, under one of the known conditions or none."""
        table, item = self._tables[asked["TableName"]], asked["Item"]
        condition = asked.get("ConditionExpression")
        if condition is not None:
            if condition not in CONDITIONS:
                raise unknown(f"the condition {condition}")
            old = table.get(item["id"]["S"], {})
            if not CONDITIONS[condition](old, asked.get("ExpressionAttributeValues", {})):
                raise RefusedError("ConditionalCheckFailedException", "The condition failed.")
        table[item["id"]["S"]] = item
        return {}

    def batch_execute_statement(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """BatchExecuteStatement: each statement has an outcome of its own."""
        if len(asked["Statements"]) > STATEMENTS_PER_CALL:
            raise RefusedError("ValidationException", "More than 25 statements.")
        return {"Responses": [self._executed(each) for each in asked["Statements"]]}

    def _executed(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        try:
            execute(self._tables, asked["Statement"], asked.get("Parameters", ()))
        except RefusedError as error:
            return {"Error": {"Code": error.code, "Message": str(error)}}
        return {}
