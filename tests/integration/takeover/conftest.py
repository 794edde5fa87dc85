"""An installation of the original, in each store."""

from collections.abc import Iterator

import pytest

from tests.emulated import EmulatedAws, emulated_aws
from tests.integration.takeover.originals import ORIGINALS, Original


@pytest.fixture
def aws() -> Iterator[EmulatedAws]:
    """An emulated AWS."""
    with emulated_aws() as aws:
        yield aws


@pytest.fixture(params=ORIGINALS)
def original(request: pytest.FixtureRequest) -> Original:
    """It has no stack yet."""
    return ORIGINALS[request.param](request)
