"""An embedded AWS that enforces IAM, and a deployment of the built template for each store.

Tests that run on several processors have them once for each processor.
"""

import os
from collections.abc import Iterator

import pytest

from tests.e2e.installation import (
    SURROUNDINGS,
    Cloud,
    Installation,
    in_database,
    local_cloud,
    with_terraform,
)
from tests.postgres import PostgresServer

OPTIONS = {
    "AlarmEmail": "operators@example.org",
    "FairQueues": "stack",
    "ReservedEventConcurrency": "10",
    "ReservedTaskConcurrency": "10",
    "TracingMode": "Active",
}

RUNTIME_PYTHON = os.environ.get("RUNTIME_PYTHON", "")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Nothing is built but by `make`."""
    if not RUNTIME_PYTHON:
        skip = pytest.mark.skip(reason="nothing is built; `make e2e` builds and runs this")
        for item in items:
            if "e2e" in item.path.parts:
                item.add_marker(skip)


@pytest.fixture(scope="session")
def cloud() -> Iterator[Cloud]:
    """The AWS, with functions for tasks, modules and rights in it."""
    with local_cloud(RUNTIME_PYTHON) as cloud:
        yield cloud


@pytest.fixture(scope="session")
def on_dynamodb(cloud: Cloud) -> Installation:
    """A deployment as its defaults have it, but for Terraform."""
    installation = Installation(cloud, "on-dynamodb", with_terraform())
    installation.deploy()
    installation.put_machines()
    return installation


@pytest.fixture(scope="session")
def on_postgres(cloud: Cloud, postgres: PostgresServer) -> Iterator[Installation]:
    """A deployment that is told of a database by a secret, with every option of an operator."""
    credentials = postgres.over_tcp(postgres.new_user())
    bus = cloud.outputs(SURROUNDINGS)["TransitionBusArn"]
    with in_database(cloud, "on-postgres", credentials) as installation:
        more = {"TransitionBusArn": bus, "KmsKeyArn": cloud.key()}
        installation.parameters = {
            **installation.parameters,
            **OPTIONS,
            **with_terraform(),
            **more,
        }
        installation.deploy()
        installation.put_machines()
        yield installation


@pytest.fixture(params=["on_dynamodb", "on_postgres"])
def installation(request: pytest.FixtureRequest) -> Installation:
    """Each of them."""
    found: Installation = request.getfixturevalue(request.param)
    return found
