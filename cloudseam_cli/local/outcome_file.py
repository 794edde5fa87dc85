"""`.cloudseam/outcomes.jsonl`: what became of each event, for a `send` that waits."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from cloudseam_cli.local.report import Kind, Report

# It begins again when it is as large: it serves waits of now, and is no log.
MAX_BYTES = 4_000_000


class OutcomeFile:
    """One line for each outcome of an event that has an id; the console writes, waits read."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def clear(self) -> None:
        """Begins again with nothing."""
        self._path.write_text("")

    def keep(self, report: Report) -> None:
        """Adds a report, if it is of an event's outcome."""
        if not report.event_id or report.kind is Kind.DEAD_LETTER:
            return
        with self._path.open("a", encoding="utf-8") as file:
            if file.tell() > MAX_BYTES:
                file.truncate(0)
            file.write(report.line())


class OutcomeWatch:
    """What a file gets from now on. Without a file, or when it goes away, that is nothing."""

    def __init__(self, path: Path | None) -> None:
        self._path = path
        self._offset = self._size()

    def look(self) -> Iterator[Report]:
        """What has come since the last look."""
        if self._path is None or self._size() == self._offset:
            return
        if self._size() < self._offset:
            self._offset = 0
        with contextlib.suppress(OSError):
            for line in self._new_lines(self._path):
                with contextlib.suppress(ValueError, KeyError, TypeError):
                    yield Report.parse(line)

    def _new_lines(self, path: Path) -> list[str]:
        """Whole lines only: the console may be writing one."""
        with path.open("rb") as file:
            file.seek(self._offset)
            whole, end, _ = file.read().rpartition(b"\n")
        self._offset += len(whole + end)
        return whole.decode(errors="replace").splitlines()

    def _size(self) -> int:
        with contextlib.suppress(OSError):
            return self._path.stat().st_size if self._path else 0
        return 0
