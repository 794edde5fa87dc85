"""Reports as lines for people."""

import time
from collections.abc import Callable, Mapping

from cloudseam_cli.local.report import Kind, Report
from cloudseam_cli.text import printable

NEW = "(new)"
GONE = "(gone)"


def told(report: Report) -> str:
    """One report as a line, with the time; a reason may go on over more lines."""
    clock = time.strftime("%H:%M:%S", time.localtime(report.at))
    who = f"{report.stack}  " if report.stack else ""
    return printable(f"{clock}  {who}{_WORDS[report.kind](report)}")


def _moved(report: Report) -> str:
    asks = f"; asks for {', '.join(report.tasks)}" if report.tasks else ""
    if report.entered is None:
        return f"{report.event} applied{asks}"
    left = report.left or NEW
    if not report.is_removed:
        return f"{left} → {report.entered} by {report.event}{asks}"
    through = "" if report.left in (None, report.entered) else f" → {report.entered}"
    return f"{left}{through} → {GONE} by {report.event}"


def _returned(report: Report) -> str:
    return f"{report.event} not applied, will be tried again: {report.reason}"


def _dead_letter(report: Report) -> str:
    task = f" of task {', '.join(report.tasks)}" if report.tasks else ""
    return f"DEAD LETTER {report.event}{task}: {report.reason}"


_WORDS: Mapping[Kind, Callable[[Report], str]] = {
    Kind.READY: lambda report: "ready",
    Kind.MOVED: _moved,
    Kind.SATISFIED: lambda report: f"task {', '.join(report.tasks)} satisfied",
    Kind.FAILED: lambda report: f"TASK FAILED {', '.join(report.tasks)}: {report.reason}",
    Kind.IGNORED: lambda report: f"{report.event} ignored: {report.reason}",
    Kind.RETURNED: _returned,
    Kind.STARTED: lambda report: f"task {', '.join(report.tasks)} started ({report.reason})",
    Kind.RAISED: lambda report: f"FUNCTION FAILED: {report.reason}",
    Kind.DEAD_LETTER: _dead_letter,
    Kind.NOTE: lambda report: report.reason,
}
