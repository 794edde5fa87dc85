"""A graph as a Mermaid state diagram, for Markdown."""

import json
import re
from collections.abc import Iterator

from cloudseam_cli.graphs.graph import Graph, GraphState

# State names are capitals, digits and dashes. An id may not hold a dash, and must not be one of
# Mermaid's own words, which it reads in any case.
ID_PREFIX = "s_"
# Whatever else could end a text, or begin something, is written as its number.
UNSAFE = re.compile(r"[^A-Za-z0-9 _./,()-]")


def mermaid(graph: Graph) -> str:
    """The diagram. Mermaid draws no dashed line between states; NEXT has its name only."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    yield from ("---", f"title: {json.dumps(graph.name)}", "---", "stateDiagram-v2")
    yield "    classDef terminal stroke-width:4px"
    for state in graph.states:
        yield from (f"    {line}" for line in _state(state))
    for transition in graph.transitions:
        events = ", ".join(transition.events)
        yield f"    {_id(transition.source)} --> {_id(transition.target)} : {_text(events)}"


def _state(state: GraphState) -> Iterator[str]:
    name = _id(state.name)
    yield f'state "{_text(state.name)}" as {name}'
    for task in state.tasks:
        yield f"{name} : {_text(f'{task.name} ({task.executor})')}"
    if state.no_ops:
        yield f"{name} : {_text('no-op on ' + ', '.join(state.no_ops))}"
    if state.is_initial:
        yield f"[*] --> {name}"
    if state.is_terminal:
        yield f"{name} --> [*]"
        yield f"class {name} terminal"


def _id(state: str) -> str:
    return ID_PREFIX + state.replace("-", "_")


def _text(text: str) -> str:
    return UNSAFE.sub(lambda found: f"#{ord(found[0])};", text)
