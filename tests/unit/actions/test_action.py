"""The base of actions, and what becomes of a last failure."""

from typing import Any

import pytest

from cloudseam.actions import Action, Context, max_retry_event
from cloudseam.actions.context import Circumstances


class Broken(Action):
    """Always fails."""

    @max_retry_event("fail")
    def execute(self, context: Context, obj: dict[str, Any]) -> str | None:
        """Notes that it was here, and fails."""
        context["here"] = True
        raise RuntimeError("no")


def context(retries: int) -> Context:
    return Context({}, Circumstances("m", "c", retries=retries, max_retries=2))


@pytest.mark.parametrize("retries", [0, 1])
def test_a_failure_that_is_tried_again_is_raised(retries: int) -> None:
    with pytest.raises(RuntimeError, match="no"):
        Broken("broken").execute(context(retries), {})


@pytest.mark.parametrize("retries", [2, 3])
def test_the_last_failure_becomes_the_event_and_leaves_the_context(retries: int) -> None:
    left = context(retries)

    assert Broken("broken").execute(left, {}) == "fail"
    assert left == {"here": True}


def test_the_decorated_method_keeps_its_name_and_text() -> None:
    assert Broken.execute.__name__ == "execute"
    assert Broken.execute.__doc__ == "Notes that it was here, and fails."


def test_the_base_returns_the_event_that_it_was_made_with() -> None:
    assert Action("a").execute(context(0), {}) is None
    assert Action("a", "done").execute(context(0), {}) == "done"


def test_what_the_system_knows_cannot_be_set() -> None:
    with pytest.raises(AttributeError):
        context(0).steps = 5  # type: ignore[misc]  # what an action might try
