"""Definitions with what is said of them, by the rule that is broken."""

from tests.unit.languages.asl_cases import (
    errors,
    fields,
    flow,
    machines,
    maps,
    paths,
    queries,
    query_languages,
    rules,
    tasks,
    templates,
    waits,
)
from tests.unit.languages.asl_cases.case import BASES, JSONATA, Case, of

SOUND = [Case(f"a sound {kind}", of(kind), []) for kind in BASES] + [
    Case(f"a sound {kind} in JSONata", of(kind, {} if kind == "Choice" else JSONATA), [])
    for kind in BASES
]
CASES = [
    *SOUND,
    *machines.CASES,
    *flow.CASES,
    *fields.CASES,
    *query_languages.CASES,
    *paths.CASES,
    *templates.CASES,
    *queries.CASES,
    *tasks.CASES,
    *waits.CASES,
    *rules.CASES,
    *errors.CASES,
    *maps.CASES,
]
