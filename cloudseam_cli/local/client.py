"""AWS clients that can only talk to an emulator: nothing of the user's configuration is read."""

from __future__ import annotations

import os
from typing import Any

from cloudseam_cli.embedded_aws import REGION

# Where botocore looks for each: name in the file, variables, value, conversion.
NOTHING_READ = {
    "profile": (None, None, None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def emulator_client(service: str, endpoint_url: str, **config: Any) -> Any:
    """A client with invented credentials. `config` is botocore's.

    A profile, a region, an endpoint or a proxy that the user has set for real work has no effect.
    """
    import boto3
    import botocore.session
    from botocore.config import Config

    core = botocore.session.Session(session_vars=NOTHING_READ)
    session = boto3.Session(
        aws_access_key_id="test",
        aws_secret_access_key="test",
        region_name=REGION,
        botocore_session=core,
    )
    return session.client(service, endpoint_url=endpoint_url, config=Config(proxies={}, **config))  # type: ignore[call-overload]
