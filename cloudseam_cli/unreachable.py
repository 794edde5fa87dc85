"""What keeps a command from queue or store, with the next step."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import urlsplit

from cloudseam.errors import CloudSeamError, ServiceUnavailableError
from cloudseam_cli.embedded_aws import LOOPBACK

HERE = {LOOPBACK, "localhost", "::1"}
NO_REGION = (
    "no AWS region is known. Set AWS_REGION (for stacks in PostgreSQL AWS_DEFAULT_REGION), or name "
    "the --port of a `cloudseam dev`."
)
NO_CREDENTIALS = (
    "no AWS credentials are found. Log in as for every AWS tool, or name the --port of a "
    "`cloudseam dev`."
)


class NoTargetError(CloudSeamError):
    """There is nothing to talk to."""


@contextmanager
def reaching(what: str) -> Iterator[None]:
    """Around calls; `what` begins the sentence that says why they cannot be made.

    Raises:
        NoTargetError: a call did not get its answer.
    """
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except (BotoCoreError, ClientError, ServiceUnavailableError) as error:
        raise NoTargetError(f"{what}: {reason_of(error)}") from error


def reason_of(error: Exception) -> str:
    """Why there was no answer, and what to do where that is known."""
    from botocore import exceptions as aws

    cause = error.__cause__ if isinstance(error, ServiceUnavailableError) else error
    if isinstance(cause, aws.NoRegionError):
        return NO_REGION
    if isinstance(cause, aws.NoCredentialsError):
        return NO_CREDENTIALS
    if isinstance(cause, aws.EndpointConnectionError):
        return _nobody_at(cause.kwargs["endpoint_url"])
    return str(error)


def is_here(url: str) -> bool:
    """Whether a URL leads to this computer."""
    return urlsplit(url).hostname in HERE


def _nobody_at(url: str) -> str:
    parts = urlsplit(url)
    place = f"{parts.scheme}://{parts.netloc.rpartition('@')[2]}"
    if is_here(url):
        return f"nothing listens at {place}; is `cloudseam dev` running?"
    return f"{place} cannot be reached. Check region, endpoint and network."
