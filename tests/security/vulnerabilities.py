"""What pip-audit found out about locked requirements, which may be nothing at all.

Where it cannot reach the index's vulnerability data, pip-audit leaves packages out and still ends
well. Here that is a result of its own.
"""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Audit:
    """`known`: a line for each vulnerability. `unchecked`: the packages that nothing is known of.

    `why` is what pip-audit said of the first of them, or of itself where it looked at none.
    """

    checked: tuple[str, ...] = ()
    known: tuple[str, ...] = ()
    unchecked: tuple[str, ...] = ()
    why: str = ""


def audit_of(printed: str, complaint: str, name: str) -> Audit:
    """Reads what pip-audit printed for a file with `--format json`, or what it complained of."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(printed)["dependencies"]
    except (ValueError, KeyError, TypeError):
        last = complaint.strip().splitlines()[-1:] or ["pip-audit said nothing"]
        return Audit(unchecked=(f"all of {name}",), why=last[0][:300])
    skipped = [each for each in dependencies if "skip_reason" in each]
    found = [each for each in dependencies if "skip_reason" not in each]
    return Audit(
        checked=tuple(each["name"] for each in found),
        known=tuple(
            f"{name}: {each['name']} {each['version']} has {flaw['id']}, mended in "
            f"{', '.join(flaw.get('fix_versions') or ['no version'])}"
            for each in found
            for flaw in each["vulns"]
        ),
        unchecked=tuple(each["name"] for each in skipped),
        why=str(skipped[0]["skip_reason"]) if skipped else "",
    )


def told(audits: Sequence[Audit]) -> str:
    """What could not be looked up, of all files: empty if all was."""
    unchecked = {package for audit in audits for package in audit.unchecked}
    if not unchecked:
        return ""
    why = next(audit.why for audit in audits if audit.unchecked)
    return (
        f"could not reach the vulnerability data; {len(unchecked)} of "
        f"{len(unchecked | {name for audit in audits for name in audit.checked})} packages "
        f"were not checked ({why})"
    )
