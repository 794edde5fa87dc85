"""PartiQL as far as the project speaks it: INSERT a whole item, UPDATE one under conditions.

Source: DynamoDB developer guide, "PartiQL insert statements" and "PartiQL update statements". An
INSERT of a key that is there is a DuplicateItem; an UPDATE whose WHERE does not hold, or of no
item, is a ConditionalCheckFailed.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

from bench.aws.refusal import RefusedError, unknown

INSERT = re.compile(r'INSERT INTO "([^"]+)" VALUE \{(.*)\}')
UPDATE = re.compile(r'UPDATE "([^"]+)" (.*) WHERE (.*)')
VALUE = re.compile(r"'([^']+)' *: *\?")
CLAUSE = re.compile(r'(SET|REMOVE) +"?(\w+)"?( *= *\?)?')
CONDITION = re.compile(r'"?(\w+)"? *(= *\?|IS MISSING)')

Tables = Mapping[str, dict[str, dict[str, Any]]]


@dataclass(frozen=True, slots=True)
class Statement:
    """One statement: its parameters are the values of `names`, then those of `where`, in order.

    `is_missing` has the attributes that must not be there.
    """

    table: str
    names: tuple[str, ...]
    removed: tuple[str, ...] = ()
    where: tuple[str, ...] = ()
    is_missing: tuple[str, ...] = ()

    @property
    def is_insert(self) -> bool:
        """Whether it makes a new item."""
        return not self.where


def execute(tables: Tables, text: str, parameters: Sequence[Any]) -> None:
    """Carries a statement out.

    Raises:
        RefusedError: it cannot be, by its condition or since it is not known.
    """
    statement = parsed(text)
    if len(parameters) != len(statement.names) + len(statement.where):
        raise RefusedError("ValidationError", "Parameters and statement do not match.")
    values = dict(zip(statement.names, parameters, strict=False))
    if statement.is_insert:
        _insert(tables[statement.table], values)
    else:
        wanted = dict(zip(statement.where, parameters[len(statement.names) :], strict=True))
        _update(tables[statement.table], statement, values, wanted)


@cache
def parsed(text: str) -> Statement:
    """The statement that a text is."""
    words = " ".join(text.split())
    if insert := INSERT.fullmatch(words):
        return Statement(insert[1], tuple(_all(VALUE, insert[2])))
    update = UPDATE.fullmatch(words)
    if update is None:
        raise unknown(f"the statement {words:.200}")
    clauses = CLAUSE.findall(update[2])
    if " ".join(CLAUSE.sub("", update[2]).split()).strip(", "):
        raise unknown(f"all of {update[2]:.60}")
    conditions = [_condition(each) for each in update[3].split(" AND ")]
    return Statement(
        update[1],
        tuple(name for word, name, _ in clauses if word == "SET"),
        tuple(name for word, name, _ in clauses if word == "REMOVE"),
        tuple(name for name, test in conditions if test != "IS MISSING"),
        tuple(name for name, test in conditions if test == "IS MISSING"),
    )


def _all(pattern: re.Pattern[str], text: str) -> Iterator[str]:
    """Every match in a list that holds nothing else."""
    for part in text.split(","):
        found = pattern.fullmatch(part.strip())
        if found is None:
            raise unknown(f"the value {part:.40}")
        yield found[1]


def _condition(text: str) -> tuple[str, str]:
    found = CONDITION.fullmatch(text.strip())
    if found is None:
        raise unknown(f"the condition {text:.60}")
    return found[1], found[2]


def _insert(table: dict[str, dict[str, Any]], item: dict[str, Any]) -> None:
    if item["id"]["S"] in table:
        raise RefusedError("DuplicateItem", "The key is there already.")
    table[item["id"]["S"]] = item


def _update(
    table: dict[str, dict[str, Any]],
    statement: Statement,
    values: dict[str, Any],
    wanted: dict[str, Any],
) -> None:
    old = table.get(wanted["id"]["S"], {})
    holds = all(old.get(name) == value for name, value in wanted.items())
    if not holds or any(name in old for name in statement.is_missing):
        raise RefusedError("ConditionalCheckFailed", "The condition failed.")
    kept = {name: value for name, value in old.items() if name not in statement.removed}
    table[wanted["id"]["S"]] = kept | values
