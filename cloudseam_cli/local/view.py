"""Shows a drive: as a picture that changes on a terminal, as lines anywhere else."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

from cloudseam.stack import TaskStatus
from cloudseam_cli.local.drive import Scene, View
from cloudseam_cli.local.report import Kind, Report
from cloudseam_cli.local.telling import GONE, told
from cloudseam_cli.text import printable

if TYPE_CHECKING:
    from rich.console import Group, RenderableType
    from rich.live import Live
    from rich.table import Table

ONGOING = "[yellow]…[/]"
MARKS = {
    TaskStatus.PENDING: ONGOING,
    TaskStatus.SATISFIED: "[green]✓[/]",
    TaskStatus.ERROR: "[red]✗[/]",
}
TOLD = 6


@contextmanager
def opened_view(title: str) -> Iterator[View]:
    """The view that fits standard output."""
    if not sys.stdout.isatty():
        yield LineView()
        return
    from rich.live import Live

    with Live(refresh_per_second=10) as live:
        yield LiveView(live, title)


class LineView:
    """One line for each thing that happens."""

    def show(self, scene: Scene) -> None:
        """See `View.show`: there is nothing to show that is not told."""

    def tell(self, report: Report) -> None:
        """See `View.tell`."""
        print(told(report), flush=True)


class LiveView:
    """Stages, the stack with its tasks, and the last things that happened."""

    def __init__(self, live: Live, title: str) -> None:
        self._live = live
        self._title = title
        self._told: list[str] = []

    def show(self, scene: Scene) -> None:
        """See `View.show`."""
        self._live.update(picture(self._title, scene, self._told))

    def tell(self, report: Report) -> None:
        """See `View.tell`."""
        if report.kind is not Kind.NOTE:
            self._told = [*self._told, told(report)][-TOLD:]


def picture(title: str, scene: Scene, told_last: list[str]) -> Group:
    """The whole picture of a scene."""
    from rich.console import Group
    from rich.text import Text

    parts: list[RenderableType] = [
        Text(f"{title}   {scene.elapsed:5.1f} s", style="bold"),
        _stages(scene),
        Text(),
        _stack(scene),
        Text(),
        *(
            Text(line.splitlines()[0], style="dim", overflow="ellipsis", no_wrap=True)
            for line in told_last
        ),
    ]
    return Group(*parts)


def _stages(scene: Scene) -> Table:
    table = _grid()
    for number, stage in enumerate(scene.stages):
        seconds = scene.seconds(number)
        mark = "[green]✓[/]" if number < len(scene.ended) else "" if seconds is None else ONGOING
        took = "" if seconds is None else f"{seconds:5.1f} s"
        table.add_row(mark, stage.event, stage.title, took, style="dim" if not took else None)
    return table


def _stack(scene: Scene) -> Table:
    from rich.text import Text

    stack, table = scene.stack, _grid()
    if stack is None:
        return table
    state = Text(GONE if stack.is_removed else stack.state, style="bold cyan")
    table.add_row("", Text(printable(stack.id)), state, "")
    for task in stack.tasks:
        name = Text(f"  {printable(task.name)}")
        table.add_row(MARKS[task.status], name, task.status.value.lower(), "")
    return table


def _grid() -> Table:
    from rich.table import Table

    grid = Table.grid(padding=(0, 2))
    for _ in range(4):
        grid.add_column()
    return grid
