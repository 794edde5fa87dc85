"""The corpora of machine files with findings: `machine_files/*.txt`, `actions_files/*.txt`.

Each case is `=== name`, the file's text, and after `--- findings` what is found, one in a line:
`line:column severity place | problem fix`. The lines are complete: nothing else is found.
"""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cloudseam.finding import Finding

FOLDER = Path(__file__).with_name("machine_files")
ACTIONS_FOLDER = Path(__file__).with_name("actions_files")


class FindingCase(NamedTuple):
    """One text, and what is to be found in it."""

    name: str
    text: str
    findings: list[str]


def finding_cases(folder: Path = FOLDER) -> Iterator[FindingCase]:
    """All cases of a corpus."""
    for path in sorted(folder.glob("*.txt")):
        for part in path.read_text().split("=== ")[1:]:
            title, _, rest = part.partition("\n")
            text, _, findings = rest.partition("--- findings\n")
            yield FindingCase(f"{path.stem}: {title}", text, findings.strip().splitlines())


def as_line(finding: Finding) -> str:
    """A finding as the corpus writes it."""
    where = f"{finding.line}:{finding.column} {finding.severity} {finding.place}".rstrip()
    return f"{where} | {finding.problem} {finding.fix}"
