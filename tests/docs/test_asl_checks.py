"""docs/asl-checks.md tells of every code, and of the fields that there are."""

import re
from pathlib import Path

from cloudseam.languages.asl import diagnostic
from cloudseam.languages.asl.file_kind import SUFFIXES
from cloudseam.languages.asl.rules.machines import MAX_NAME
from cloudseam.languages.asl.rules.maps import MAX_LABEL
from cloudseam.languages.asl.rules.value import MAX_DIAGNOSTICS
from cloudseam.languages.asl.validation import MAX_BYTES, MAX_LEVELS
from cloudseam.languages.yaml_rules import MAX_BYTES as MAX_FILE_BYTES
from cloudseam.languages.yaml_rules import MAX_DEPTH
from tests.docs.asl_fields_table import fields_table

PAGE = (Path(__file__).parents[2] / "docs" / "asl-checks.md").read_text()
CODE = re.compile(r"[A-Z]+(?:_[A-Z]+)+")


def test_the_page_has_each_code_and_no_other() -> None:
    codes = {
        value
        for value in vars(diagnostic).values()
        if isinstance(value, str) and CODE.fullmatch(value)
    }

    assert set(re.findall(r"^\| `([A-Z_]+)` \|", PAGE, re.MULTILINE)) == codes


def test_the_page_has_the_fields_of_each_type() -> None:
    assert fields_table() in PAGE


def test_the_page_has_the_limits() -> None:
    for limit in (
        f"{MAX_BYTES:,} bytes",
        f"{MAX_FILE_BYTES // 1024} KiB",
        f"{MAX_LEVELS} levels",
        f"{MAX_DEPTH} levels",
        f"{MAX_DIAGNOSTICS:,} ",
        f"{MAX_NAME} characters",
        f"{MAX_LABEL} characters",
    ):
        assert limit in PAGE
    for suffix in SUFFIXES:
        assert f"`*{suffix}`" in PAGE
