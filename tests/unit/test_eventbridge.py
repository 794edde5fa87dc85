"""What EventBridge is asked for, and what comes of its not taking it."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cloudseam.buses.eventbridge import EventBridgeBus
from cloudseam.errors import ServiceUnavailableError
from cloudseam.transition import Notice, Transition
from tests.builders import NOW

DENIED = ClientError({"Error": {"Code": "AccessDeniedException", "Message": "no"}}, "PutEvents")
CUT = EndpointConnectionError(endpoint_url="https://events")


class Events:
    """A client that takes every entry but those of some stacks, or fails as a whole for some."""

    def __init__(self, refuses: str = "", fails: Mapping[str, Exception] | None = None) -> None:
        self.calls: list[list[dict[str, Any]]] = []
        self._refuses = refuses
        self._fails = fails or {}

    def put_events(self, **request: Any) -> Any:
        entries = request["Entries"]
        self.calls.append(entries)
        stacks = [json.loads(entry["Detail"])["stackId"] for entry in entries]
        for stack in stacks:
            if stack in self._fails:
                raise self._fails[stack]
        answers = [
            {"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"}
            if stack == self._refuses
            else {"EventId": stack}
            for stack in stacks
        ]
        failed = stacks.count(self._refuses)
        return {"FailedEntryCount": failed, "Entries": answers}


def notices(number: int) -> list[Notice]:
    made = Transition("mark-of-", NOW + 999, "UPDATE", "life", "RUN", "UPDATE", 3)
    return [Notice(f"s{n}", "e", made) for n in range(number)]


def test_an_entry_has_the_bus_the_time_and_what_tells_installations_apart() -> None:
    client = Events()

    EventBridgeBus(client, "default", "arn:of:queue").put(notices(1))

    ((entry,),) = client.calls
    assert entry.pop("Detail")
    assert entry == {
        "EventBusName": "default",
        "Source": "cloudseam",
        "DetailType": "CloudSeam Stack Transition",
        "Time": NOW // 1000,
        "Resources": ["arn:of:queue"],
    }


@pytest.mark.parametrize(
    ("number", "sizes"), [(0, []), (10, [10]), (11, [1, 10]), (35, [5, 10, 10, 10])]
)
def test_a_call_has_ten_notices(number: int, sizes: list[int]) -> None:
    client = Events()

    assert EventBridgeBus(client, "b").put(notices(number)) == {}

    assert sorted(map(len, client.calls)) == sizes


@pytest.mark.parametrize("position", [0, 9, 13, 24])
def test_a_notice_that_was_not_taken_is_told_by_its_position_and_no_other(position: int) -> None:
    client = Events(refuses=f"s{position}")

    failures = EventBridgeBus(client, "b").put(notices(25))

    assert list(failures) == [position]
    assert isinstance(failures[position], ServiceUnavailableError)
    assert "ThrottlingException" in str(failures[position])
    assert len(client.calls) == 3


@pytest.mark.parametrize("error", [DENIED, CUT], ids=["refused", "not reached"])
def test_a_call_that_fails_fails_its_notices_and_not_those_of_another(error: Exception) -> None:
    failures = EventBridgeBus(Events(fails={"s12": error}), "b").put(notices(25))

    assert list(failures) == list(range(10, 20))
    assert {failure.__cause__ for failure in failures.values()} == {error}
