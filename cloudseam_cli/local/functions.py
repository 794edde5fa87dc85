"""Deploys a folder of Python files as Lambda functions: `NAME.py` becomes function NAME."""

from __future__ import annotations

import io
import re
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from cloudseam_cli.embedded_aws import ACCOUNT
from cloudseam_cli.local.client import emulator_client
from cloudseam_cli.local.report import Kind, Report

if TYPE_CHECKING:
    from mypy_boto3_lambda import LambdaClient

# The emulator runs functions with the interpreter that it runs with itself.
RUNTIME = f"python{sys.version_info.major}.{sys.version_info.minor}"
HANDLER = "lambda_handler"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/cloudseam-local"
TIMEOUT_SECONDS = 300


class FunctionFolder:
    """The functions of a folder, deployed again when their files change."""

    def __init__(self, folder: Path, endpoint_url: str) -> None:
        self._folder = folder
        self._endpoint_url = endpoint_url
        self._seen: dict[Path, tuple[int, int]] = {}
        self._client: LambdaClient | None = None

    def deploy_changed(self) -> Iterator[Report]:
        """Deploys what is new or has changed, and tells what it did, or why it could not."""
        for path in sorted(self._folder.glob("[!_]*.py")):
            try:
                status = path.stat()
                source = path.read_bytes()
            except OSError:
                continue  # an editor is at it; it will be there again at the next look
            stamp = (status.st_mtime_ns, status.st_size)
            if self._seen.get(path) != stamp:
                self._seen[path] = stamp
                problem = problem_of(path, source)
                if problem is None:
                    self._deploy(path.stem, source)
                yield Report(Kind.NOTE, reason=problem or f"function {path.stem} deployed")

    def _deploy(self, name: str, source: bytes) -> None:
        client = self._client = self._client or emulator_client("lambda", self._endpoint_url)
        code = _zipped(f"{name}.py", source)
        try:
            client.update_function_code(FunctionName=name, ZipFile=code)
        except client.exceptions.ResourceNotFoundException:
            client.create_function(
                FunctionName=name,
                Runtime=RUNTIME,  # type: ignore[arg-type]  # whichever Python this is
                Role=ROLE,
                Handler=f"{name}.{HANDLER}",
                Code={"ZipFile": code},
                Timeout=TIMEOUT_SECONDS,
            )


def problem_of(path: Path, source: bytes) -> str | None:
    """Why a file cannot be deployed, in words, if it cannot."""
    if not re.fullmatch(r"[A-Za-z0-9_-]{1,64}", path.stem):
        return f"{path}: a function's name has 1 to 64 letters, digits, - and _. Rename the file."
    try:
        compiled = compile(source, str(path), "exec")
    except (SyntaxError, ValueError) as error:
        line = getattr(error, "lineno", None) or 1
        why = error.msg if isinstance(error, SyntaxError) else str(error)
        return f"{path}:{line}: {why}. The function is not deployed until the file is mended."
    if HANDLER not in compiled.co_names:
        return f"{path}: has no `{HANDLER}`. Define `def {HANDLER}(event, context)` in it."
    return None


def _zipped(name: str, source: bytes) -> bytes:
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as file:
        file.writestr(name, source)
    return archive.getvalue()
