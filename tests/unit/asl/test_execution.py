"""An execution as JSON is a value: what becomes of the execution does not change it."""

from copy import deepcopy

from cloudseam.languages.asl.execution import Execution, Phase, Status, Thread


def an_execution() -> Execution:
    """One with a thread whose fields all have something in them."""
    thread = Thread(
        1,
        [["Map", -1]],
        "S",
        {"a": 1},
        retries=[1],
        waiting_items=[[0, "x", "x"]],
        results={"0": "y"},
        phase=Phase.GATHERING,
    )
    return Execution({}, {"Execution": {}}, threads={"1": thread})


def change(execution: Execution) -> None:
    """Does what steps do to an execution in place."""
    thread = execution.threads["1"]
    thread.at.append(["P", 0])
    thread.retries[0] = 2
    thread.waiting_items.pop(0)
    thread.results["1"] = "z"
    thread.phase = Phase.DONE
    execution.threads.clear()
    execution.status = Status.SUCCEEDED


def test_it_comes_back_as_it_was() -> None:
    assert Execution.of_json(an_execution().as_json()) == an_execution()


def test_what_was_told_of_it_stays_as_it_was() -> None:
    execution = an_execution()
    told = execution.as_json()
    before = deepcopy(told)

    change(execution)
    change(Execution.of_json(told))

    assert told == before
