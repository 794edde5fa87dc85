"""The tables of rights of docs/operations.md, made from the template.

`python -m tests.docs.rights_table` prints them.
"""

from collections.abc import Iterator
from typing import Any

from tests.template import documents

TABLES = {
    "The state machine's rights": "StateMachineRole",
    "The task satisfier's rights": "TaskSatisfierRole",
    "The rights of a container": "ContainerTaskPolicy",
    "The rights of Scheduler's timers": "TimerRole",
    "The rights of the sweep's schedule": "StateMachineFunctionSweepRole",
}


def rights_table(role: str) -> str:
    """One row per statement of a role."""
    rows = ["| statement | actions | on | where |", "|---|---|---|---|"]
    for statement, condition in _statements(role):
        told = statement["Action"]
        actions = ", ".join(f"`{each}`" for each in ([told] if isinstance(told, str) else told))
        resources = ", ".join(f"`{each}`" for each in _resources(statement["Resource"]))
        rows.append(f"| `{statement['Sid']}` | {actions} | {resources} | {condition} |")
    return "\n".join(rows)


def _statements(role: str) -> Iterator[tuple[dict[str, Any], str]]:
    """Every statement, with the condition of the template that it is there under."""
    for document in documents(role):
        for each in document["Statement"]:
            condition, if_so, if_not = each.get("Fn::If", ["", each, {}])
            if "Sid" in if_so:
                yield if_so, f"`{condition}`" if condition else ""
            if "Sid" in if_not:
                yield if_not, f"not `{condition}`"


def _resources(resource: Any) -> Iterator[str]:
    """The names of resources as the template has them."""
    for each in resource if isinstance(resource, list) else [resource]:
        if isinstance(each, str):
            yield each
        elif "Fn::If" in each:
            yield from _resources(each["Fn::If"][1:])
        else:
            [named] = each.values()
            yield ".".join(named) if isinstance(named, list) else named


if __name__ == "__main__":
    for title, role in TABLES.items():
        print(f"### {title}\n\n{rights_table(role)}\n")
