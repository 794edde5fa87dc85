"""What one bench found, as a table, and its forms: for a terminal, for a page, for a program."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

Cell = str | int | float | None
Tell = Callable[[str], None]  # says how far it is


@dataclass(frozen=True, slots=True)
class Figures:
    """Rows under headings. The first column names the row; None is what was not measured.

    `note` says what is counted and how, for the page.
    """

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    note: str = ""

    def at(self, row: str, column: str) -> float | None:
        """A figure, or None where it was not measured."""
        number = self.columns.index(column)
        found = next((each[number] for each in self.rows if each[0] == row), None)
        return found if isinstance(found, int | float) else None

    def best(self, rows: str, column: str) -> float:
        """The largest figure of the rows whose name begins so; 0 where none was measured."""
        found = (self.at(str(row[0]), column) for row in self.rows if str(row[0]).startswith(rows))
        return max((figure for figure in found if figure is not None), default=0)

    def as_json(self) -> dict[str, Any]:
        """As JSON takes it; see `of_json`."""
        return asdict(self)


def times(most: int, scale: float) -> int:
    """How often something is done at a scale: at least once, at most as often as at 1."""
    return max(1, round(most * min(1, scale)))


def of_json(told: dict[str, Any]) -> Figures:
    """What `as_json` has told."""
    rows = tuple(tuple(row) for row in told["rows"])
    return Figures(told["title"], tuple(told["columns"]), rows, told["note"])


def as_text(figures: Figures) -> str:
    """The table for a terminal: its title, and columns in line."""
    table = [figures.columns, *(tuple(map(shown, row)) for row in figures.rows)]
    widths = [max(map(len, column)) for column in zip(*table, strict=True)]
    lines = ("  ".join(_padded(row, widths)).rstrip() for row in table)
    return "\n".join([figures.title, *(f"  {line}" for line in lines)])


def as_markdown(figures: Figures) -> str:
    """The table for a page."""
    table = [figures.columns, ("---", *("--:" for _ in figures.columns[1:]))]
    table += [tuple(map(shown, row)) for row in figures.rows]
    lines = "\n".join(f"| {' | '.join(row)} |" for row in table)
    return f"### {figures.title}\n\n{figures.note}\n\n{lines}\n"


def shown(cell: Cell) -> str:
    """A figure with as many digits as mean something."""
    if cell is None:
        return "-"
    if isinstance(cell, str):
        return cell
    if isinstance(cell, int) or abs(cell) >= 100:
        return f"{cell:,.0f}"
    return f"{cell:.3g}"


def _padded(row: Sequence[str], widths: Sequence[int]) -> Iterator[str]:
    """The first column to the left, figures to the right."""
    for number, (cell, width) in enumerate(zip(row, widths, strict=True)):
        yield cell.rjust(width) if number else cell.ljust(width)
