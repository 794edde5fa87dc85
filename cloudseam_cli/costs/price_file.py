"""The price file: read as strictly as a machine's file, with the line of what is wrong."""

from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from typing import Any

from cloudseam.errors import CloudSeamError
from cloudseam.languages.part import Part, whole
from cloudseam.languages.report import Report
from cloudseam.languages.rule import Rule
from cloudseam.languages.yaml_source import parse_yaml
from cloudseam_cli.costs.price import Price, Prices

KEYS = ("region", "prices")
NUMBERS = {"usd": 0.0, "per": 1e-12, "free": 0.0}
TEXTS = ("unit", "page", "seen", "date")
PRICE_KEYS = (*NUMBERS, *TEXTS, "confirmed")

NOT_A_NUMBER = Rule("`{key}` must be a number from {least}.", "Write it as 0.40.")
NOT_YES_OR_NO = Rule("`{key}` must be yes or no.", "Write `confirmed: no`, or leave it out.")
USD_MISSING = Rule("`usd` is missing.", "Add `usd: 0.40`.")


class PriceFileError(CloudSeamError):
    """A price file cannot be used; the message has each place and what is wrong there."""


def list_prices() -> Prices:
    """The prices that come with CloudSeam."""
    name = "prices.yml"
    text = files("cloudseam_cli.costs").joinpath(name).read_bytes()
    return read_prices(text, name, Prices("", {}))


def read_prices(text: str | bytes, file: str, known: Prices) -> Prices:
    """The known prices with what the text changes. Where none are known it names its own.

    A price that is changed loses the source of the old figure. JSON is YAML, and is read as well.

    Raises:
        PriceFileError: the text has a key that is not known, or a value that cannot be.
    """
    report = Report(file)
    root = parse_yaml(text, report)
    prices = _prices(whole(root, report), known) if root is not None else known
    if report.has_errors:
        findings = "\n".join(f"  {finding}" for finding in report.findings)
        raise PriceFileError(f"The prices cannot be used:\n{findings}")
    return prices


def _prices(root: Part, known: Prices) -> Prices:
    entries = root.entries("`prices: {sqs-request: {usd: 0.40}}`") or {}
    root.check_keys(entries, KEYS, "a price file")
    region = entries["region"].text("`us-east-1`") if "region" in entries else known.region
    told = entries["prices"].entries("`sqs-request: {usd: 0.40}`") if "prices" in entries else None
    by_name = dict(known.by_name)
    for name, part in (told or {}).items():
        if known.by_name:
            root.check_keys({name: part}, tuple(known), "`prices`")
        by_name[name] = _price(part, known.by_name.get(name))
    return Prices(region or "", by_name)


def _price(part: Part, known: Price | None) -> Price:
    entries = part.entries("`{usd: 0.40, per: 1000000}`") or {}
    part.check_keys(entries, PRICE_KEYS, "a price")
    if "usd" not in entries:
        part.add_at_key(USD_MISSING)
    told: dict[str, Any] = {"seen": "", "date": "", "confirmed": True}
    told |= {key: _number(entries, key, least) for key, least in NUMBERS.items() if key in entries}
    told |= {key: entries[key].text("text") or "" for key in TEXTS if key in entries}
    if "confirmed" in entries:
        told["confirmed"] = _yes_or_no(entries["confirmed"])
    return replace(known or Price(0), **told)


def _number(entries: Mapping[str, Part], key: str, least: float) -> float:
    value = entries[key].value()
    if isinstance(value, int | float) and not isinstance(value, bool) and value >= least:
        return float(value)
    entries[key].add(NOT_A_NUMBER, key=key, least=f"{least:g}")
    return 1.0


def _yes_or_no(part: Part) -> bool:
    """`yes` and `no` are texts in YAML 1.2 (section 10.3.2); a boolean is taken as well."""
    value = part.value()
    if value in ("yes", "no") or isinstance(value, bool):
        return value in ("yes", True)
    part.add(NOT_YES_OR_NO, key="confirmed")
    return False
