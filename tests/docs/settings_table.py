"""The settings tables of docs/configuration.md, made from the code.

`python -m tests.docs.settings_table` prints them.
"""

from pydantic_core import PydanticUndefined

from cloudseam.settings import Settings
from state_machine.settings import StateMachineSettings
from task_satisfier.settings import TaskSatisfierSettings

TABLES: dict[str, type[Settings]] = {
    "State machine function": StateMachineSettings,
    "Task satisfier function": TaskSatisfierSettings,
}


def settings_table(settings: type[Settings]) -> str:
    """One row per variable: its name, default and meaning."""
    rows = ["| variable | default | meaning |", "|---|---|---|"]
    for field in settings.model_fields.values():
        default = "" if field.default in (None, "") else f"`{field.default}`"
        if field.default is PydanticUndefined:
            default = "required"
        rows.append(f"| `{field.alias}` | {default} | {field.description} |")
    return "\n".join(rows)


if __name__ == "__main__":
    for title, settings in TABLES.items():
        print(f"## {title}\n\n{settings_table(settings)}\n")
