"""The sample machines: in a checkout at its top, in an installed package inside it."""

import shutil
from pathlib import Path

from cloudseam.errors import CloudSeamError

MACHINES = ("preview.yml", "preview-functions.yml")
PARTS = ("modules", "functions")
PLACES = (Path(__file__).parents[1] / "machines", Path(__file__).with_name("machines"))


class SamplesMissingError(CloudSeamError):
    """The sample machines are not installed."""


def copy_samples(folder: Path) -> None:
    """Puts the samples, and all that they need, into a new folder.

    Raises:
        SamplesMissingError: neither place has them.
    """
    source = _samples_folder()
    folder.mkdir()
    for name in MACHINES:
        shutil.copy(source / name, folder / name)
    for name in PARTS:
        shutil.copytree(source / name, folder / name)


def _samples_folder() -> Path:
    for place in PLACES:
        if (place / MACHINES[0]).is_file():
            return place
    raise SamplesMissingError(
        "The sample machines are not installed. Run the demo from a checkout, with `make demo`."
    )
