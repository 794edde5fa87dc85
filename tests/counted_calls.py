"""Counts the calls that a function makes of AWS, and has some of them fail."""

import json
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any
from unittest.mock import patch

import boto3
from botocore.exceptions import ClientError, ReadTimeoutError


class Calls:
    """The calls that reached AWS, and the faults put on the next of them."""

    def __init__(self) -> None:
        self.made: Counter[str] = Counter()
        self.arguments: list[tuple[str, dict[str, Any]]] = []
        self._refused: Counter[str] = Counter()
        self._unanswered: Counter[str] = Counter()

    def refuse(self, operation: str, times: int = 1) -> None:
        """The next calls of that operation fail before they do anything."""
        self._refused[operation] += times

    def leave_unanswered(self, operation: str) -> None:
        """The next call of that operation is carried out, but its answer never arrives."""
        self._unanswered[operation] += 1

    def before(self, model: Any, params: Mapping[str, Any], **_: Any) -> None:
        """Called by boto3 before each call."""
        self.made[model.name] += 1
        body = params["body"]
        is_json = model.service_model.protocol == "json"  # S3's bodies are what is written
        self.arguments.append((model.name, json.loads(body) if body and is_json else {}))
        if self._refused[model.name]:
            self._refused[model.name] -= 1
            raise ClientError({"Error": {"Code": "InternalError", "Message": "no"}}, model.name)

    def after(self, model: Any, **_: Any) -> None:
        """Called by boto3 after each call."""
        if self._unanswered[model.name]:
            self._unanswered[model.name] -= 1
            raise ReadTimeoutError(endpoint_url=model.name)

    def taken(self) -> dict[str, int]:
        """The number of calls by operation since the last look."""
        made = dict(self.made)
        self.made.clear()
        return made


@contextmanager
def counted_calls() -> Iterator[Calls]:
    """The calls of all clients that boto3 makes meanwhile."""
    calls = Calls()
    session = boto3.Session()
    session.events.register("before-call.*.*", calls.before)
    session.events.register("after-call.*.*", calls.after)
    with patch.object(boto3, "client", session.client):
        yield calls
