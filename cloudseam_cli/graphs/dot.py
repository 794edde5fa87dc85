"""A graph in the DOT language, for Graphviz."""

from collections.abc import Iterator

from cloudseam_cli.graphs.graph import Graph, GraphState, Transition

START = "(start)"
HEAD = """\
    graph [fontname="Helvetica", labelloc=t, nodesep=0.4, ranksep=0.6]
    node [fontname="Helvetica", fontsize=11, shape=box, style="rounded,filled", fillcolor=white]
    edge [fontname="Helvetica", fontsize=10]"""


def dot(graph: Graph) -> str:
    """The directed graph."""
    return "\n".join(_lines(graph)) + "\n"


def _lines(graph: Graph) -> Iterator[str]:
    yield f"digraph {_quoted(graph.name)} {{"
    yield f"    label={_quoted(graph.name)}"
    yield HEAD
    start = _start(graph)
    yield f'    {_quoted(start)} [shape=circle, fillcolor=black, label="", width=0.15]'
    for state in graph.states:
        yield f"    {_state(state)}"
        if state.is_initial:
            yield f"    {_quoted(start)} -> {_quoted(state.name)}"
    for transition in graph.transitions:
        yield f"    {_transition(transition)}"
    yield "}"


def _start(graph: Graph) -> str:
    """A name for the dot that no state has."""
    name, names = START, {state.name for state in graph.states}
    while name in names:
        name = f"({name})"
    return name


def _state(state: GraphState) -> str:
    lines = [f"{task.name} ({task.executor})" for task in state.tasks]
    lines += state.actions
    if state.no_ops:
        lines.append(f"no-op on {', '.join(state.no_ops)}")
    # `\n` centres the line before it, `\l` moves it to the left.
    details = r"\n" + "".join(_escaped(line) + r"\l" for line in lines) if lines else ""
    label = _escaped(state.name) + details
    borders = ", peripheries=2" if state.is_terminal else ""
    return f'{_quoted(state.name)} [label="{label}"{borders}]'


def _transition(transition: Transition) -> str:
    label = r"\n".join(_escaped(event) for event in transition.events)
    style = ", style=dashed" if transition.is_dashed else ""
    return f'{_quoted(transition.source)} -> {_quoted(transition.target)} [label="{label}"{style}]'


def _quoted(text: str) -> str:
    return f'"{_escaped(text)}"'


def _escaped(text: str) -> str:
    # Graphviz reads HTML's entities in labels.
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("&", "&amp;")
