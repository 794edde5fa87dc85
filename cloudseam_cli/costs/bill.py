"""A bill: lines of units that have a price, for each transition or for each month."""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from cloudseam_cli.costs.price import Prices

MILLION = 1_000_000


@dataclass(frozen=True, slots=True)
class Line:
    """Units of one price: `each` for every transition, `monthly` whatever happens."""

    what: str
    price: str
    each: float = 0
    monthly: float = 0

    def units(self, transitions: float) -> float:
        """Units in a month with so many transitions."""
        return self.each * transitions + self.monthly

    def per_million(self, prices: Prices) -> float:
        """US dollars for a million transitions, without what has to be paid anyway."""
        return prices[self.price].of(self.each * MILLION)

    def per_month(self, prices: Prices, transitions: float) -> float:
        """US dollars in a month with so many transitions."""
        return prices[self.price].of(self.units(transitions))


@dataclass(frozen=True, slots=True)
class Bill:
    """What one way of doing it costs. `remark` says what the figure leaves out."""

    name: str
    lines: Sequence[Line]
    remark: str = ""

    def per_million(self, prices: Prices) -> float:
        """US dollars for a million transitions, without what has to be paid anyway."""
        return sum(line.per_million(prices) for line in self.lines)

    def per_month(self, prices: Prices, transitions: float, *, is_free_used: bool = False) -> float:
        """US dollars in a month; with `is_free_used` without what is free in every month."""
        units: defaultdict[str, float] = defaultdict(float)
        for line in self.lines:
            units[line.price] += line.units(transitions)
        free = {name: prices[name].free if is_free_used else 0 for name in units}
        return sum(prices[name].of(max(0, units[name] - free[name])) for name in units)
