"""Where a service is reached."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from botocore.exceptions import NoRegionError

# The part of a host's name after the region, by partition (botocore's `partitions.json`).
DOMAINS = {
    re.compile(r"(us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+", re.ASCII): "amazonaws.com",
    re.compile(r"us-gov-\w+-\d+", re.ASCII): "amazonaws.com",
    re.compile(r"cn-\w+-\d+", re.ASCII): "amazonaws.com.cn",
}


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A service's own, or the one it was given. `origin` is scheme, host and port."""

    origin: str
    region: str
    path: str = ""
    is_given: bool = False

    @property
    def host(self) -> str:
        """Host, and port where it is not the usual one."""
        return urlsplit(self.origin).netloc


def endpoint_of(service: str, region: str | None, url: str | None) -> Endpoint:
    """That URL, or else the service's own in the region.

    Raises:
        NoRegionError: there is none.
        ValueError: the URL or the region is not one that the lean client knows.
    """
    if not region:
        raise NoRegionError
    if url:
        return _given(url, region)
    domain = domain_of(region)
    if domain is None:
        raise ValueError(f"The lean client does not know the region '{region}'.")
    return Endpoint(f"https://{service}.{region}.{domain}", region)


def domain_of(region: str) -> str | None:
    """The domain of the region's partition; None for those that have rules of their own."""
    return next((name for rule, name in DOMAINS.items() if rule.fullmatch(region)), None)


def given_url(service_id: str, environ: Mapping[str, str]) -> str | None:
    """The URL that the environment names, for the service or for all (AWS SDKs reference guide,
    "Service-specific endpoints"). `service_id` is as `SECRETS_MANAGER`."""
    own = environ.get(f"AWS_ENDPOINT_URL_{service_id}")
    return own or environ.get("AWS_ENDPOINT_URL") or None


def _given(url: str, region: str) -> Endpoint:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise ValueError("An endpoint has to be an URL such as 'http://127.0.0.1:4566'.")
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    usual = {"http": 80, "https": 443}[parts.scheme]
    port = f":{parts.port}" if parts.port and parts.port != usual else ""
    origin = f"{parts.scheme}://{host}{port}"
    return Endpoint(origin, region, parts.path.rstrip("/"), is_given=True)
