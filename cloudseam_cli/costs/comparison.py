"""CloudSeam's bill beside the others', and who is cheaper."""

from dataclasses import dataclass, replace

from cloudseam_cli.costs.bill import Bill
from cloudseam_cli.costs.estimate import cloudseam
from cloudseam_cli.costs.load import Load
from cloudseam_cli.costs.price import Prices
from cloudseam_cli.costs.rivals import rivals, step_functions


@dataclass(frozen=True, slots=True)
class Comparison:
    """The bills for a load; with `is_free_used` months are without what is free in each."""

    load: Load
    prices: Prices
    is_free_used: bool
    own: Bill
    others: tuple[Bill, ...]

    def month(self, bill: Bill) -> float:
        """US dollars of a month."""
        return bill.per_month(self.prices, self.load.transitions, is_free_used=self.is_free_used)

    @property
    def cheaper(self) -> list[Bill]:
        """Those of the others that cost less in a month of this load."""
        own = self.month(self.own)
        return [bill for bill in self.others if self.month(bill) < own]

    @property
    def least_load(self) -> float | None:
        """Transitions a month below which Step Functions Standard costs less, or None if always.

        By list prices: what is free makes its part larger.
        """
        prices, load = self.prices, self.load
        nothing = replace(load, transitions=0)
        standing = cloudseam(nothing).per_month(prices, 0)
        each = (self.own.per_month(prices, load.transitions) - standing) / load.transitions
        saved = step_functions(load).per_month(prices, 1) - each
        return standing / saved if saved > 0 else None


def compare(load: Load, prices: Prices, *, is_free_used: bool = False) -> Comparison:
    """All bills for a load."""
    return Comparison(load, prices, is_free_used, cloudseam(load), tuple(rivals(load)))
