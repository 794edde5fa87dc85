"""The machines of the simulation: re-used task names, loops, self-advances, tasks at the end."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from cloudseam.languages.cloudseam_v1.definition import Definition, State
from cloudseam.languages.cloudseam_v1.machine import StatesMachine
from cloudseam.machine import Machine
from cloudseam.task_spec import CONTAINER, RetryPolicy, TaskSpec
from tests.builders import a_state
from tests.simulation.deeds import DEEDS
from tests.simulation.executions import MACHINES

EXECUTOR = "simulated"
# Of these tasks each works with a resource that one of them at a time may work with.
HOLDING = frozenset({"net"})

NET = TaskSpec("net", EXECUTOR, {}, retry=RetryPolicy(3, wait=5))
DB = TaskSpec("db", EXECUTOR, {}, timeout=240, retry=RetryPolicy(2, wait=20, on=("Failed",)))
# Asked for by a send of its own, which may fail alone.
SMOKE = TaskSpec("smoke", EXECUTOR, {}, runner=CONTAINER)


def machine_of(name: str, version: int, tasks: Sequence[TaskSpec], *states: State) -> StatesMachine:
    """One version of a machine."""
    return StatesMachine(
        name,
        f"{name}-{version}",
        Definition(
            events=tuple(sorted({event for state in states for event in state.on} - {"NEXT"})),
            states={state.name: state for state in states},
            tasks={task.name: task for task in tasks},
        ),
    )


def _loop(version: int) -> StatesMachine:
    """A life with loops back, and the same tasks again and again."""
    on: Mapping[str, str | None] = {"NOTE": None, "DESTROY": "TEARDOWN"}
    more: Mapping[str, str | None] = {"AGAIN": "CHECK"} if version > 1 else {}
    return machine_of(
        "loop",
        version,
        (NET, DB, SMOKE),
        a_state("INIT", on={"LAUNCH": "PROVISION", "NOTE": None}),
        a_state("PROVISION", tasks=("net", "db"), on={**on, "NEXT": "RUN", "AGAIN": "PROVISION"}),
        a_state("RUN", on={**on, "UPDATE": "UPDATE", "AGAIN": "PROVISION", "DROP": "GONE", **more}),
        a_state("UPDATE", tasks=("db", "smoke"), on={**on, "NEXT": "RUN", "AGAIN": "UPDATE"}),
        a_state("CHECK", tasks=("smoke",), on={**on, "NEXT": "RUN", "AGAIN": "PROVISION"}),
        a_state("TEARDOWN", tasks=("net",), on={"NOTE": None}, terminal=True),
        a_state("GONE", terminal=True),
    )


def _chain(version: int) -> StatesMachine:
    """States that follow each other by themselves, and one that stays when its tasks are done."""
    on: Mapping[str, str | None] = {"NOTE": None, "DESTROY": "TEARDOWN", "AGAIN": "FIRST"}
    last = ("net", "db") if version == 1 else ("net", "smoke")
    return machine_of(
        "chain",
        version,
        (NET, DB, replace(SMOKE, retry=RetryPolicy(2, wait=1, jitter=False))),
        a_state("INIT", on={"LAUNCH": "FIRST", "NOTE": None}),
        a_state("FIRST", tasks=("net",), on={**on, "NEXT": "SECOND"}),
        a_state("SECOND", tasks=("net", "smoke"), on={**on, "NEXT": "THIRD", "UPDATE": "SECOND"}),
        a_state("THIRD", tasks=last, on={**on, "NEXT": None, "UPDATE": "FIRST"}),
        a_state("TEARDOWN", tasks=("smoke", "net"), on={"NOTE": None}, terminal=True),
    )


def _small() -> StatesMachine:
    """One life: two tasks of which one is retried, and a task at its end."""
    on: Mapping[str, str | None] = {"NOTE": None, "DESTROY": "TEARDOWN"}
    return machine_of(
        "small",
        1,
        (NET, DB),
        a_state("INIT", on={"LAUNCH": "PROVISION"}),
        a_state("PROVISION", tasks=("net", "db"), on={**on, "NEXT": "RUN"}),
        a_state("RUN", on=on),
        a_state("TEARDOWN", tasks=("net",), terminal=True),
    )


VERSIONS: Mapping[str, tuple[Machine, ...]] = {
    "loop": (_loop(1), _loop(2)),
    "chain": (_chain(1), _chain(2)),
    "small": (_small(),),
    **{name: (machine,) for name, machine in DEEDS.items()},
    **MACHINES,
}
BY_DIGEST = {machine.digest: machine for versions in VERSIONS.values() for machine in versions}
