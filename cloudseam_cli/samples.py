"""The sample machines: in a checkout at its top, in an installed package inside it."""

from pathlib import Path

from cloudseam.errors import CloudSeamError

PLACES = (Path(__file__).parents[1] / "machines", Path(__file__).with_name("machines"))


class SamplesMissingError(CloudSeamError):
    """The sample machines are not installed."""


def samples_folder() -> Path:
    """The folder that has them.

    Raises:
        SamplesMissingError: neither place has them.
    """
    for place in PLACES:
        if (place / "preview.yml").is_file():
            return place
    raise SamplesMissingError(
        "The sample machines are not installed. Run the demo from a checkout, with `make demo`."
    )
