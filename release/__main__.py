"""`make package`: from what `sam build` made to what people deploy without building."""

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from cloudseam import __version__
from release.archive import sha256, write_archive
from release.template import built_resources, packaged_template

ROOT = Path(__file__).parents[1]
CHECKSUMS = "SHA256SUMS"


def main(arguments: Sequence[str] | None = None) -> int:
    """Exits with 1 where the template or the build is not as it should be."""
    parser = argparse.ArgumentParser(prog="python -m release", description=__doc__)
    parser.add_argument("--build", type=Path, default=ROOT / ".aws-sam" / "build")
    parser.add_argument("--to", type=Path, default=ROOT / "dist")
    asked = parser.parse_args(arguments)
    try:
        package((ROOT / "template.yaml").read_text(), asked.build, asked.to)
    except (OSError, ValueError) as error:
        print(f"release: {error}", file=sys.stderr)
        return 1
    print((asked.to / CHECKSUMS).read_text(), end="")
    return 0


def package(template: str, build: Path, to: Path) -> None:
    """Writes the zips, the template, and the checksums of all there is in the folder then.

    Raises:
        OSError: the folder cannot be written.
        ValueError: a part has not been built, or the template is not what this was written for.
    """
    to.mkdir(parents=True, exist_ok=True)
    for old in to.glob("*.zip"):  # of a build before, of other names
        old.unlink()
    archives = {
        resource: write_archive(build / resource, to, resource).name
        for resource in built_resources(template)
    }
    (to / "template.yaml").write_text(packaged_template(template, archives, __version__))
    told = (path for path in sorted(to.iterdir()) if path.is_file() and path.name != CHECKSUMS)
    (to / CHECKSUMS).write_text("".join(f"{sha256(path)}  {path.name}\n" for path in told))


if __name__ == "__main__":
    sys.exit(main())
