"""When the lean client would not do what boto3 does: settings that it does not know."""

from collections.abc import Mapping
from pathlib import Path

from cloudseam.lean_client.endpoint import domain_of

# Variables that change where, how or through what boto3 calls (AWS SDKs reference guide,
# "Settings reference"). Credentials are not here: botocore finds these for both.
VARIABLES = (
    "AWS_ACCOUNT_ID_ENDPOINT_MODE",
    "AWS_AUTH_SCHEME_PREFERENCE",
    "AWS_DATA_PATH",
    "AWS_DEFAULTS_MODE",
    "AWS_DEFAULT_PROFILE",
    "AWS_IGNORE_CONFIGURED_ENDPOINT_URLS",
    "AWS_NEW_RETRIES_2026",
    "AWS_PROFILE",
    "AWS_REQUEST_CHECKSUM_CALCULATION",
    "AWS_RESPONSE_CHECKSUM_VALIDATION",
    "AWS_S3_DISABLE_EXPRESS_SESSION_AUTH",
    "AWS_S3_US_EAST_1_REGIONAL_ENDPOINT",
    "AWS_SDK_UA_APP_ID",
    "AWS_SIGV4A_SIGNING_REGION_SET",
    "AWS_USE_DUALSTACK_ENDPOINT",
    "AWS_USE_FIPS_ENDPOINT",
)
PROXIES = frozenset({"http_proxy", "https_proxy"})
FILES = {
    "AWS_CONFIG_FILE": "~/.aws/config",
    "AWS_SHARED_CREDENTIALS_FILE": "~/.aws/credentials",
}


def why_unsuited(environ: Mapping[str, str], region: str | None) -> str | None:
    """What asks for boto3, in words for an error; None where the lean client does the same."""
    for name, value in environ.items():
        if value and (name in VARIABLES or name.lower() in PROXIES):
            return f"{name} is set"
    for name, usual in FILES.items():
        # What a file says may be an endpoint, a proxy, a profile. Lambda has no such files.
        if _has_text(Path(environ.get(name) or usual)):
            return f"there is a file {environ.get(name) or usual}"
    if region is None:
        return "no variable names a region"
    return None if domain_of(region) else f"the region '{region}' has rules of its own"


def _has_text(path: Path) -> bool:
    try:
        return path.expanduser().stat().st_size > 0
    except (OSError, RuntimeError):
        return False
