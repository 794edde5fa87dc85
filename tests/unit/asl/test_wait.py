"""Wait: its four forms, in both query languages."""

from typing import Any

import pytest

from tests.asl_player import BEGINNING, Player, one_state, play

# BEGINNING is 2023-11-14T22:13:20Z.
SOON = "2023-11-14T22:13:50Z"


@pytest.mark.parametrize(
    ("state", "told", "seconds"),
    [
        pytest.param({"Seconds": 10}, {}, 10, id="seconds"),
        pytest.param({"Seconds": 0}, {}, 0, id="none"),
        pytest.param({"SecondsPath": "$.s"}, {"s": 7}, 7, id="seconds by path"),
        pytest.param({"Timestamp": SOON}, {}, 30, id="moment"),
        pytest.param({"Timestamp": "2023-11-14T23:13:50+01:00"}, {}, 30, id="with an offset"),
        pytest.param({"Timestamp": "2001-01-01T00:00:00Z"}, {}, 0, id="a moment that has passed"),
        pytest.param({"TimestampPath": "$.t"}, {"t": SOON}, 30, id="moment by path"),
        pytest.param(
            {"QueryLanguage": "JSONata", "Seconds": "{% $states.input.s * 2 %}"},
            {"s": 4},
            8,
            id="seconds of an expression",
        ),
        pytest.param(
            {"QueryLanguage": "JSONata", "Timestamp": "{% $states.input.t %}"},
            {"t": SOON},
            30,
            id="moment of an expression",
        ),
    ],
)
def test_a_wait_ends_at_its_moment(state: dict[str, Any], told: Any, seconds: int) -> None:
    player = Player(one_state({"Type": "Wait", **state}), told)
    if seconds:
        assert player.execution.wakes_at == BEGINNING + 1000 * seconds
        player.wake(after=seconds - 1)
        assert player.types[-1] == "WaitStateEntered"
        player.wake(after=1)

    assert player.output == told
    assert player.now == BEGINNING + 1000 * seconds


@pytest.mark.parametrize(
    ("state", "told", "error"),
    [
        pytest.param({"SecondsPath": "$.s"}, {}, "States.Runtime", id="nothing there"),
        pytest.param({"SecondsPath": "$.s"}, {"s": "7"}, "States.Runtime", id="a text"),
        pytest.param({"SecondsPath": "$.s"}, {"s": True}, "States.Runtime", id="a boolean"),
        pytest.param({"SecondsPath": "$.s"}, {"s": 1.5}, "States.Runtime", id="a part"),
        pytest.param({"SecondsPath": "$.s"}, {"s": -1}, "States.Runtime", id="before now"),
        pytest.param({"SecondsPath": "$.s"}, {"s": 31_536_001}, "States.Runtime", id="too far"),
        pytest.param({"TimestampPath": "$.t"}, {"t": "soon"}, "States.Runtime", id="no moment"),
        pytest.param(
            {"TimestampPath": "$.t"}, {"t": "2999-01-01T00:00:00Z"}, "States.Runtime", id="too late"
        ),
        pytest.param(
            {"QueryLanguage": "JSONata", "Seconds": "{% 'x' %}"},
            {},
            "States.QueryEvaluationError",
            id="an expression that is no number",
        ),
    ],
)
def test_a_wait_for_what_cannot_be_fails_at_once(
    state: dict[str, Any], told: Any, error: str
) -> None:
    player = play(one_state({"Type": "Wait", **state}), told)

    assert player.failure[0] == error
    assert player.now == BEGINNING
