"""Buses of EventBridge, ten notices per call, the calls side by side."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from botocore.exceptions import BotoCoreError, ClientError

from cloudseam.aws_error import error_name
from cloudseam.errors import ServiceUnavailableError
from cloudseam.messages import transition_detail
from cloudseam.transition import Notice

SOURCE = "cloudseam"
DETAIL_TYPE = "CloudSeam Stack Transition"
# EventBridge: at most ten entries per call (API reference, PutEvents). What ten of ours have is
# below what a call may have, 256 KB: each has three texts of a thousand characters at most.
ENTRIES_PER_CALL = 10
CALLS_AT_ONCE = 8


class EventsClient(Protocol):
    """As much of boto3's client for EventBridge as a bus needs."""

    def put_events(self, **request: Any) -> Any:
        """See the API reference, PutEvents."""


class EventBridgeBus:
    """See `cloudseam.buses.Bus`.

    `name` is the bus's name or ARN. `resource` is the ARN of what tells installations apart that
    share a bus: the event queue.
    """

    def __init__(self, client: EventsClient, name: str, resource: str | None = None) -> None:
        self._client = client
        self._name = name
        self._resources = [resource] if resource else []

    def put(self, notices: Sequence[Notice]) -> Mapping[int, Exception]:
        """See `Bus.put`."""
        starts = range(0, len(notices), ENTRIES_PER_CALL)
        calls = [notices[start : start + ENTRIES_PER_CALL] for start in starts]
        if len(calls) < 2:
            results = [self._put(call) for call in calls]
        else:
            with ThreadPoolExecutor(min(len(calls), CALLS_AT_ONCE)) as pool:
                results = list(pool.map(self._put, calls))
        return {
            start + number: error
            for start, result in zip(starts, results, strict=True)
            for number, error in result.items()
        }

    def _put(self, call: Sequence[Notice]) -> dict[int, Exception]:
        try:
            answer = self._client.put_events(Entries=[self._entry(notice) for notice in call])
        except (ClientError, BotoCoreError) as error:
            failed = _untaken(error_name(error))
            failed.__cause__ = error
            return dict.fromkeys(range(len(call)), failed)
        return {
            number: _untaken(entry["ErrorCode"])
            for number, entry in enumerate(answer["Entries"])
            if entry.get("ErrorCode")
        }

    def _entry(self, notice: Notice) -> dict[str, Any]:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": DETAIL_TYPE,
            "Time": notice.transition.at // 1000,
            "Resources": self._resources,
            "Detail": transition_detail(notice),
        }


def _untaken(reason: str) -> ServiceUnavailableError:
    return ServiceUnavailableError(f"EventBridge did not take a notice: {reason}.")
