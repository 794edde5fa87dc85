"""A graph as an SVG picture of its own: no script, no font or style from elsewhere."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from html import escape
from unicodedata import east_asian_width

from cloudseam.errors import CloudSeamError
from cloudseam.event import NEXT
from cloudseam_cli.graphs.graph import RUNS, Graph, GraphState, Transition
from cloudseam_cli.graphs.layout import Layout, Link, Route, Spot, arrange

MAX_STATES = 100
MAX_TRANSITIONS = 300
MAX_TEXT = 40
MAX_EVENTS = 8
# Pixels. A monospaced font's signs are 0.6 of its size wide, by up to 2 % more in some fonts.
NAME_SIZE, TEXT_SIZE = 13, 11
SIGN_WIDTH = 0.615
LINE = 16
PADDING = 12
MARGIN = 28
START_ROOM = 34
TITLE_ROOM = 30
LEGEND_ROOM = 34
LOOP_WIDTH = 24
RADIUS = 8

FONT = "ui-monospace, SFMono-Regular, Menlo, Consolas, 'DejaVu Sans Mono', monospace"
INK, LINE_COLOUR, NEXT_COLOUR = "#1f2933", "#52606d", "#2f6fb0"
# Fill and border: where stacks start, where tasks run, where they wait, where they end.
COLOURS = {
    "start": ("#e8f3ee", "#3c8a68"),
    "work": ("#eaf2fb", "#2f6fb0"),
    "wait": ("#f5f7fa", "#7b8794"),
    "end": ("#fbeeee", "#b04a4a"),
}


class TooLargeToDrawError(CloudSeamError):
    """The machine is too large for a picture."""


def svg(graph: Graph) -> str:
    """The picture.

    Raises:
        TooLargeToDrawError: it would be too large to look at.
    """
    if len(graph.states) > MAX_STATES or len(graph.transitions) > MAX_TRANSITIONS:
        raise TooLargeToDrawError(
            f"The machine has more than {MAX_STATES} states or {MAX_TRANSITIONS} transitions, too "
            "many for a picture. Use --format dot, and Graphviz."
        )
    states = sorted(graph.states, key=lambda state: not state.is_initial)
    moves = [each for each in graph.transitions if each.source != each.target]
    boxes = {state.name: _box(state, graph) for state in states}
    layout = arrange(boxes, [_link(each) for each in moves])
    return "\n".join(_picture(graph, moves, layout)) + "\n"


def _box(state: GraphState, graph: Graph) -> Spot:
    """The room a state takes: its box, and to the right of it its loop."""
    half = _half_width(state)
    loop = _loop_label(state.name, graph.transitions)
    room = LOOP_WIDTH + 6 + _widest(loop, TEXT_SIZE) if loop else 0
    return Spot(half, half + room, _height(state))


def _half_width(state: GraphState) -> float:
    name = _width(_cut(state.name), NAME_SIZE)
    return PADDING + max(name, _widest(_details(state), TEXT_SIZE), 48) / 2


def _height(state: GraphState) -> float:
    details = len(_details(state))
    return 2 * PADDING + LINE + (details * LINE + 6 if details else 0)


def _details(state: GraphState) -> list[str]:
    tasks = [f"{_cut(task.name)} · {task.executor}" for task in state.tasks]
    no_ops = [f"{_cut(event)}: no-op" for event in _few(state.no_ops)]
    return [*tasks, *map(_cut_action, state.actions), *no_ops]


def _link(transition: Transition) -> Link:
    lines = _label(transition)
    return Link(
        transition.source,
        transition.target,
        _widest(lines, TEXT_SIZE) + 12,
        len(lines) * LINE + 2,
    )


def _label(transition: Transition) -> list[str]:
    return [_cut_action(event) for event in _few(transition.events)]


def _few(names: Sequence[str]) -> list[str]:
    if len(names) <= MAX_EVENTS:
        return list(names)
    return [*names[: MAX_EVENTS - 1], f"and {len(names) - MAX_EVENTS + 1} more"]


def _cut(text: str) -> str:
    return text if len(text) <= MAX_TEXT else text[: MAX_TEXT - 1] + "…"


def _cut_action(text: str) -> str:
    """What happens and the action that is run then. Of its dotted name the end is kept."""
    event, runs, action = text.partition(RUNS)
    if len(text) <= MAX_TEXT or not runs:
        return _cut(text)
    event = event if len(event) <= MAX_TEXT // 2 else event[: MAX_TEXT // 2 - 1] + "…"
    room = MAX_TEXT - len(event) - len(runs)
    return event + runs + (action if len(action) <= room else "…" + action[1 - room :])


def _width(text: str, size: int) -> float:
    signs = sum(2 if east_asian_width(sign) in "WF" else 1 for sign in text)
    return signs * size * SIGN_WIDTH


def _widest(lines: Iterable[str], size: int) -> float:
    return max((_width(line, size) for line in lines), default=0.0)


def _loop_label(state: str, transitions: Iterable[Transition]) -> list[str]:
    """The events on which a state is entered again from itself."""
    loops = (each for each in transitions if each.source == each.target == state)
    return [line for each in loops for line in _label(each)]


def _picture(graph: Graph, moves: Sequence[Transition], layout: Layout) -> Iterator[str]:
    title = _cut(graph.name)
    wide = max(layout.width, _width(title, 16), _width(graph.legend, TEXT_SIZE) + 40)
    width = round(wide + 2 * MARGIN)
    height = round(layout.height + 2 * MARGIN + TITLE_ROOM + START_ROOM + LEGEND_ROOM)
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}" role="img" font-family="{FONT}">'
    )
    yield f"<title>Machine {_safe(graph.name)}</title>"
    yield from DEFINITIONS
    yield f'<rect width="{width}" height="{height}" fill="#ffffff"/>'
    yield _text(MARGIN, MARGIN + 12, title, 16, weight=700)
    yield from _legend(height - MARGIN, graph.legend)
    across = MARGIN + (wide - layout.width) / 2
    yield f'<g transform="translate({_px(across)} {_px(MARGIN + TITLE_ROOM + START_ROOM)})">'
    ports = _ports(layout)
    for transition, route in zip(moves, layout.routes, strict=True):
        yield _line(route, ports[route], transition.is_dashed)
    for transition, route in zip(moves, layout.routes, strict=True):
        yield from _pill(route.label, _label(transition), transition.is_dashed)
    for state in graph.states:
        yield from _state(state, layout.boxes[state.name], graph)
    yield "</g>"
    yield "</svg>"


DEFINITIONS = [
    "<defs>",
    *(
        f'<marker id="{name}" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" '
        f'markerHeight="7" orient="auto-start-reverse">'
        f'<path d="M0 0.8 L10 5 L0 9.2 z" fill="{colour}"/></marker>'
        for name, colour in (("event", LINE_COLOUR), ("next", NEXT_COLOUR))
    ),
    "</defs>",
]


def _legend(y: float, legend: str) -> Iterator[str]:
    yield _stroke(f"M{MARGIN} {y - 4} h28", is_dashed=True)
    yield _text(MARGIN + 38, y, legend, TEXT_SIZE, colour=LINE_COLOUR)


Ends = tuple[float, float]


def _ports(layout: Layout) -> Mapping[Route, Ends]:
    """Where each route leaves its source and reaches its target: x, side by side along an edge."""
    ends: dict[tuple[Spot, bool], list[tuple[float, int, Route, int]]] = {}
    for order, route in enumerate(layout.routes):
        for at, (box, next_to) in enumerate(
            ((route.spots[0], route.spots[1]), (route.spots[-1], route.spots[-2]))
        ):
            is_below = next_to.level > box.level
            ends.setdefault((box, is_below), []).append((next_to.x, order, route, at))
    found: dict[Route, dict[int, float]] = {route: {} for route in layout.routes}
    for (box, _), uses in ends.items():
        step = min(26.0, 1.6 * box.left / len(uses))
        for place, (_, _, route, at) in enumerate(sorted(uses, key=lambda use: use[:2])):
            found[route][at] = box.x + (place - (len(uses) - 1) / 2) * step
    return {route: (found[route][0], found[route][1]) for route in layout.routes}


def _line(route: Route, ends: Ends, is_dashed: bool) -> str:
    """A smooth line: straight past each level, bending only between levels."""
    source, *between, target = route.spots
    is_up = source.level > target.level
    path = f"M{_px(ends[0])} {_px(source.top if is_up else source.bottom)}"
    x, y = ends[0], _leaving(source, is_up)
    path += f" V{_px(y)}"
    for to_x, spot in [*((spot.x, spot) for spot in between), (ends[1], target)]:
        enter = spot.level_bottom if is_up else spot.level_top
        middle = _px((y + enter) / 2)
        path += f" C{_px(x)} {middle} {_px(to_x)} {middle} {_px(to_x)} {_px(enter)}"
        x, y = to_x, _leaving(spot, is_up)
        end = (target.bottom if is_up else target.top) if spot is target else y
        path += f" V{_px(end)}"
    return _stroke(path, is_dashed, arrow=True)


def _leaving(spot: Spot, is_up: bool) -> float:
    """Where a line leaves the level of a spot."""
    return spot.level_top if is_up else spot.level_bottom


def _stroke(path: str, is_dashed: bool, *, arrow: bool = False) -> str:
    colour, dashes = (NEXT_COLOUR, ' stroke-dasharray="6 4"') if is_dashed else (LINE_COLOUR, "")
    end = f' marker-end="url(#{"next" if is_dashed else "event"})"' if arrow else ""
    return f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="1.4"{dashes}{end}/>'


def _pill(spot: Spot, lines: Sequence[str], is_dashed: bool) -> Iterator[str]:
    """A label on its line."""
    left, width = spot.x - spot.left, spot.left + spot.right
    yield (
        f'<rect x="{_px(left)}" y="{_px(spot.top)}" width="{_px(width)}" '
        f'height="{_px(spot.height)}" rx="4" fill="#ffffff"/>'
    )
    colour = NEXT_COLOUR if is_dashed else INK
    for at, line in enumerate(lines):
        y = spot.top + 13 + at * LINE
        yield _text(spot.x, y, line, TEXT_SIZE, colour=colour, anchor="middle")


def _state(state: GraphState, spot: Spot, graph: Graph) -> Iterator[str]:
    fill, border = COLOURS[_kind(state)]
    yield _box_at(spot, 0, fill, border)
    if state.is_terminal:
        yield _box_at(spot, 3.5, "none", border)
    details = _details(state)
    yield _text(spot.x, spot.top + 24, _cut(state.name), NAME_SIZE, weight=700, anchor="middle")
    for at, line in enumerate(details):
        y = spot.top + 24 + 22 + at * LINE
        yield _text(spot.x - spot.left + PADDING, y, line, TEXT_SIZE, colour=LINE_COLOUR)
    if state.is_initial:
        yield f'<circle cx="{_px(spot.x)}" cy="{_px(spot.top - 28)}" r="5.5" fill="{INK}"/>'
        yield _stroke(f"M{_px(spot.x)} {_px(spot.top - 22)} V{_px(spot.top)}", False, arrow=True)
    yield from _loop(state, spot, graph)


def _kind(state: GraphState) -> str:
    if state.is_terminal:
        return "end"
    if state.is_initial:
        return "start"
    return "work" if state.tasks or state.actions else "wait"


def _box_at(spot: Spot, inset: float, fill: str, border: str) -> str:
    x, y = spot.x - spot.left + inset, spot.top + inset
    width, height = 2 * (spot.left - inset), spot.height - 2 * inset
    return (
        f'<rect x="{_px(x)}" y="{_px(y)}" width="{_px(width)}" height="{_px(height)}" '
        f'rx="{RADIUS - inset}" fill="{fill}" stroke="{border}" stroke-width="1.3"/>'
    )


def _loop(state: GraphState, spot: Spot, graph: Graph) -> Iterator[str]:
    """The line from a state to itself, on its right, with all its events beside it."""
    lines = _loop_label(state.name, graph.transitions)
    if not lines:
        return
    loops = [each for each in graph.transitions if each.source == each.target == state.name]
    is_dashed = all(each.is_dashed for each in loops)
    x, middle = spot.x + spot.left, spot.top + spot.height / 2
    out = x + LOOP_WIDTH * 4 / 3
    path = f"M{_px(x)} {_px(middle - 9)} C{_px(out)} {_px(middle - 16)} {_px(out)} "
    path += f"{_px(middle + 16)} {_px(x)} {_px(middle + 9)}"
    yield _stroke(path, is_dashed, arrow=True)
    top = middle + 4 - (len(lines) - 1) * LINE / 2
    for at, line in enumerate(lines):
        colour = NEXT_COLOUR if is_dashed or line == NEXT else INK
        yield _text(x + LOOP_WIDTH + 6, top + at * LINE, line, TEXT_SIZE, colour=colour)


def _text(
    x: float,
    y: float,
    text: str,
    size: int,
    *,
    colour: str = INK,
    weight: int = 400,
    anchor: str = "start",
) -> str:
    return (
        f'<text x="{_px(x)}" y="{_px(y)}" font-size="{size}" font-weight="{weight}" '
        f'text-anchor="{anchor}" fill="{colour}">{_safe(text)}</text>'
    )


def _px(number: float) -> str:
    """A coordinate with one decimal at most."""
    text = f"{number:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def _safe(text: str) -> str:
    return escape(text)
