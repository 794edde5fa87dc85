"""CloudSeam's bill: what each line counts, and the figures that were aimed at."""

import pytest

from cloudseam_cli.costs import sqs
from cloudseam_cli.costs.estimate import cloudseam, logs, waiting
from cloudseam_cli.costs.load import Load
from cloudseam_cli.costs.pattern import batch_of_events, batch_of_tasks
from tests.unit.costs.bills import PRICES, line, million, monthly

FULL_BATCHES = Load(task_batch=10)


# ---- figures that were aimed at


def test_a_transition_without_a_task_costs_less_than_95_cents_a_million() -> None:
    bill = cloudseam(Load(tasks=0))

    assert million(bill) == pytest.approx(0.91, abs=0.02)
    assert line(bill, "DynamoDB") + 0.02 + 0.04 == pytest.approx(0.81, abs=0.005)


def test_a_transition_with_a_task_and_its_claim_costs_less_than_280_cents_a_million() -> None:
    assert million(cloudseam(FULL_BATCHES)) < 2.80


def test_answers_that_are_sent_one_by_one_cost_36_cents_more() -> None:
    together = line(cloudseam(FULL_BATCHES), "SQS: answers")
    alone = line(cloudseam(Load(task_batch=1)), "SQS: answers")

    assert alone - together == pytest.approx(0.36)


@pytest.mark.parametrize(("row_kb", "ideal"), [(1, 2.1), (2, 3.3)])
def test_without_claims_it_is_what_an_ideal_engine_costs(row_kb: float, ideal: float) -> None:
    bill = cloudseam(Load(task_batch=10, row_kb=row_kb))

    left = million(bill) - line(bill, "DynamoDB: tasks are claimed")

    assert left == pytest.approx(ideal, abs=0.07)


# ---- what is counted


@pytest.mark.parametrize("batch", [1, 10, 100])
def test_rows_and_messages_are_those_of_the_pattern(batch: int) -> None:
    units = {line.what: line.each for line in cloudseam(Load(batch=batch)).lines}
    asking, answered = batch_of_events(batch, batch), batch_of_events(batch, 0)

    read = (asking.rows_read + answered.rows_read) / batch
    written = (asking.rows_written + answered.rows_written) / batch
    assert units["DynamoDB: stacks are read, consistently"] == read == 2
    assert units["DynamoDB: stacks are written"] == written == 2
    assert units["DynamoDB: tasks are claimed"] == batch_of_tasks(1).rows_written == 1


@pytest.mark.parametrize(
    ("row_kb", "read", "write"),
    [(0.5, 0.125, 0.625), (1, 0.125, 0.625), (1.5, 0.125, 1.25), (4, 0.125, 2.5), (5, 0.25, 3.125)],
)
def test_rows_are_read_by_4_kb_and_written_by_1_kb(
    row_kb: float, read: float, write: float
) -> None:
    bill = cloudseam(Load(tasks=0, row_kb=row_kb))

    assert line(bill, "DynamoDB: stacks are read") == pytest.approx(read)
    assert line(bill, "DynamoDB: stacks are written") == pytest.approx(write)


def test_a_full_history_makes_four_writes_of_one() -> None:
    bill = cloudseam(Load(tasks=0, keeps_history=True))

    assert line(bill, "DynamoDB: stacks and history are written") == pytest.approx(4 * 0.625)


@pytest.mark.parametrize(
    ("together", "kb", "requests"),
    [
        pytest.param(1, 0.2, 1, id="one"),
        pytest.param(10, 0.2, 1 / 10, id="ten"),
        pytest.param(100, 0.2, 1 / 10, id="ten-at-most"),
        pytest.param(0.5, 0.2, 1, id="less-than-one-at-a-time"),
        pytest.param(10, 6.4, 1 / 10, id="64-kb"),
        pytest.param(10, 6.5, 2 / 10, id="more-than-64-kb"),
        pytest.param(1, 130, 3, id="a-large-one"),
    ],
)
def test_requests_are_calls_or_chunks_of_64_kb(together: float, kb: float, requests: float) -> None:
    assert sqs.requests(together, kb) == pytest.approx(requests)


def test_lambda_receives_and_deletes_each_message() -> None:
    assert sqs.taken(10, 0.2) == pytest.approx(2 / 10)
    assert sqs.taken(1, 0.2) == 2


def test_two_queues_are_polled_even_where_nothing_happens() -> None:
    nothing = cloudseam(Load(transitions=1, tasks=0))

    # 5 pollers, 3 times a minute, for 730 hours, at 2 queues
    assert monthly(nothing, "SQS: Lambda polls", 1) == pytest.approx(1_314_000 * 0.4e-6)


