"""`make security`: cfn-lint, checkov, bandit and pip-audit, and a count of what they are told to
leave alone.

Ends with 1 where something was found. What could not be looked at is said in the last line, and
ends it with 3 if it was called with `--strict`.
"""

import argparse
import json
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.security.suppressions import complaints, suppressions
from tests.security.vulnerabilities import Audit, audit_of, told

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv-security" / "bin"
SETTINGS = Path(__file__).parent
# What is deployed or run by people; tests are neither.
CODE = ("layers", "state_machine", "task_satisfier", "cloudseam_cli", "machines", "bench")
FOUND, UNCHECKED = 1, 3


@dataclass(frozen=True, slots=True)
class Verdict:
    """What one tool came to: `found` is its findings, `unchecked` why there is no verdict."""

    told: str
    found: str = ""
    unchecked: str = ""


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.security", description=__doc__)
    parser.add_argument("--strict", action="store_true", help="have everything looked at")
    is_strict = parser.parse_args(arguments).strict
    verdicts = [_timed(name, look) for name, look in LOOKS.items()]
    if any(each.found for each in verdicts):
        return FOUND
    unchecked = [name for name, each in zip(LOOKS, verdicts, strict=True) if each.unchecked]
    if unchecked:
        print(f"Nothing found, but NOT CHECKED: {', '.join(unchecked)}.")
        return UNCHECKED if is_strict else 0
    print("Nothing found.")
    return 0


def _timed(name: str, look: Callable[[], Verdict]) -> Verdict:
    began = time.monotonic()
    verdict = look()
    state = "FOUND" if verdict.found else "NOT CHECKED" if verdict.unchecked else "clean"
    seconds = time.monotonic() - began
    print(f"{name}: {state}: {verdict.unchecked or verdict.told} ({seconds:.0f} s)", flush=True)
    if verdict.found:
        print(verdict.found, flush=True)
    return verdict


def run(tool: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Runs a tool of `.venv-security` in the checkout."""
    command = [str(BIN / tool), *arguments]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def cfn_lint() -> Verdict:
    """Its own rules and the serverless ones, on the template as SAM transforms it."""
    ended = run("cfn-lint", "--config-file", str(SETTINGS / "cfn-lint.yaml"))
    return Verdict("the template", ended.stdout + ended.stderr if ended.returncode else "")


def checkov(*arguments: str) -> Verdict:
    """A run that looked at nothing, as after a renamed folder, is no clean one."""
    ended = run(
        "checkov", "--config-file", str(SETTINGS / "checkov.yaml"), "--output", "json", *arguments
    )
    try:
        printed: Any = json.loads(ended.stdout)
    except ValueError:
        return Verdict("", found=ended.stdout + ended.stderr)
    reports = printed if isinstance(printed, list) else [printed]
    passed = sum(report.get("summary", report)["passed"] for report in reports)
    failed = [check for report in reports for check in _failed(report)]
    if not passed:
        failed.append("checkov looked at nothing")
    return Verdict(f"{passed} checks passed", "\n".join(failed))


def _failed(report: dict[str, Any]) -> list[str]:
    return [
        f"{check['file_path']}: {check['resource']}: {check['check_id']} {check['check_name']}"
        for check in report.get("results", {}).get("failed_checks", [])
    ]


def bandit() -> Verdict:
    """From medium severity on: the rest says that subprocess, random or assert is used at all."""
    ended = run(
        "bandit", "--recursive", "--severity-level", "medium", "--format", "json", "--quiet", *CODE
    )
    printed = json.loads(ended.stdout)
    lines = [
        f"{each['filename']}:{each['line_number']}: {each['test_id']} {each['issue_text']}"
        for each in printed["results"]
    ] + [f"{each['filename']}: {each['reason']}" for each in printed["errors"]]
    return Verdict(f"{printed['metrics']['_totals']['loc']} lines", "\n".join(lines))


def pip_audit() -> Verdict:
    """Everything that is locked: what is deployed, and what builds and tests it."""
    locked = [ROOT / "layers" / "cloudseam" / "requirements.txt", *ROOT.glob("requirements/*.txt")]
    audits = [_audit(path) for path in sorted(locked)]
    known = [line for audit in audits for line in audit.known]
    return Verdict(f"{len(locked)} files", "\n".join(known), told(audits))


def _audit(path: Path) -> Audit:
    arguments = ("--require-hashes", "--disable-pip", "--progress-spinner", "off")
    ended = run("pip-audit", *arguments, "--format", "json", "--requirement", str(path))
    return audit_of(ended.stdout, ended.stderr, str(path.relative_to(ROOT)))


def counted() -> Verdict:
    """The suppressions themselves, so that nobody has to look for them."""
    found = suppressions(ROOT)
    listed = "".join(f"\n  {each}" for each in found)
    return Verdict(f"{len(found)}{listed}", "\n".join(complaints(found)))


LOOKS: dict[str, Callable[[], Verdict]] = {
    "cfn-lint": cfn_lint,
    "checkov, template": lambda: checkov(
        "--framework", "cloudformation", "serverless", "--file", "template.yaml"
    ),
    # Of modules it has no rules for terraform_data, which is all that the samples use.
    "checkov, images": lambda: checkov("--framework", "dockerfile", "--directory", "docker"),
    "bandit": bandit,
    "pip-audit": pip_audit,
    "suppressions": counted,
}

if __name__ == "__main__":
    sys.exit(main())
