"""Numbers of JSON that every reader takes: hooks of `json.loads`, which takes others, too."""

import math
from typing import NoReturn

OUT_OF_RANGE = "a number is out of range"


def finite(text: str) -> float:
    """For `parse_float`.

    Raises:
        ValueError: it is larger than any that there is, as `1e999`.
    """
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(OUT_OF_RANGE)
    return number


def refuse_constant(name: str) -> NoReturn:
    """For `parse_constant`.

    Raises:
        ValueError: always; `NaN` and `Infinity` are no JSON.
    """
    raise ValueError(f"{name} is not a JSON number")
