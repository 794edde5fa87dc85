"""Which fields an object of a definition may and must have."""

from collections.abc import Mapping
from typing import NamedTuple

from cloudseam.languages.asl.rules.value import JSONATA, JSONPATH, Rule, Setting, Value


class Field(NamedTuple):
    """A field: the rule of its value, and the one query language that has it, if only one has."""

    rule: Rule
    language: str = ""


Fields = Mapping[str, Field]


def check_fields(
    value: Value, fields: Fields, setting: Setting, required: tuple[str, ...] = ()
) -> bool:
    """Judges an object by its fields; False if it is no object at all."""
    members = value.members()
    if members is None:
        return False
    for name in members:
        if name not in fields:
            value.add(f"Field '{name}' is not supported", key=name)
        elif fields[name].language not in ("", setting.language):
            add_other_language(value, name, setting)
    missing = [name for name in required if name not in members]
    if missing:
        value.add(f"These fields are required: [{', '.join(missing)}]")
    for name, member in members.items():
        if name in fields and fields[name].language in ("", setting.language):
            fields[name].rule(member, setting)
    return True


def add_other_language(value: Value, name: str, setting: Setting) -> None:
    """Says that a field belongs to the other query language."""
    other = JSONPATH if setting.is_jsonata else JSONATA
    value.add(
        f"The QueryLanguage is set to '{setting.language}', but field '{name}' is only supported "
        f"for the '{other}' QueryLanguage",
        key=name,
    )


def only_one(value: Value, *names: str, needed: bool = False) -> None:
    """Judges that not more than one of the fields is there, and that one is if it is needed."""
    count = sum(name in value.json for name in names)
    listed = f"of the following fields: [{', '.join(names)}]"
    if count > 1:
        value.add(f"There should only be one {listed}")
    elif needed and not count:
        value.add(f"This object should have only one {listed}")


def path_only(rule: Rule) -> Field:
    """A field that states in JSONPath have only."""
    return Field(rule, JSONPATH)


def query_only(rule: Rule) -> Field:
    """A field that states in JSONata have only."""
    return Field(rule, JSONATA)
