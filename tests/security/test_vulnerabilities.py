"""What pip-audit could not look up is never taken for fine."""

import json
from typing import Any

from tests.security.vulnerabilities import Audit, audit_of, told

FINE = {"name": "six", "version": "1.17.0", "vulns": []}
FLAWED = {
    "name": "jinja2",
    "version": "2.4.1",
    "vulns": [{"id": "PYSEC-1", "fix_versions": ["2.8.1"]}, {"id": "PYSEC-2", "fix_versions": []}],
}
SKIPPED = {"name": "boto3", "skip_reason": "Dependency not found on PyPI: boto3 (1.43.106)"}


def printed(*dependencies: dict[str, Any]) -> str:
    return json.dumps({"dependencies": dependencies, "fixes": []})


def test_what_was_looked_up_and_is_fine_is_checked() -> None:
    assert audit_of(printed(FINE), "", "a.txt") == Audit(checked=("six",))


def test_a_known_weakness_is_told_with_what_mends_it() -> None:
    assert audit_of(printed(FINE, FLAWED), "", "a.txt").known == (
        "a.txt: jinja2 2.4.1 has PYSEC-1, mended in 2.8.1",
        "a.txt: jinja2 2.4.1 has PYSEC-2, mended in no version",
    )


def test_a_package_that_pip_audit_left_out_is_not_checked_though_it_ends_well() -> None:
    audit = audit_of(printed(FINE, SKIPPED), "", "a.txt")

    assert (audit.checked, audit.unchecked) == (("six",), ("boto3",))
    assert told([audit]) == (
        "could not reach the vulnerability data; 1 of 2 packages were not checked "
        "(Dependency not found on PyPI: boto3 (1.43.106))"
    )


def test_where_it_broke_nothing_is_checked_and_its_last_line_says_why() -> None:
    audit = audit_of("", "Traceback\nConnectionError: no such host\n", "a.txt")

    assert audit == Audit(unchecked=("all of a.txt",), why="ConnectionError: no such host")
    assert "could not reach" in told([audit])
    assert "pip-audit said nothing" in told([audit_of("", "", "a.txt")])


def test_where_all_was_looked_up_there_is_nothing_to_tell() -> None:
    assert (
        told([audit_of(printed(FINE), "", "a.txt"), audit_of(printed(FLAWED), "", "b.txt")]) == ""
    )
