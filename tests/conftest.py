"""Fixtures that tests of several folders share."""

import logging
from collections.abc import Iterator
from functools import cache

import botocore.session
import pytest

from cloudseam import observability
from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.emulator import in_environment_of
from tests.postgres import PostgresServer

# Each emulated AWS begins with a session of its own. They share the models of services: to read
# that of DynamoDB takes longer than most tests.
botocore.session.create_loader = cache(botocore.session.create_loader)


@pytest.fixture(autouse=True)
def nothing_counted() -> None:
    """What one test has counted and never told is not for the metrics of the next."""
    observability._counted.clear()
    observability._measured.clear()


@pytest.fixture(scope="session")
def emulator() -> Iterator[EmbeddedAws]:
    """An embedded AWS for the whole run: name what you create after your test."""
    with EmbeddedAws(0) as aws:
        yield aws


@pytest.fixture
def on_emulator(emulator: EmbeddedAws) -> Iterator[EmbeddedAws]:
    """The embedded AWS, in the environment of whatever the test starts."""
    with in_environment_of(emulator):
        yield emulator


class LogLines(logging.Handler):
    """Keeps what it is told."""

    def __init__(self) -> None:
        super().__init__()
        self.records: list[logging.LogRecord] = []

    def emit(self, record: logging.LogRecord) -> None:
        """See `logging.Handler.emit`."""
        self.records.append(record)

    @property
    def messages(self) -> list[str]:
        """The texts, in order."""
        return [record.getMessage() for record in self.records]


@pytest.fixture
def terraform_log() -> Iterator[LogLines]:
    """What Terraform told the log."""
    logger, lines = logging.getLogger("cloudseam.terraform"), LogLines()
    level = logger.level
    logger.addHandler(lines)
    logger.setLevel(logging.INFO)
    yield lines
    logger.setLevel(level)
    logger.removeHandler(lines)


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """A PostgreSQL server for the whole run: make a database of your own on it."""
    with PostgresServer() as server:
        yield server
