"""The services that the stand-in has, and what is told of them: calls, and messages sent."""

import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from hashlib import md5
from typing import Any

from bench.aws.http import Request, Response
from bench.aws.refusal import RefusedError, unknown
from bench.aws.table import Tables

Operation = Callable[[Mapping[str, Any]], dict[str, Any]]


class Cloud:
    """Answers calls. Those of `Bench` set and ask it; they are not counted and take no time.

    The time that a call takes is from its arrival to its answer."""

    def __init__(self) -> None:
        self._tables = Tables()
        self._latency = 0.0
        self._secret = ""
        self._calls: Counter[str] = Counter()
        self._messages: list[str] = []
        self._operations: Mapping[str, Operation] = {
            "DynamoDB_20120810.GetItem": self._tables.get_item,
            "DynamoDB_20120810.BatchGetItem": self._tables.batch_get_item,
            "DynamoDB_20120810.PutItem": self._tables.put_item,
            "DynamoDB_20120810.BatchExecuteStatement": self._tables.batch_execute_statement,
            "AmazonSQS.SendMessageBatch": self._send,
            "secretsmanager.GetSecretValue": lambda asked: {"SecretString": self._secret},
            "Bench.Set": self._set,
            "Bench.Take": self._take,
        }

    def answer(self, request: Request) -> Response:
        """What the service answers, and when."""
        target = request.headers.get("x-amz-target", "")
        arrived, is_ours = time.perf_counter(), target.startswith("Bench.")
        if not is_ours:
            self._calls[target.partition(".")[2]] += 1
        try:
            operation = self._operations.get(target)
            if operation is None:
                raise unknown(f"the operation {target}")
            told, status = operation(json.loads(request.body)), 200
        except RefusedError as error:
            told, status = {"__type": error.code, "message": str(error), **error.extra}, 400
        body = json.dumps(told).encode()
        spent = time.perf_counter() - arrived
        return Response(status, body, 0 if is_ours else max(0, self._latency - spent))

    def _set(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        self._latency = asked.get("latency", self._latency)
        self._secret = asked.get("secret", self._secret)
        return {}

    def _take(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """The calls and messages since the last look."""
        taken = {"calls": dict(self._calls), "messages": self._messages}
        self._calls, self._messages = Counter(), []
        return taken

    def _send(self, asked: Mapping[str, Any]) -> dict[str, Any]:
        """SendMessageBatch. There is one queue."""
        entries = asked["Entries"]
        if not 0 < len(entries) <= 10:
            raise RefusedError("AWS.SimpleQueueService.TooManyEntriesInBatchRequest", "1 to 10.")
        self._messages += [entry["MessageBody"] for entry in entries]
        return {"Successful": [_taken(entry) for entry in entries], "Failed": []}


def _taken(entry: Mapping[str, Any]) -> dict[str, Any]:
    body = entry["MessageBody"].encode()
    digest = md5(body, usedforsecurity=False).hexdigest()
    return {"Id": entry["Id"], "MessageId": f"message-{entry['Id']}", "MD5OfMessageBody": digest}
