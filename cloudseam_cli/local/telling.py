"""Reports as lines for people."""

import time
from collections.abc import Callable, Mapping
from shlex import quote

from cloudseam.event import RETRY_FAILED_TASKS
from cloudseam_cli.local.report import Kind, Report
from cloudseam_cli.text import printable

NEW = "(new)"
GONE = "(gone)"


def told(report: Report, *, here: str | None = None) -> str:
    """One report as a line, with the time; a reason may go on over more lines.

    `here` is what a `cloudseam send` needs besides to reach this console; with it, a failed task's
    line ends with the command that runs the task again.
    """
    clock = time.strftime("%H:%M:%S", time.localtime(report.at))
    who = f"{report.stack}  " if report.stack else ""
    line = printable(f"{clock}  {who}{_WORDS[report.kind](report)}")
    return line if here is None else line + _way_on(report, here)


def _way_on(report: Report, here: str) -> str:
    """The command after a failed task, where its stack has a name that can be typed."""
    if report.retry_at or report.goes_on:
        return ""  # it is tried again by itself, or its machine says what comes then
    if report.kind is not Kind.FAILED or printable(report.stack) != report.stack:
        return ""
    # A word that begins with a dash would be read as an option.
    end = (
        f" -- {quote(report.stack)}" if report.stack.startswith("-") else f" {quote(report.stack)}"
    )
    return f"  — run it again: cloudseam send{here}{end} {RETRY_FAILED_TASKS}"


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


def _again(report: Report) -> str:
    if not report.retry_at:
        return f": {report.reason}"
    clock = time.strftime("%H:%M:%S", time.localtime(report.retry_at / 1000))
    return f", will be tried again at {clock}: {report.reason}"


def _dead_letter(report: Report) -> str:
    task = f" of task {', '.join(report.tasks)}" if report.tasks else ""
    message = f" (message {report.message_id})" if report.message_id else ""
    return f"DEAD LETTER {report.event}{task}{message}: {report.reason}"


_WORDS: Mapping[Kind, Callable[[Report], str]] = {
    Kind.READY: lambda report: "ready",
    Kind.MOVED: _moved,
    Kind.SATISFIED: lambda report: f"task {', '.join(report.tasks)} satisfied",
    Kind.FAILED: lambda report: f"TASK FAILED {', '.join(report.tasks)}{_again(report)}",
    Kind.IGNORED: lambda report: f"{report.event} ignored: {report.reason}",
    Kind.RETURNED: _returned,
    Kind.STARTED: lambda report: f"task {', '.join(report.tasks)} started ({report.reason})",
    Kind.RAISED: lambda report: f"FUNCTION FAILED: {report.reason}",
    Kind.DEAD_LETTER: _dead_letter,
    Kind.NOTE: lambda report: report.reason,
}
