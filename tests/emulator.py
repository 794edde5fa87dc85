"""The embedded AWS for tests: started once, shared by all, gone when the tests end."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from unittest.mock import patch

from cloudseam_cli.embedded_aws import EmbeddedAws


@contextmanager
def in_environment_of(aws: EmbeddedAws) -> Iterator[None]:
    """Has every client, and every process started, talk to it and to nothing else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    with patch.dict(os.environ, {**kept, **aws.environment}, clear=True):
        yield
