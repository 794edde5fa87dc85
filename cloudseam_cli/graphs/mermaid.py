"""A graph as a Mermaid state diagram, for Markdown."""

import json
import re
from collections.abc import Iterator

from cloudseam_cli.graphs.graph import Graph, GraphState

# State names of CloudSeam v1 are capitals, digits and dashes. An id may not hold a dash, and must
# not be one of Mermaid's own words, which it reads in any case.
ID_PREFIX = "s_"
# Those of Python-action machines are any text; every sign but letters and digits is its number.
ANY_ID_PREFIX = "t_"
PLAIN = re.compile(r"[A-Z0-9-]+")
# Whatever else could end a text, or begin something, is written as its number.
UNSAFE = re.compile(r"[^A-Za-z0-9 _./,()-]")


def mermaid(graph: Graph) -> str:
    """The diagram. Mermaid draws no dashed line between states; NEXT has its name only, and a
    transition of the same invocation the word `local`."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    yield from ("---", f"title: {json.dumps(graph.name)}", "---", "stateDiagram-v2")
    yield "    classDef terminal stroke-width:4px"
    for state in graph.states:
        yield from (f"    {line}" for line in _state(state))
    for transition in graph.transitions:
        events = ", ".join(transition.events) + (" (local)" if transition.is_local else "")
        yield f"    {_id(transition.source)} --> {_id(transition.target)} : {_text(events)}"


def _state(state: GraphState) -> Iterator[str]:
    name = _id(state.name)
    yield f'state "{_text(state.name)}" as {name}'
    for task in state.tasks:
        yield f"{name} : {_text(f'{task.name} ({task.executor})')}"
    for action in state.actions:
        yield f"{name} : {_text(action)}"
    if state.no_ops:
        yield f"{name} : {_text('no-op on ' + ', '.join(state.no_ops))}"
    if state.is_initial:
        yield f"[*] --> {name}"
    if state.is_terminal:
        yield f"{name} --> [*]"
        yield f"class {name} terminal"


def _id(state: str) -> str:
    if PLAIN.fullmatch(state):
        return ID_PREFIX + state.replace("-", "_")
    return ANY_ID_PREFIX + re.sub(r"[^A-Za-z0-9]", lambda found: f"_{ord(found[0])}_", state)


def _text(text: str) -> str:
    return UNSAFE.sub(lambda found: f"#{ord(found[0])};", text)
