"""An invocation that is no batch of a queue fails with what it should have been."""

from typing import Any

import pytest

from cloudseam.batch import InvalidInvocationError, answer_batch
from state_machine.sweeping import rest_of_sweep
from tests.bad_invocations import BAD_INVOCATIONS, NO_SWEEPS, RECORD
from tests.builders import CANARY


@pytest.mark.parametrize("payload", BAD_INVOCATIONS.values(), ids=BAD_INVOCATIONS)
def test_it_is_refused_before_anything_is_handled_and_not_shown(payload: Any) -> None:
    with pytest.raises(InvalidInvocationError) as refused:
        answer_batch(payload, lambda deliveries: pytest.fail("handled"))

    said = str(refused.value)
    assert "event of SQS" in said
    assert CANARY not in said
    assert len(said) < 300
    assert refused.value.__cause__ is None


def test_the_record_that_the_bad_ones_are_made_of_is_fine() -> None:
    assert answer_batch({"Records": [RECORD]}, lambda deliveries: [None]) == {
        "batchItemFailures": []
    }


@pytest.mark.parametrize("body", NO_SWEEPS.values(), ids=NO_SWEEPS)
def test_a_message_that_only_looks_like_a_sweeps_is_judged_as_an_event(body: str) -> None:
    assert rest_of_sweep(body) is None


@pytest.mark.parametrize(
    ("body", "after"),
    [
        ('{"sweep": ""}', ""),
        ('{"sweep": true}', ""),
        ('{"sweep": "s"}', "s"),
        ('{"sweep": "\\u017c"}', "ż"),
        ('{"sweep": "' + "s" * 2_048 + '"}', "s" * 2_048),
    ],
    ids=["start", "as-the-schedule-says-it", "behind-s", "not-ascii", "longest-key"],
)
def test_a_sweeps_message_says_where_it_goes_on(body: str, after: str) -> None:
    assert rest_of_sweep(body) == after
