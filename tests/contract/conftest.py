"""Fixtures of the contract tests: each test of a store runs on every store."""

from collections.abc import Iterator

import pytest

from tests.contract.stores import STORES, Store
from tests.emulated import EmulatedAws, emulated_aws


@pytest.fixture(scope="module")
def aws() -> Iterator[EmulatedAws]:
    """An emulated AWS for a file of tests."""
    with emulated_aws() as aws:
        yield aws


@pytest.fixture(params=STORES)
def store(request: pytest.FixtureRequest) -> Store:
    """A store with nothing in it."""
    return STORES[request.param](request)
