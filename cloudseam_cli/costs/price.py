"""A list price, and the prices of a region."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Price:
    """What `per` units cost in US dollars.

    `free` is how many units of each month cost nothing. `page` is AWS's page; `seen` is where the
    figure was read, with its `date`, or both are empty and it is not `confirmed`.
    """

    usd: float
    per: float = 1
    unit: str = ""
    free: float = 0
    page: str = ""
    seen: str = ""
    date: str = ""
    confirmed: bool = True

    def of(self, units: float) -> float:
        """What so many units cost, in US dollars."""
        return units * self.usd / self.per


@dataclass(frozen=True, slots=True)
class Prices:
    """The prices of a region, by name."""

    region: str
    by_name: Mapping[str, Price]

    def __getitem__(self, name: str) -> Price:
        return self.by_name[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self.by_name)

    @property
    def unconfirmed(self) -> list[str]:
        """The names of those whose figure has no dated source."""
        return [name for name, price in self.by_name.items() if not price.confirmed]
