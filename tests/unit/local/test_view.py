"""What a drive looks like."""

import io
import sys

import pytest
from rich.console import Console

from cloudseam_cli.demo import stages
from cloudseam_cli.local.drive import Scene
from cloudseam_cli.local.report import Kind, Report
from cloudseam_cli.local.view import LineView, opened_view, picture
from tests.builders import a_stack


def shown(scene: Scene, *told: str) -> list[str]:
    """The picture of a scene, as lines without colours."""
    console = Console(file=io.StringIO(), width=100)
    with console.capture() as capture:
        console.print(picture("preview", scene, list(told)))
    return [line.rstrip() for line in capture.get().splitlines()]


def test_a_picture_has_stages_stack_tasks_and_time() -> None:
    stack = a_stack("UPDATE", id="feature", tasks={"app": "SATISFIED", "notify": "PENDING"})

    lines = shown(Scene(stages(), (3.0, 0.5), stack, 5.25), "12:00:00  one", "12:00:01  two\nmore")

    assert lines == [
        "preview     5.2 s",
        "✓  LAUNCH     make the environment    3.0 s",
        "✓  NEW-IMAGE  note a new image        0.5 s",
        "…  UPDATE     roll it out             1.8 s",
        "   DESTROY    remove everything",
        "",
        "   feature   UPDATE",
        "✓    app     satisfied",
        "…    notify  pending",
        "",
        "12:00:00  one",
        "12:00:01  two",
    ]


def test_a_picture_of_the_end_has_every_stage_done_and_the_stack_gone() -> None:
    lines = shown(Scene(stages(), (1.0, 1.0, 1.0, 1.0), a_stack().removed(1), 4.0))

    assert [line[0] for line in lines[1:5]] == ["✓"] * 4
    assert "  s  (gone)" in lines


def test_a_picture_without_a_stack_has_the_stages_only() -> None:
    lines = shown(Scene(stages(), (), None, 0.0))

    assert lines[1].startswith("…  LAUNCH")


def test_what_a_stack_is_called_is_no_markup() -> None:
    assert any("[red]x[/]" in line for line in shown(Scene([], (), a_stack(id="[red]x[/]"), 0)))


def test_where_there_is_no_terminal_each_report_is_a_line(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert not sys.stdout.isatty()

    with opened_view("preview") as view:
        assert isinstance(view, LineView)
        view.show(Scene(stages(), (), None, 0.0))
        view.tell(Report(Kind.NOTE, reason="machine preview is ready"))

    (line,) = capsys.readouterr().out.splitlines()
    assert line.endswith("  machine preview is ready")
