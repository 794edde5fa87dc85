"""An installation of the original is switched over by the commands of docs/migrating.md."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from subprocess import CompletedProcess

import pytest
from pg8000.exceptions import DatabaseError  # type: ignore[import-untyped]

from tests.e2e.installation import PATIENCE_SECONDS, Cloud, Installation
from tests.e2e.original import (
    ADOPT,
    ADOPT_ONE,
    CHECK,
    LIST,
    MOVE,
    REDRIVE,
    REHEARSE,
    Original,
    Row,
    original_on_dynamodb,
    original_on_postgres,
)
from tests.e2e.test_lives import dead_letters
from tests.integration.takeover.originals import an_original_row, recorded_rows
from tests.postgres import PostgresServer
from tests.processes import wait_until

pytestmark = pytest.mark.by_hand

MACHINE = "multi"

Ended = CompletedProcess[str]


def a_row(stack_id: str, state: str, **tasks: str) -> Row:
    """A stack of the original, with the status of each of its tasks."""
    named = [{"name": name.replace("_", "-"), "status": status} for name, status in tasks.items()]
    return an_original_row(stack_id, machine=MACHINE, _state=state, tasks=named)


def in_flight() -> list[Row]:
    """A stack in each kind of place, and one in each that was recorded, where that is there."""
    ours = [
        a_row("begins", "PROVISION", net="SATISFIED", db="PENDING", app="PENDING"),
        a_row("fails", "PROVISION", net="ERROR", db="SATISFIED", app="PENDING"),
        a_row("rests", "RUN"),
        a_row("changes", "UPDATE", app="PENDING", smoke="PENDING"),
        a_row("goes", "DESTROY", app_down="SATISFIED", net_down="PENDING"),
    ]
    states = {"PROVISION", "RUN", "UPDATE", "DESTROY"}
    recorded = {
        str((row["_state"], row["tasks"], row["metadata"])): row
        for row in recorded_rows(harmed=False)
        if row["machine"] == MACHINE and row["_state"] in states
    }
    return [*ours, *recorded.values()]


@dataclass(frozen=True)
class Switch:
    """What the commands of the page said, one after the other, to an original with these rows."""

    original: Original
    rows: Sequence[Row]
    while_it_ran: Sequence[Ended]
    once_stopped: Sequence[Ended]

    @property
    def successor(self) -> Installation:
        """Who goes on with its stacks."""
        return self.original.successor


def switched(original: Original) -> Switch:
    """Follows the page, beginning too early."""
    rows = in_flight()
    for row in rows:
        original.save(row)
        original.ask(row)
    early = [original.run(CHECK)]
    original.successor.deploy()
    original.successor.put_machines()
    early.append(original.run(ADOPT))
    original.stop()
    original.work(2)
    original.send("comes", "LAUNCH", machine=MACHINE)
    late = [original.run(command) for command in (CHECK, REHEARSE, ADOPT, MOVE)]
    original.work(100)
    late.append(original.run(MOVE))
    return Switch(original, rows, early, late)


@pytest.fixture(scope="module")
def from_dynamodb(cloud: Cloud) -> Iterator[Switch]:
    """A table has been taken over."""
    with original_on_dynamodb(cloud) as original:
        yield switched(original)


@pytest.fixture(scope="module")
def from_postgres(cloud: Cloud, postgres: PostgresServer) -> Iterator[Switch]:
    """A database has been taken over."""
    with original_on_postgres(cloud, postgres) as original:
        yield switched(original)


@pytest.fixture(params=["from_dynamodb", "from_postgres"])
def switch(request: pytest.FixtureRequest) -> Switch:
    """Each of them."""
    found: Switch = request.getfixturevalue(request.param)
    return found


def test_nothing_is_taken_over_before_the_original_is_stopped(switch: Switch) -> None:
    function = switch.original.outputs["StateMachine"]

    for told in switch.while_it_ran:
        assert told.returncode == 1, told.stdout + told.stderr
        assert f"error: original {function}: " in told.stdout
    assert "Nothing was changed." in switch.while_it_ran[-1].stdout


def test_stacks_in_flight_finish_their_lives_after_the_switch(switch: Switch) -> None:
    successor, many = switch.successor, len(switch.rows)
    living = {row["id"] for row in switch.rows if row["_state"] != "DESTROY"} | {"comes"}

    for told in switch.once_stopped:
        assert told.returncode == 0, told.stdout + told.stderr
    assert f"Rows to take over: {many}." in switch.once_stopped[1].stdout
    assert f"Rows taken over: {many}." in switch.once_stopped[2].stdout
    assert switch.original.waiting() == 0
    for row in switch.rows:
        if any(task["status"] == "ERROR" for task in row["tasks"]):
            successor.cloudseam("retry", row["id"], "--wait")
    assert [name for name in living if not successor.reaches(name, "RUN")] == []
    listed = switch.original.run(LIST).stdout.split()
    assert living <= set(listed)
    for name in living:
        successor.send(name, "DESTROY")
    ends = living | {row["id"] for row in switch.rows}
    assert [name for name in ends if not successor.ends(name)] == []
    assert successor.letters("EventDeadLetterQueueUrl") == 0


def test_what_the_original_writes_afterwards_is_dead_lettered_until_somebody_has_looked(
    from_dynamodb: Switch,
) -> None:
    original, successor = from_dynamodb.original, from_dynamodb.successor
    original.save(a_row("overwritten", "RUN"))

    successor.send("overwritten", "UPDATE")
    [letter] = dead_letters(successor, "EventDeadLetterQueueUrl")
    kept = original.cloud.client("dynamodb").get_item(
        TableName=original.outputs["Stacks"], Key={"id": {"S": "overwritten"}}
    )["Item"]
    adopted = original.run(ADOPT_ONE, stack="overwritten")
    redriven = original.run(REDRIVE, **successor.settings)

    assert "another program" in letter["reason"]
    assert kept["_state"] == {"S": "RUN"}
    assert "version" not in kept
    assert (adopted.returncode, redriven.returncode) == (0, 0), adopted.stdout + redriven.stdout
    assert wait_until(lambda: has_gone_on(successor, "overwritten"), PATIENCE_SECONDS)
    assert successor.letters("EventDeadLetterQueueUrl") == 0


def has_gone_on(installation: Installation, name: str) -> bool:
    """Whether a stack is in RUN again, after its tasks."""
    stack = installation.stack(name)
    return stack is not None and (stack.state, stack.previous_state) == ("RUN", "UPDATE")


def test_what_the_original_writes_afterwards_is_refused_by_the_database(
    from_postgres: Switch,
) -> None:
    row = a_row("late", "RUN")

    with pytest.raises(DatabaseError, match="cloudseam_adopted"):
        from_postgres.original.save(row)

    assert from_postgres.successor.stack("late") is None
