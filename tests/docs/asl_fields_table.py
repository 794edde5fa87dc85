"""The table of docs/asl-checks.md that tells the fields of each type of state.

`python -m tests.docs.asl_fields_table` prints it.
"""

from cloudseam.languages.asl.rules.fields import Field
from cloudseam.languages.asl.rules.machines import MACHINES
from cloudseam.languages.asl.rules.states import COMMON, FIELDS

MARKS = {"": "yes", "JSONPath": "JSONPath", "JSONata": "JSONata"}


def fields_table() -> str:
    """A row for each field: which types have it, and in which query language."""
    types = {kind: {**fields, **MACHINES.get(kind, {})} for kind, fields in FIELDS.items()}
    names = sorted({name for fields in types.values() for name in fields})
    rows = [["field", *types], ["---"] * (len(types) + 1)]
    rows += [["`Type`, " + ", ".join(f"`{name}`" for name in sorted(COMMON) if name != "Type")]]
    rows[-1] += ["yes"] * len(types)
    rows += [
        [f"`{name}`", *(_mark(fields.get(name)) for fields in types.values())] for name in names
    ]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _mark(field: Field | None) -> str:
    return MARKS[field.language] if field else ""


if __name__ == "__main__":
    print(fields_table())
