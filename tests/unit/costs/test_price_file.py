"""The prices that come with CloudSeam, and files of other ones."""

from datetime import date

import pytest

from cloudseam_cli.costs.load import Load
from cloudseam_cli.costs.price import Price
from cloudseam_cli.costs.price_file import PriceFileError, list_prices, read_prices
from tests.unit.costs.bills import all_bills

KNOWN = list_prices()
EVERYTHING = (
    Load(timers=1, far_timers=1, task_seconds=1, counts_logs=True),
    Load(is_postgres=True, keeps_history=True),
)


def test_every_price_that_a_bill_needs_is_there_and_no_other() -> None:
    used = {line.price for load in EVERYTHING for bill in all_bills(load) for line in bill.lines}

    assert used == set(KNOWN)


@pytest.mark.parametrize("name", list(KNOWN))
def test_a_price_names_its_page_and_a_dated_source_or_says_that_it_is_not_confirmed(
    name: str,
) -> None:
    price = KNOWN[name]

    assert price.usd > 0
    assert price.unit
    assert price.page.startswith("https://aws.amazon.com/")
    assert price.confirmed == bool(price.seen) == bool(price.date)
    if price.confirmed:
        assert price.seen.startswith("https://")
        assert date.fromisoformat(price.date) > date(2025, 1, 1)


def test_a_file_changes_what_it_names_and_its_figure_loses_the_old_source() -> None:
    changed = read_prices("region: eu-west-1\nprices: {lambda-request: {usd: 2}}", "f.yml", KNOWN)

    assert changed.region == "eu-west-1"
    kept = KNOWN["lambda-request"]
    assert changed["lambda-request"] == Price(2, kept.per, kept.unit, kept.free, kept.page)
    assert changed["sqs-request"] == KNOWN["sqs-request"]


def test_json_is_read_as_well() -> None:
    text = '{"prices": {"sqs-request": {"usd": 0.5, "per": 1000, "confirmed": false}}}'

    price = read_prices(text, "f.json", KNOWN)["sqs-request"]

    assert (price.usd, price.per, price.confirmed) == (0.5, 1000, False)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        pytest.param(
            "prices:\n  sqs-requests: {usd: 1}",
            "f.yml:2:3: error: prices.sqs-requests: `sqs-requests` is not a key of `prices`. "
            "Did you mean 'sqs-request'?",
            id="an-unknown-price",
        ),
        pytest.param(
            "prices:\n  sqs-request:\n    usd: 1\n    cents: 4",
            "f.yml:4:5: error: prices.sqs-request.cents: `cents` is not a key of a price.",
            id="an-unknown-key-of-a-price",
        ),
        pytest.param(
            "price: {}", "f.yml:1:1: error: price: `price` is not a key of a price file", id="typo"
        ),
        pytest.param(
            "prices:\n  sqs-request: {usd: -1}",
            "f.yml:2:22: error: prices.sqs-request.usd: `usd` must be a number from 0.",
            id="a-negative-price",
        ),
        pytest.param(
            "prices:\n  sqs-request: {usd: true}", "`usd` must be a number", id="not-a-number"
        ),
        pytest.param(
            "prices:\n  sqs-request: {usd: 1, per: 0}", "`per` must be a number", id="per-nothing"
        ),
        pytest.param(
            "prices:\n  sqs-request: {per: 1}",
            "f.yml:2:3: error: prices.sqs-request: `usd`",
            id="no-figure",
        ),
        pytest.param(
            "prices:\n  sqs-request: {usd: 1, confirmed: perhaps}",
            "`confirmed` must be yes or no.",
            id="perhaps",
        ),
        pytest.param("prices: [1]", "This must be a mapping, but is a list.", id="a-list"),
        pytest.param("- 1", "f.yml:1:1: error: This must be a mapping", id="a-list-as-a-whole"),
        pytest.param("", "f.yml:1:1: error", id="empty"),
        pytest.param("region: [", "This is not YAML", id="no-yaml"),
    ],
)
def test_what_cannot_be_used_is_refused_with_its_place(text: str, said: str) -> None:
    with pytest.raises(PriceFileError) as refused:
        read_prices(text, "f.yml", KNOWN)

    assert said in str(refused.value)
