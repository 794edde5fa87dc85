"""Which connections to PostgreSQL are encrypted, and whom they trust."""

import ssl
from functools import lru_cache
from importlib.resources import files
from ipaddress import ip_address
from typing import Literal

from cloudseam.errors import InvalidSettingsError

TlsMode = Literal["verify", "off"]

# Instances and clusters of RDS have certificates of Amazon's own authorities for RDS, which no
# system trusts by itself; proxies of RDS have public ones.
RDS_DOMAINS = (".rds.amazonaws.com", ".rds.amazonaws.com.cn")
RDS_AUTHORITIES = "rds-ca.pem"


def tls_context(host: str, mode: TlsMode | None, ca_file: str | None) -> ssl.SSLContext | None:
    """The context to connect to the host with, or None where the connection stays plain.

    Plain are local sockets, and by default loopback addresses. `off` makes a connection to a
    name without a dot plain, as containers have them. Everything else is encrypted, and the
    server's certificate and name are verified.

    Raises:
        InvalidSettingsError: `off` for a host that others can listen to, or an unusable CA file.
    """
    if host.startswith("/") or (mode is None and _is_loopback(host)):
        return None
    if mode == "off":
        if _is_loopback(host) or _is_container(host):
            return None
        raise InvalidSettingsError(
            f"POSTGRES_TLS=off is refused for '{host}': only connections to this machine, or to a "
            "container by its name, may be plain. Remove it; POSTGRES_CA_FILE names the "
            "authorities to trust."
        )
    return _verifying(ca_file, host.lower().endswith(RDS_DOMAINS))


@lru_cache(maxsize=4)  # Loading authorities takes tens of milliseconds.
def _verifying(ca_file: str | None, trust_rds: bool) -> ssl.SSLContext:
    try:
        context = ssl.create_default_context(cafile=ca_file)
    except OSError as error:  # ssl.SSLError, for what is not PEM, is one too
        raise InvalidSettingsError(
            f"POSTGRES_CA_FILE ('{ca_file}') cannot be used: {error.strerror or error}."
        ) from None
    if ca_file is None and trust_rds:
        context.load_verify_locations(
            cadata=files("cloudseam.persistence.postgres")
            .joinpath(RDS_AUTHORITIES)
            .read_text("ascii")
        )
    return context


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host.lower() == "localhost"


def _is_container(host: str) -> bool:
    """Names of one part are resolved inside a container network only."""
    return "." not in host and ":" not in host
