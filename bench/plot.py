"""Figures as bars: a picture of its own, no script, no font or style from elsewhere."""

from collections.abc import Iterator, Mapping, Sequence
from html import escape

from bench.figures import Figures, shown

WIDTH, NAMES, BAR, LINE, MARGIN = 760, 300, 16, 24, 16  # pixels
ROOM = 90  # for the figure behind the longest bar
FONT = "ui-sans-serif, system-ui, 'DejaVu Sans', sans-serif"
OURS, OTHERS, INK = "#2f6fb0", "#9aa5b1", "#1f2933"
# Which column of which bench is drawn, and which rows are somebody else's.
PANELS: Mapping[str, str] = {"handler": "events/s", "lives": "lives/s"}
PEERS = ("DBOS", "Temporal")


def plot(benches: Mapping[str, Figures]) -> str:
    """An SVG of the panels whose bench there is."""
    parts: list[str] = []
    top = MARGIN
    for name, column in PANELS.items():
        if name in benches:
            parts += _panel(benches[name], column, top)
            top += (len(benches[name].rows) + 2) * LINE
    return "\n".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" '
            f'font-family="{FONT}" font-size="12" fill="{INK}">',
            f'<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>',
            *parts,
            "</svg>\n",
        ]
    )


def _panel(figures: Figures, column: str, top: int) -> Iterator[str]:
    bars = _bars(figures, column)
    longest = max((length for _, length in bars if length), default=1)
    yield f'<text x="{MARGIN}" y="{top + 14}" font-weight="bold">'
    yield f"{escape(f'{figures.title}: {column}')}</text>"
    for number, (name, length) in enumerate(bars, start=1):
        y = top + number * LINE
        width = round((length or 0) / longest * (WIDTH - NAMES - ROOM))
        colour = OTHERS if name.startswith(PEERS) else OURS
        yield f'<text x="{NAMES - 8}" y="{y + 13}" text-anchor="end">{escape(name)}</text>'
        yield f'<rect x="{NAMES}" y="{y}" width="{width}" height="{BAR}" fill="{colour}"/>'
        yield f'<text x="{NAMES + width + 6}" y="{y + 13}">{shown(length)}</text>'


def _bars(figures: Figures, column: str) -> Sequence[tuple[str, float | None]]:
    names = [str(row[0]) for row in figures.rows]
    return [(name, figures.at(name, column)) for name in names]
