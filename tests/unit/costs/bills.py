"""Bills by name."""

from cloudseam_cli.costs.bill import Bill
from cloudseam_cli.costs.estimate import cloudseam
from cloudseam_cli.costs.load import Load
from cloudseam_cli.costs.price_file import list_prices
from cloudseam_cli.costs.rivals import rivals

PRICES = list_prices()


def all_bills(load: Load) -> list[Bill]:
    """CloudSeam's bill and those of the others."""
    return [cloudseam(load), *rivals(load)]


def million(bill: Bill) -> float:
    """US dollars of a million transitions."""
    return bill.per_million(PRICES)


def line(bill: Bill, beginning: str) -> float:
    """US dollars that lines of this kind cost for a million transitions."""
    lines = [line for line in bill.lines if line.what.startswith(beginning)]
    assert lines, f"no line of {bill.name} begins with {beginning!r}"
    return sum(line.per_million(PRICES) for line in lines)


def monthly(bill: Bill, beginning: str, transitions: float) -> float:
    """US dollars that lines of this kind cost in a month."""
    lines = [line for line in bill.lines if line.what.startswith(beginning)]
    assert lines, f"no line of {bill.name} begins with {beginning!r}"
    return sum(line.per_month(PRICES, transitions) for line in lines)
