"""The page of figures: what a run found takes the place of what the run before found."""

import re
from collections.abc import Iterator
from pathlib import Path

from bench import targets
from bench.figures import as_markdown
from bench.plot import plot
from bench.report import Report

BEGIN, END = "<!-- figures: begin -->", "<!-- figures: end -->"
BLOCK = re.compile(f"{re.escape(BEGIN)}.*{re.escape(END)}", re.DOTALL)


class PageError(Exception):
    """The page cannot be written."""


def write_page(page: Path, report: Report) -> None:
    """Puts all figures between the two marks of the page, and the plot beside it.

    Raises:
        PageError: the page has no marks, or the run had not all benches.
    """
    text = page.read_text() if page.exists() else ""
    if not BLOCK.search(text):
        raise PageError(f"{page} has no place for figures: put {BEGIN} and {END} into it.")
    picture = page.with_suffix(".svg")
    picture.write_text(plot(report.benches))
    found = "\n".join(block(report, picture.name))
    page.write_text(BLOCK.sub(lambda _: f"{BEGIN}\n{found}\n{END}", text))


def block(report: Report, picture: str) -> Iterator[str]:
    """What is between the marks."""
    place = [f"{name} {value}" for name, value in report.place.items()]
    yield f"\n{'; '.join(place)}.\n"
    yield "| what | target | figure | reached |\n|---|---|---|---|"
    for row in targets.rows(report):
        yield f"| {' | '.join(row)} |"
    yield f"\n![Events and lives per second]({picture})\n"
    for figures in report.benches.values():
        yield as_markdown(figures)
