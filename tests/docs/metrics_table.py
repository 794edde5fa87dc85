"""The metrics that docs/configuration.md lists."""

import re
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "configuration.md"


def metrics() -> list[str]:
    """Their names, in the table's order."""
    section = PAGE.read_text().partition("\n## Metrics\n")[2].partition("\n## ")[0]
    rows = [line for line in section.splitlines() if line.startswith("| `")]
    return [name for row in rows for name in re.findall(r"`(\w+)`", row.split("|")[1])]
