"""Which connections to PostgreSQL stay plain, as a table. Everything else is verified."""

import ssl
from pathlib import Path

import pytest

from cloudseam.errors import InvalidSettingsError
from cloudseam.persistence.postgres.tls import TlsMode, tls_context

PLAIN, VERIFIED, REFUSED = "plain", "verified", "refused"
RDS = "shop.abc123.eu-west-1.rds.amazonaws.com"


def treatment(host: str, mode: TlsMode | None) -> str:
    try:
        context = tls_context(host, mode, None)
    except InvalidSettingsError:
        return REFUSED
    if context is None:
        return PLAIN
    assert context.check_hostname
    assert context.verify_mode is ssl.CERT_REQUIRED
    assert context.minimum_version >= ssl.TLSVersion.TLSv1_2
    return VERIFIED


@pytest.mark.parametrize(
    ("host", "by_default", "verify", "off"),
    [
        ("/var/run/postgresql", PLAIN, PLAIN, PLAIN),
        ("localhost", PLAIN, VERIFIED, PLAIN),
        ("LOCALHOST", PLAIN, VERIFIED, PLAIN),
        ("127.0.0.1", PLAIN, VERIFIED, PLAIN),
        ("127.8.9.10", PLAIN, VERIFIED, PLAIN),
        ("::1", PLAIN, VERIFIED, PLAIN),
        ("db", VERIFIED, VERIFIED, PLAIN),
        ("db.internal", VERIFIED, VERIFIED, REFUSED),
        ("10.0.0.7", VERIFIED, VERIFIED, REFUSED),
        ("192.168.1.5", VERIFIED, VERIFIED, REFUSED),
        ("fd00::7", VERIFIED, VERIFIED, REFUSED),
        ("localhost.example.com", VERIFIED, VERIFIED, REFUSED),
        ("127.0.0.1.example.com", VERIFIED, VERIFIED, REFUSED),
        (RDS, VERIFIED, VERIFIED, REFUSED),
    ],
)
def test_a_connection_is_plain_only_where_nobody_else_listens(
    host: str, by_default: str, verify: str, off: str
) -> None:
    assert (treatment(host, None), treatment(host, "verify"), treatment(host, "off")) == (
        by_default,
        verify,
        off,
    )


@pytest.mark.parametrize(
    ("host", "trusts_rds"),
    [
        (RDS, True),
        (RDS.upper(), True),
        ("shop.abc123.rds.cn-north-1.amazonaws.com.cn", False),
        ("shop.abc123.cn-north-1.rds.amazonaws.com.cn", True),
        ("rds.amazonaws.com.example.org", False),
        ("evilrds.amazonaws.com", False),
        ("db.example.org", False),
    ],
)
def test_the_authorities_of_rds_are_trusted_for_rds_alone(host: str, trusts_rds: bool) -> None:
    context = tls_context(host, None, None)

    assert context
    assert ("Amazon RDS" in str(context.get_ca_certs())) == trusts_rds


def test_a_context_is_made_once() -> None:
    assert tls_context("a.example.org", None, None) is tls_context("b.example.org", None, None)


@pytest.mark.parametrize("content", [None, "", "no certificate", "-----BEGIN CERTIFICATE-----\nx"])
def test_an_unusable_file_of_authorities_is_named(tmp_path: Path, content: str | None) -> None:
    file = tmp_path / "authorities.pem"
    if content is not None:
        file.write_text(content)

    with pytest.raises(InvalidSettingsError, match=r"POSTGRES_CA_FILE .*authorities\.pem"):
        tls_context(RDS, None, str(file))
