"""`cloudseam stacks` and `cloudseam show`: what people get to see of stacks."""

import json
from dataclasses import replace

import pytest

from cloudseam.persistence.memory import InMemoryStackRepository
from cloudseam.stack import Stack, Task, TaskStatus
from cloudseam_cli import show, stack_store, stacks
from cloudseam_cli.main import main
from cloudseam_cli.moment import moment
from cloudseam_cli.stacks import tasks_in_short
from cloudseam_cli.target import Target
from tests.builders import CANARY, NOW, a_stack, a_task
from tests.fakes import FailingStacks


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> InMemoryStackRepository:
    """The stacks of the installation that commands find."""
    store = InMemoryStackRepository()
    target = Target(None, None, "Stacks", sensitive_keys=frozenset({"password"}))
    for command in (show, stacks):
        monkeypatch.setattr(command, "find_target", lambda args: target)
    monkeypatch.setattr(stack_store, "stacks_of", lambda target: store)
    return store


def put(store: InMemoryStackRepository, *stacks: Stack) -> None:
    assert not store.save([replace(stack, version=0) for stack in stacks])


def failed(name: str, why: str) -> Task:
    return replace(a_task(name), status=TaskStatus.ERROR, error_message=why)


def test_stacks_are_listed_by_id_with_where_they_stand(
    store: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    working = a_stack("PROVISION", id="b", tasks={"net": "SATISFIED", "db": "PENDING"})
    put(store, working, a_stack("RUN", id="a-longer-name"))

    assert main(["stacks"]) == 0

    heading, first, second = capsys.readouterr().out.splitlines()
    assert heading.split() == ["STACK", "MACHINE", "STATE", "TASKS", "UPDATED"]
    assert first.split()[:4] == ["a-longer-name", "life", "RUN", "-"]
    assert second.startswith("b              life     PROVISION  1 satisfied, 1 pending  20")


@pytest.mark.parametrize(
    ("arguments", "ids"),
    [
        pytest.param([], ["a", "b", "c"], id="all"),
        pytest.param(["--machine", "life"], ["a", "b"], id="of-a-machine"),
        pytest.param(["--state", "RUN"], ["a", "c"], id="in-a-state"),
        pytest.param(["--machine", "life", "--state", "RUN"], ["a"], id="both"),
        pytest.param(["--failed"], ["b"], id="failed"),
        pytest.param(["--failed", "--machine", "other"], [], id="failed-of-another-machine"),
    ],
)
def test_stacks_are_picked_by_machine_and_state(
    store: InMemoryStackRepository,
    arguments: list[str],
    ids: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    will_be_retried = replace(failed("net", "no"), retry_at=NOW + 60_000)
    put(
        store,
        a_stack(id="a"),
        a_stack("UPDATE", id="b", tasks={"db": "ERROR"}),
        replace(a_stack(id="c", machine="other"), tasks=(will_be_retried, a_task("db"))),
    )

    assert main(["stacks", "--json", *arguments]) == 0

    assert [stack["id"] for stack in json.loads(capsys.readouterr().out)] == ids


def test_a_list_as_json_has_numbers_of_tasks(
    store: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    put(store, a_stack(id="a", tasks={"x": "SATISFIED", "y": "SATISFIED", "z": "ERROR"}))

    main(["stacks", "--json"])

    (stack,) = json.loads(capsys.readouterr().out)
    assert stack == {
        "id": "a",
        "machine": "life",
        "state": "RUN",
        "tasks": {"SATISFIED": 2, "ERROR": 1},
        "updatedAt": NOW,
    }


def test_an_empty_list_is_no_error(
    store: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stacks", "--machine", "life", "--state", "RUN", "--failed"]) == 0

    told = capsys.readouterr()
    assert told.out == ""
    assert told.err == (
        "There is no stack of machine life in state RUN with a task that has failed.\n"
    )


def test_an_empty_list_as_json_is_an_empty_array(
    store: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["stacks", "--json"]) == 0

    assert json.loads(capsys.readouterr().out) == []


def test_a_removed_stack_is_not_listed(
    store: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    put(store, a_stack(id="a").removed(NOW))

    main(["stacks", "--json"])

    assert json.loads(capsys.readouterr().out) == []


def test_failed_tasks_are_named_in_short() -> None:
    waits = replace(failed("app", "no"), retry_at=NOW)
    tasks = (failed("net", "no"), a_task("db"), failed("dns", "no"), waits)

    assert tasks_in_short(replace(a_stack(), tasks=tasks)) == (
        "1 pending, to be retried: app, error: net, dns"
    )


def test_a_stack_is_shown_with_all_there_is_to_know(
    store: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = replace(
        a_stack("UPDATE", previous_state="RUN", metadata={"branch": "main", "size": 3}),
        machine_digest="0123456789abcdef",
        tasks=(
            replace(failed("net", "first line\nsecond line"), retry_at=NOW + 60_000),
            replace(a_task("db"), attempt=4, deadline=NOW + 120_000),
        ),
        outputs={"net": {"url": "https://x", "zones": ["a", "b"]}},
    )
    put(store, stack)

    assert main(["show", "s"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[:5] == [
        "stack    s",
        "machine  life",
        "version  0123456789ab",
        "state    UPDATE",
        "before   RUN",
    ]
    assert lines[lines.index("tasks") :] == [
        "tasks",
        f"  net  ERROR    retry at {moment(NOW + 60_000)}",
        f"  db   PENDING  attempt 4, has until {moment(NOW + 120_000)}",
        "",
        "error of net",
        "  first line",
        "  second line",
        "",
        "metadata",
        "  branch  main",
        "  size    3",
        "",
        "outputs of net",
        "  url    https://x",
        '  zones  ["a", "b"]',
    ]


def test_a_stack_as_json_has_no_tokens_and_nothing_of_the_protocol(
    store: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    put(store, a_stack("PROVISION", tasks={"net": "PENDING"}).with_applied("e-1", NOW))

    main(["show", "s", "--json"])

    text = capsys.readouterr().out
    assert "token" not in text
    assert json.loads(text) == {
        "id": "s",
        "machine": "life",
        "machineVersion": None,
        "state": "PROVISION",
        "previousState": None,
        "tasks": [
            {
                "name": "net",
                "status": "PENDING",
                "attempt": 1,
                "errorMessage": None,
                "askedAt": None,
                "deadline": None,
                "retryAt": None,
            }
        ],
        "metadata": {},
        "outputs": {},
        "createdAt": NOW,
        "updatedAt": NOW,
        "version": 1,
    }


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["text", "json"])
def test_values_of_sensitive_keys_are_masked(
    store: InMemoryStackRepository, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    put(store, a_stack(metadata={"password": CANARY, "branch": "main"}))

    assert main(["show", "s", *arguments]) == 0

    text = capsys.readouterr().out
    assert CANARY not in text
    assert "***" in text
    assert "main" in text


def test_what_a_tool_said_gives_no_orders_to_the_terminal(
    store: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    stack = replace(a_stack(), tasks=(failed("net", "\x1b[31mred\x1b[0m\r\n\x07\ttab"),))
    put(store, stack)

    main(["show", "s"])

    text = capsys.readouterr().out
    assert text.isprintable() or set(filter(lambda c: not c.isprintable(), text)) == {"\n"}
    assert "red" in text


@pytest.mark.parametrize("arguments", [[], ["--json"]], ids=["text", "json"])
def test_a_stack_that_is_not_there_is_code_1_with_a_hint(
    store: InMemoryStackRepository, arguments: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["show", "nobody", *arguments]) == 1

    told = capsys.readouterr()
    assert told.out == ""
    assert "there is no stack 'nobody'. `cloudseam stacks` lists" in told.err


def test_a_stack_that_has_ended_is_code_1(
    store: InMemoryStackRepository, capsys: pytest.CaptureFixture[str]
) -> None:
    put(store, a_stack().removed(NOW))

    assert main(["show", "s"]) == 1

    assert "stack 's' ended" in capsys.readouterr().err


def test_a_store_that_does_not_answer_is_code_2(
    store: InMemoryStackRepository,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(stack_store, "stacks_of", lambda target: FailingStacks(loads=["s"]))

    assert main(["show", "s"]) == 2

    assert capsys.readouterr().err.startswith("cloudseam show: ")
