"""How names found in a file are shown in a message: short, printable, and next to a near one."""

from collections.abc import Iterable
from itertools import islice
from typing import NamedTuple

SHOWN_CHARACTERS = 60
# Comparing is quadratic in the text, and a file can hold thousands of names.
COMPARED_NAMES = 100


def shown(text: str) -> str:
    """The text in quotes, cut short."""
    return f"'{short(text)}'"


def short(text: str) -> str:
    """The text, cut short and with nothing that a terminal would act on."""
    kept = text if len(text) <= SHOWN_CHARACTERS else text[: SHOWN_CHARACTERS - 1] + "…"
    return printable(kept)


def printable(text: str) -> str:
    """The text with whatever cannot be printed written as an escape."""
    if text.isprintable():
        return text
    return "".join(
        character if character.isprintable() else ascii(character)[1:-1] for character in text
    )


class DidYouMean(NamedTuple):
    """A question that names what is nearly the same, with a space after it; or nothing.

    It is worked out when it is written, since of many findings only the first ones are.
    """

    text: str
    names: Iterable[str]

    def __str__(self) -> str:
        if len(self.text) > SHOWN_CHARACTERS:
            return ""
        # Imported here: only a file with an error needs it.
        from difflib import get_close_matches

        near = {name.casefold(): name for name in islice(self.names, COMPARED_NAMES)}
        found = get_close_matches(self.text.casefold(), near, n=1)
        return f"Did you mean {shown(near[found[0]])}? " if found else ""


def listed(names: Iterable[str], limit: int = 8) -> str:
    """The names in a row, the first few of many; `none` when there is none."""
    first = list(islice(names, limit + 1))
    row = ", ".join(short(name) for name in first[:limit])
    return f"{row}, …" if len(first) > limit else row or "none"
