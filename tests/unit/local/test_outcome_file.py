"""What became of events, as waits read it."""

from pathlib import Path

import pytest

from cloudseam_cli.local import outcome_file
from cloudseam_cli.local.outcome_file import OutcomeFile, OutcomeWatch
from cloudseam_cli.local.report import Kind, Report


def refused(event_id: str) -> Report:
    return Report(Kind.RETURNED, stack="s", event_id=event_id, reason="Not in RUN.", at=1.0)


def test_a_watch_gives_what_comes_after_it_was_made_and_each_once(tmp_path: Path) -> None:
    file = OutcomeFile(tmp_path / "outcomes")
    file.keep(refused("before"))
    watch = OutcomeWatch(tmp_path / "outcomes")

    file.keep(refused("after"))

    assert list(watch.look()) == [refused("after")]
    assert list(watch.look()) == []


def test_a_file_that_begins_again_is_read_from_its_beginning(tmp_path: Path) -> None:
    file = OutcomeFile(tmp_path / "outcomes")
    file.keep(refused("a rather long name, so that the new file is the shorter one"))
    watch = OutcomeWatch(tmp_path / "outcomes")

    file.clear()
    file.keep(refused("e"))

    assert list(watch.look()) == [refused("e")]


def test_a_file_does_not_grow_without_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outcome_file, "MAX_BYTES", 1_000)
    file = OutcomeFile(tmp_path / "outcomes")

    for number in range(100):
        file.keep(refused(str(number)))

    lines = (tmp_path / "outcomes").read_text().splitlines()
    assert sum(map(len, lines)) < 1_500
    assert Report.parse(lines[-1]) == refused("99")


@pytest.mark.parametrize(
    "report",
    [
        pytest.param(Report(Kind.NOTE, reason="a file has changed"), id="of-no-event"),
        pytest.param(Report(Kind.DEAD_LETTER, event_id="e"), id="told-of-by-its-queue"),
    ],
)
def test_what_is_no_outcome_is_not_kept(report: Report, tmp_path: Path) -> None:
    file = OutcomeFile(tmp_path / "outcomes")
    file.clear()

    file.keep(report)

    assert (tmp_path / "outcomes").read_text() == ""


def test_lines_that_make_no_sense_and_half_lines_are_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "outcomes"
    watch = OutcomeWatch(path)
    line = refused("e").line()

    path.write_text("nonsense\n{}\n" + line + line[:20])
    first = list(watch.look())
    with path.open("a") as file:
        file.write(line[20:])

    assert (first, list(watch.look())) == ([refused("e")], [refused("e")])


@pytest.mark.parametrize("name", [None, "not-there"])
def test_without_a_file_there_is_nothing(name: str | None, tmp_path: Path) -> None:
    assert list(OutcomeWatch(tmp_path / name if name else None).look()) == []
