"""What others cost, beside the figures that were known before."""

import pytest

from cloudseam_cli.costs.bill import Bill
from cloudseam_cli.costs.comparison import compare
from cloudseam_cli.costs.load import Load
from cloudseam_cli.costs.rivals import (
    aws_lambda_fsm,
    durable_functions,
    express,
    original,
    step_functions,
)
from tests.unit.costs.bills import PRICES, line, million

# One task for each transition, rows of 2 KB, each message by itself.
KNOWN = Load(row_kb=2, batch=1)


@pytest.mark.parametrize(
    ("bill", "known", "within"),
    [
        pytest.param(step_functions(KNOWN), 75, 0, id="step-functions-standard"),
        pytest.param(durable_functions(KNOWN), 35, 0.02, id="lambda-durable-functions"),
        # Known with more calls than were recorded: 5 to 8 for each of its transitions.
        pytest.param(aws_lambda_fsm(KNOWN), 13.6, 0.18, id="aws-lambda-fsm"),
        pytest.param(original(KNOWN), 7.3, 0.02, id="the-original"),
    ],
)
def test_the_figures_that_were_known_are_met(bill: Bill, known: float, within: float) -> None:
    assert million(bill) == pytest.approx(known, rel=within or 1e-9)


def test_step_functions_count_the_wait_the_choice_and_each_task() -> None:
    assert [million(step_functions(Load(tasks=tasks))) for tasks in (0, 1, 3)] == [50, 75, 125]


@pytest.mark.parametrize(
    ("seconds", "dollars"), [(0, 1.104), (0.1, 1.104), (0.15, 1.208), (10, 11.419)]
)
def test_express_bills_the_time_by_tenths_of_a_second(seconds: float, dollars: float) -> None:
    assert million(express(Load(task_seconds=seconds))) == pytest.approx(dollars, abs=0.001)


def test_a_batch_does_not_gather_the_sends_of_the_original() -> None:
    bill = original(Load(batch=10))

    assert line(bill, "SQS: tasks") == pytest.approx(3 * 0.4)
    assert line(bill, "SQS: answers") == pytest.approx(0.4 + 0.08)


def test_who_is_cheaper_is_told_by_the_month_of_the_load() -> None:
    small, large = Load(transitions=1_000), Load(transitions=1_000_000)

    def cheaper(load: Load) -> set[str]:
        return {bill.name for bill in compare(load, PRICES).cheaper}

    assert {"Step Functions Standard", "Lambda durable functions"} <= cheaper(small)
    assert "Step Functions Standard" not in cheaper(large)
    assert "Step Functions Express" in cheaper(large)


def test_step_functions_are_cheaper_below_the_load_that_is_told() -> None:
    least = compare(Load(), PRICES).least_load
    assert least is not None

    for transitions, cheaper in ((least * 0.99, True), (least * 1.01, False)):
        told = compare(Load(transitions=transitions), PRICES)
        assert ("Step Functions Standard" in {bill.name for bill in told.cheaper}) is cheaper


def test_step_functions_can_be_cheaper_for_every_load() -> None:
    slow = Load(task_seconds=600)

    assert compare(slow, PRICES).least_load is None
