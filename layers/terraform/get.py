"""Puts Terraform where `sam build` takes it from: a release whose checksum is known, or your own.

`make terraform-layer` runs this; docs/executors.md says how.
"""

import argparse
import hashlib
import shutil
import sys
import tempfile
import urllib.request
import zipfile
from collections.abc import Sequence
from pathlib import Path

from program import GO, NAMES, LayerError, check

HERE = Path(__file__).parent
# As the releases' own SHA256SUMS have it.
CHECKSUMS = "releases.sha256"
RELEASES = "https://releases.hashicorp.com/terraform"
# Of what urllib can open: no file and no FTP, wherever a redirect leads.
HTTP_ONLY = (
    urllib.request.ProxyHandler,
    urllib.request.HTTPHandler,
    urllib.request.HTTPSHandler,
    urllib.request.HTTPRedirectHandler,
    urllib.request.HTTPErrorProcessor,
    urllib.request.HTTPDefaultErrorHandler,
    urllib.request.UnknownHandler,
)
SECONDS_WITHOUT_A_BYTE = 60


def main(arguments: Sequence[str] | None = None) -> int:
    """Exits with 1, and leaves what was there, where the program cannot be had."""
    told = _parser().parse_args(arguments)
    folder: Path = told.layer / told.architecture / "bin"
    try:
        with tempfile.TemporaryDirectory(dir=told.layer) as work:
            program = _program(told, Path(work))
            version = check(program, told.architecture)
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            program.rename(folder / program.name)
    except (LayerError, OSError) as error:
        print(f"terraform-layer: {error}", file=sys.stderr)
        return 1
    print(f"{folder / program.name}: {version or 'not run, as this computer is another'}")
    print("`sam build` packs it; deploy with TerraformLayer=built.")
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="make terraform-layer", description=__doc__)
    parser.add_argument("--architecture", choices=tuple(GO), default="arm64")
    parser.add_argument("--url", default=RELEASES, help="where releases are downloaded from")
    parser.add_argument("--layer", type=Path, default=HERE, help=argparse.SUPPRESS)
    parser.add_argument("path", nargs="?", type=Path, help="a release (.zip), or a program")
    return parser


def _program(told: argparse.Namespace, work: Path) -> Path:
    """The program, in the work folder and ready to run."""
    if told.path and told.path.suffix != ".zip":
        name = next((name for name in NAMES if name in told.path.name), NAMES[0])
        return _ready(Path(shutil.copyfile(told.path, work / name)))
    checksums = _checksums(told.layer / CHECKSUMS)
    release = told.path or _downloaded(checksums, told.architecture, told.url, work)
    _compare(release, checksums)
    return _unpacked(release, work)


def _checksums(path: Path) -> dict[str, str]:
    """By a release's file name its SHA-256."""
    lines = [line.split() for line in path.read_text().splitlines() if line.strip()]
    return {name: digest for digest, name in lines}


def _downloaded(checksums: dict[str, str], architecture: str, url: str, work: Path) -> Path:
    """The release that is last in the list."""
    ending = f"_linux_{GO[architecture]}.zip"
    known = [name for name in checksums if name.startswith("terraform_") and name.endswith(ending)]
    if not known:
        raise LayerError(f"{CHECKSUMS} has no terraform_VERSION{ending}. Add its line.")
    source = f"{url}/{known[-1].split('_')[1]}/{known[-1]}"
    release = work / known[-1]
    try:
        with (
            _opener().open(source, timeout=SECONDS_WITHOUT_A_BYTE) as answer,
            release.open("wb") as file,
        ):
            shutil.copyfileobj(answer, file)
    except OSError as error:
        raise LayerError(
            f"{source} was not downloaded: {error}. Give the file, if you have it: FROM=…"
        ) from error
    return release


def _opener() -> urllib.request.OpenerDirector:
    opener = urllib.request.OpenerDirector()
    for handler in HTTP_ONLY:
        opener.add_handler(handler())
    return opener


def _compare(release: Path, checksums: dict[str, str]) -> None:
    """Refuses a file that is not the release that its name says."""
    known = checksums.get(release.name)
    if known is None:
        raise LayerError(
            f"{CHECKSUMS} does not know {release.name}. "
            "Add its line, from the release's SHA256SUMS."
        )
    with release.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    if digest != known:
        raise LayerError(f"{release} has the SHA-256 {digest}, but {CHECKSUMS} says {known}.")


def _unpacked(release: Path, work: Path) -> Path:
    """Its program alone: whatever else is packed stays there."""
    with zipfile.ZipFile(release) as archive:
        name = next((name for name in NAMES if name in archive.namelist()), None)
        if name is None:
            raise LayerError(f"{release} has neither terraform nor tofu in it.")
        with archive.open(name) as packed, (work / name).open("wb") as file:
            shutil.copyfileobj(packed, file)
    return _ready(work / name)


def _ready(program: Path) -> Path:
    program.chmod(program.stat().st_mode | 0o555)  # Lambda runs it as a user of its own
    return program


if __name__ == "__main__":
    sys.exit(main())
