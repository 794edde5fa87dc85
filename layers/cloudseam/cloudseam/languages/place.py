"""A path inside a file, such as `states.RUN.on.STOP[0]`."""

import re
from typing import NamedTuple, Optional

from cloudseam.languages.wording import shown

PLAIN_STEP = re.compile(r"[A-Za-z0-9_-]{1,60}")


class Place(NamedTuple):
    """One step below another place. Text is made of it only for a message: most need none."""

    step: str | int = ""
    parent: Optional["Place"] = None

    def below(self, step: str | int) -> "Place":
        """The place of a key, or of a position counted from 0."""
        return Place(step, self)

    def __str__(self) -> str:
        steps: list[str] = []
        place: Place | None = self
        while place is not None and place.parent is not None:
            steps.append(_written(place.step))
            place = place.parent
        return "".join(reversed(steps)).removeprefix(".")


def _written(step: str | int) -> str:
    if isinstance(step, int):
        return f"[{step}]"
    return f".{step}" if PLAIN_STEP.fullmatch(step) else f".{shown(step)}"