def test_each_timer_is_a_message_and_a_look_and_a_far_one_a_schedule() -> None:
    plain, near = cloudseam(Load(tasks=0)), cloudseam(Load(tasks=0, timers=1))
    far = cloudseam(Load(tasks=0, far_timers=1))

    assert line(near, "SQS: timers") == pytest.approx(3 * 0.04)
    assert line(far, "SQS: timers") == pytest.approx(0.4 + 2 * 0.04)
    assert line(far, "Scheduler: far timers") == pytest.approx(1)
    read, written = "DynamoDB: stacks are read", "DynamoDB: stacks are written"
    assert line(near, read) == pytest.approx(2 * line(plain, read))
    assert line(near, written) == line(plain, written)


@pytest.mark.parametrize(("stacks", "dollars"), [(1_000, 0.05), (10_000, 0.46), (100_000, 4.56)])
def test_a_sweep_reads_all_stacks(stacks: int, dollars: float) -> None:
    """The figures are those of docs/decisions/watchdog.md."""
    bill = cloudseam(Load(tasks=0, stacks=stacks))

    assert monthly(bill, "Sweep: reads all stacks", 1) == pytest.approx(dollars, abs=0.005)


def test_a_sweep_reads_past_a_full_history_and_less_often_costs_less() -> None:
    often = Load(transitions=2_000_000, keeps_history=True)
    seldom = Load(transitions=2_000_000, keeps_history=True, sweep_minutes=60)
    what = "Sweep: reads past the history"

    # Two rows of 0.2 KB for a transition are there for half of the first month, and 4 sweeps an
    # hour read them, by half units.
    each = 2 * 0.2 / 2 / 4 / 2 * 4 * 730 * 0.125
    assert monthly(cloudseam(often), what, 1) == pytest.approx(2 * each)
    assert monthly(cloudseam(seldom), what, 1) == pytest.approx(2 * each / 4)


def test_no_sweep_reads_claims() -> None:
    few, many = cloudseam(Load(tasks=1)), cloudseam(Load(tasks=9))

    assert monthly(few, "Sweep", 1) == monthly(many, "Sweep", 1)


def test_on_postgresql_there_is_an_instance_and_no_unit_of_dynamodb() -> None:
    bill = cloudseam(Load(is_postgres=True))

    assert not [line for line in bill.lines if line.price.startswith("dynamodb")]
    assert monthly(bill, "RDS: an instance", 1) == pytest.approx(11.68)
    assert monthly(bill, "RDS: its disk", 1) == pytest.approx(2.30)


def test_the_satisfier_is_billed_while_it_waits_once_for_all_tasks_of_a_batch() -> None:
    alone, ten = cloudseam(Load(task_seconds=2)), cloudseam(Load(task_seconds=2, task_batch=10))
    what = "Lambda: the satisfier waits"

    assert line(alone, what) == pytest.approx(2 * 13.3334)
    assert line(ten, what) == pytest.approx(2 * 1.33334)
    assert waiting(Load(), 2).per_million(PRICES) == line(alone, what)


def test_more_memory_is_a_larger_share_of_a_core() -> None:
    small, large = cloudseam(Load(memory=256)), cloudseam(Load(memory=1769))
    what = "Lambda: time of the state machine"

    assert line(small, what) < line(large, what) < 1769 / 256 * line(small, what)


def test_logs_are_in_the_sum_when_they_are_asked_for() -> None:
    without, with_them = cloudseam(Load()), cloudseam(Load(counts_logs=True))

    added = logs(Load()).per_million(PRICES)
    assert million(with_them) == pytest.approx(million(without) + added)
    assert 0.2 * million(without) < added < million(without)


def test_what_is_free_is_taken_off_once_for_all_lines_of_a_price() -> None:
    bill, few = cloudseam(Load()), 1_000

    listed = bill.per_month(PRICES, 1_000_000)
    free = bill.per_month(PRICES, 1_000_000, is_free_used=True)
    requests = 0.4 + 0.2  # a million of SQS and of Lambda, of which there are more
    all_of_it = line(bill, "Lambda: time") + line(bill, "Lambda: own")
    stored = monthly(bill, "DynamoDB: storage", 1_000_000)
    assert listed - free == pytest.approx(requests + all_of_it + stored)
    assert bill.per_month(PRICES, few, is_free_used=True) < bill.per_month(PRICES, few)
