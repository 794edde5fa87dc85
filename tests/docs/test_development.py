"""docs/development.md names every event that there is to try out."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs" / "development.md").read_text()


def test_the_page_says_of_every_event_what_comes_of_it() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `events/")]

    named = re.findall(r"`(events/[\w-]+\.json)`", "\n".join(rows))

    assert sorted(named) == sorted(
        str(path.relative_to(ROOT)) for path in (ROOT / "events").iterdir()
    )
