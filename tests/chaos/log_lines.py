"""Lines of JSON that processes and functions wrote."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The lines that are JSON objects. The last one of a process that was killed may be torn."""
    if not path.exists():
        return
    for line in path.read_text(errors="replace").splitlines():
        try:
            parsed = json.loads(line)
        except ValueError:
            continue
        if isinstance(parsed, dict):
            yield parsed


def attempt_of(line: dict[str, Any]) -> tuple[str, int, int, str]:
    """Which attempt of a task a line of the satisfier is about: stack, epoch, number and task."""
    return line["stack_id"], line["epoch"], line["attempt"], line["task"]
