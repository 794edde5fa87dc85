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

from tests.security.suppressions import Finding, complaints, not_suppressed, suppressions
from tests.security.vulnerabilities import Audit, audit_of, told

ROOT = Path(__file__).parents[2]
BIN = ROOT / ".venv-security" / "bin"
# What is deployed or run by people; tests are neither.
CODE = ("layers", "state_machine", "task_satisfier", "cloudseam_cli", "machines", "bench")
# What people deploy beside the template.
EXAMPLES = (
    "docs/examples/sources/event-bridge.yaml",
    "docs/examples/sources/sns.yaml",
    "docs/examples/github/role.yaml",
)
API_EXAMPLE = "docs/examples/sources/api-gateway.yaml"
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
    """Its own rules and the serverless ones, on the template as SAM transforms it, and on examples.

    Of api-gateway.yaml its own only: the serverless ones ask for X-Ray, which costs, and for a log,
    for which an account needs a role that is no single API's to give it.
    """
    serverless = ("--append-rules", "cfn_lint_serverless.rules")
    looks = [("template.yaml", *EXAMPLES, *serverless), (API_EXAMPLE,)]
    ended = [run("cfn-lint", "--format", "json", *look) for look in looks]
    try:
        printed = [each for one in ended for each in json.loads(one.stdout)]
    except ValueError:
        return Verdict("", found="".join(one.stdout + one.stderr for one in ended))
    findings = [Finding(each["Rule"]["Id"], _linted(each)) for each in printed]
    return _judged("cfn-lint", f"{len(EXAMPLES) + 2} templates", findings)


def _linted(printed: dict[str, Any]) -> str:
    line = printed["Location"]["Start"]["LineNumber"]
    return f"{printed['Filename']}:{line}: {printed['Rule']['Id']} {printed['Message']}"


def checkov() -> Verdict:
    """The template, images and examples, but for api-gateway.yaml: it asks for a cache, of a POST.

    Of modules it has no rules for terraform_data, which is all that the samples use. A run that
    looked at nothing, as after a renamed folder, is no clean one.
    """
    passed, findings = 0, []
    for look in (
        ("--framework", "cloudformation", "serverless", "--file", "template.yaml"),
        ("--framework", "cloudformation", "--file", *EXAMPLES),
        ("--framework", "dockerfile", "--directory", "docker"),
    ):
        ended = run("checkov", "--output", "json", "--quiet", "--skip-download", *look)
        try:
            printed: Any = json.loads(ended.stdout)
        except ValueError:
            return Verdict("", found=ended.stdout + ended.stderr)
        reports = printed if isinstance(printed, list) else [printed]
        here = sum(report.get("summary", report)["passed"] for report in reports)
        if not here:
            findings.append(Finding("", f"checkov looked at nothing of {look[-1]}"))
        findings += [check for report in reports for check in _failed(report)]
        passed += here
    return _judged("checkov", f"{passed} checks passed", findings)


def _failed(report: dict[str, Any]) -> list[Finding]:
    return [
        Finding(
            check["check_id"],
            f"{check['file_path']}: {check['resource']}: {check['check_id']} {check['check_name']}",
        )
        for check in report.get("results", {}).get("failed_checks", [])
    ]


def _judged(tool: str, told: str, findings: list[Finding]) -> Verdict:
    """The tool itself is told of no suppression, so that one that is not needed shows."""
    return Verdict(told, "\n".join(not_suppressed(tool, suppressions(ROOT), findings)))


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
    "checkov": checkov,
    "bandit": bandit,
    "pip-audit": pip_audit,
    "suppressions": counted,
}

if __name__ == "__main__":
    sys.exit(main())
