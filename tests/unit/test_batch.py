"""A Lambda batch, handed over as a whole, answered record by record."""

from collections.abc import Sequence

import pytest

from cloudseam.batch import answer_batch
from cloudseam.delivery import Delivery
from tests.builders import a_delivery
from tests.function import a_record


class Handler:
    """Keeps what it is given, and fails the bodies that say so."""

    def __init__(self) -> None:
        self.calls: list[list[Delivery]] = []

    def __call__(self, deliveries: Sequence[Delivery]) -> list[Exception | None]:
        self.calls.append(list(deliveries))
        return [ValueError("no") if d.body == "fails" else None for d in deliveries]


@pytest.mark.parametrize(
    ("bodies", "failing"),
    [
        pytest.param(["fine"], [], id="one-fine"),
        pytest.param(["fails"], [0], id="one-fails"),
        pytest.param(["fine", "fails", "fine", "fails"], [1, 3], id="some-fail"),
        pytest.param(["fails", "fails"], [0, 1], id="all-fail"),
    ],
)
def test_the_handler_is_called_once_and_what_fails_is_reported(
    bodies: list[str], failing: list[int]
) -> None:
    handler = Handler()
    deliveries = [a_delivery(body, receive_count=n) for n, body in enumerate(bodies, start=1)]

    answer = answer_batch({"Records": [a_record(delivery) for delivery in deliveries]}, handler)

    assert handler.calls == [deliveries]
    assert answer == {
        "batchItemFailures": [{"itemIdentifier": deliveries[n].message_id} for n in failing]
    }


def test_a_record_without_a_receive_count_counts_as_received_once() -> None:
    handler = Handler()
    record = a_record(a_delivery("fine"))
    record["attributes"] = {}

    answer_batch({"Records": [record]}, handler)

    assert handler.calls[0][0].receive_count == 1


def test_a_handler_that_forgets_a_record_is_an_error_and_not_a_lost_message() -> None:
    records = [a_record(a_delivery("fine")), a_record(a_delivery("fine"))]

    with pytest.raises(ValueError, match="zip"):
        answer_batch({"Records": records}, lambda deliveries: [None])
