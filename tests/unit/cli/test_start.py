"""Commands start fast: what takes long to import is imported when it is needed."""

import subprocess
import sys

import pytest

from cloudseam_cli.main import COMMANDS

SLOW = ("boto3", "botocore", "rich", "pydantic", "ministack", "aws_lambda_powertools", "yaml")
HELP = """
import sys
from cloudseam_cli.main import main
try:
    main([sys.argv[1], "--help"])
finally:
    print("imported:", *sorted(set(sys.argv[2:]) & set(sys.modules)), file=sys.stderr)
"""


@pytest.mark.parametrize("command", COMMANDS)
def test_help_imports_nothing_that_is_slow(command: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", HELP, command, *SLOW], capture_output=True, text=True, check=True
    )

    assert ended.stdout.startswith(f"usage: cloudseam {command}")
    assert ended.stderr == "imported:\n"
