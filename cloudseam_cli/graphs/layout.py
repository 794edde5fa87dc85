"""Where things go in a drawing of layers: levels, order within a level, then coordinates.

The method of Sugiyama, Tagawa and Toda (1981). Each transition has a node of its own for its
label, and one on every level that it only passes, so nothing is ever drawn over anything else.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import inf

SWEEPS = 24
# Placing is cheaper than ordering, and long chains need more of it.
PLACING_SWEEPS = 5 * SWEEPS
# A large drawing gets fewer, so that it takes seconds and not minutes.
SPOTS_PER_SWEEP = 60_000
# Between neighbours on a level, and between levels at least; in pixels.
NEIGHBOUR_GAP = 22.0
LEVEL_GAP = 24.0
# A line that goes far to the side needs room to bend.
BEND = 0.11
MAX_LEVEL_GAP = 60.0
# Lines are drawn straight rather than boxes centred.
PASSING_WEIGHT = 6.0


@dataclass(eq=False, slots=True)
class Spot:
    """Something with a place: a box, a label, or where a line passes a level. x is its axis."""

    left: float
    right: float
    height: float
    weight: float = 1.0
    level: int = 0
    x: float = 0.0
    top: float = 0.0
    # Of the whole level: lines bend only between levels.
    level_top: float = 0.0
    level_bottom: float = 0.0
    above: list["Spot"] = field(default_factory=list)
    below: list["Spot"] = field(default_factory=list)

    @property
    def bottom(self) -> float:
        """Its lower edge."""
        return self.top + self.height


@dataclass(frozen=True, slots=True, eq=False)
class Link:
    """A wish to connect two boxes, with the size of the label it carries."""

    source: str
    target: str
    width: float
    height: float


@dataclass(frozen=True, slots=True, eq=False)
class Route:
    """A link's way from its source to its target: over these spots, the label among them."""

    link: Link
    spots: tuple[Spot, ...]
    label: Spot


@dataclass(frozen=True, slots=True)
class Layout:
    """Boxes by name, routes in the order of the links, and how large it all is."""

    boxes: Mapping[str, Spot]
    routes: tuple[Route, ...]
    width: float
    height: float


def arrange(boxes: Mapping[str, Spot], links: Sequence[Link]) -> Layout:
    """Gives every box a place, the first one at the top. Links lead from one box to another.

    What is not connected is arranged by itself, side by side.
    """
    back = _back_links(list(boxes), links)
    routes: dict[Link, Route] = {}
    width = height = 0.0
    for names in _islands(list(boxes), links):
        island = [link for link in links if link.source in names]
        left = width + NEIGHBOUR_GAP * 2 if width else 0.0
        levels = _arrange_island(names, boxes, island, back, routes)
        for spot in (spot for level in levels for spot in level):
            spot.x += left
            width = max(width, spot.x + spot.right)
        height = max(height, _place_down(levels))
    return Layout(boxes, tuple(routes[link] for link in links), width, height)


def _arrange_island(
    names: Sequence[str],
    boxes: Mapping[str, Spot],
    links: Sequence[Link],
    back: set[Link],
    routes: dict[Link, Route],
) -> list[list[Spot]]:
    for name, rank in _ranks(names, links, back).items():
        boxes[name].level = 2 * rank
    routes.update({link: _route(link, boxes, link in back) for link in links})
    levels = _levels([boxes[name] for name in names], [routes[link] for link in links])
    sweeps = max(6, min(SWEEPS, SPOTS_PER_SWEEP // sum(map(len, levels))))
    _order(levels, sweeps)
    _place_across(levels, sweeps * PLACING_SWEEPS // SWEEPS)
    for link in links:
        _straighten(routes[link], levels)
    _move_to_the_left(levels)
    return levels


def _islands(names: Sequence[str], links: Iterable[Link]) -> list[list[str]]:
    """The names in groups that no link connects, in the order of their first ones."""
    group = {name: [name] for name in names}
    for link in links:
        one, other = group[link.source], group[link.target]
        if one is not other:
            one.extend(other)
            group.update(dict.fromkeys(other, one))
    order = {name: at for at, name in enumerate(names)}
    found = {id(members): members for members in group.values()}
    return [sorted(members, key=order.__getitem__) for members in found.values()]


def _back_links(names: Sequence[str], links: Iterable[Link]) -> set[Link]:
    """The links to turn round so that none leads in a circle: those to where one came from."""
    outgoing: dict[str, list[Link]] = {name: [] for name in names}
    for link in links:
        outgoing[link.source].append(link)
    back: set[Link] = set()
    done: set[str] = set()
    for name in names:
        if name not in done:
            _walk(name, outgoing, back, done)
    return back


def _walk(
    start: str, outgoing: Mapping[str, Sequence[Link]], back: set[Link], done: set[str]
) -> None:
    """Walks depth first, with a stack of its own: machines may be longer than Python's."""
    path = {start: iter(outgoing[start])}
    while path:
        name = next(reversed(path))
        link = next(path[name], None)
        if link is None:
            done.add(name)
            del path[name]
        elif link.target in path:
            back.add(link)
        elif link.target not in done:
            path[link.target] = iter(outgoing[link.target])


def _ranks(names: Sequence[str], links: Iterable[Link], back: set[Link]) -> dict[str, int]:
    """Each name's rank: one more than the highest of those that lead to it."""
    before: dict[str, set[str]] = {name: set() for name in names}
    after: dict[str, set[str]] = {name: set() for name in names}
    for link in links:
        upper, lower = _downwards(link, link in back)
        before[lower].add(upper)
        after[upper].add(lower)
    ranks: dict[str, int] = {}
    waiting = [name for name in names if not before[name]]
    while waiting:
        name = waiting.pop()
        ranks[name] = max((ranks[upper] + 1 for upper in before[name]), default=0)
        waiting.extend(
            lower for lower in after[name] if lower not in ranks and before[lower] <= ranks.keys()
        )
    for name in names[1:]:
        if not before[name] and after[name]:
            ranks[name] = max(0, min(ranks[lower] for lower in after[name]) - 1)
    return ranks


def _downwards(link: Link, is_back: bool) -> tuple[str, str]:
    return (link.target, link.source) if is_back else (link.source, link.target)


def _route(link: Link, boxes: Mapping[str, Spot], is_back: bool) -> Route:
    """Puts spots on the levels between the ends; the label is on the one next to the source."""
    upper, lower = (boxes[name] for name in _downwards(link, is_back))
    label = Spot(link.width / 2, link.width / 2, link.height, PASSING_WEIGHT)
    between = [Spot(4, 4, 0, PASSING_WEIGHT) for _ in range(upper.level + 1, lower.level)]
    between[-1 if is_back else 0] = label
    for level, spot in enumerate(between, upper.level + 1):
        spot.level = level
    way = [upper, *between, lower]
    for above, below in pairwise(way):
        above.below.append(below)
        below.above.append(above)
    return Route(link, tuple(reversed(way) if is_back else way), label)


def _levels(boxes: Iterable[Spot], routes: Iterable[Route]) -> list[list[Spot]]:
    spots = list(dict.fromkeys([*boxes, *(spot for route in routes for spot in route.spots)]))
    levels: list[list[Spot]] = [[] for _ in range(1 + max(spot.level for spot in spots))]
    for spot in spots:
        levels[spot.level].append(spot)
    return levels


def _order(levels: list[list[Spot]], sweeps: int) -> None:
    """Orders each level so that few lines cross: by the middle of what is next to it."""
    best, fewest = [list(level) for level in levels], _crossings(levels)
    for sweep in range(sweeps):
        downwards = sweep % 2 == 0
        for level in levels[1:] if downwards else levels[-2::-1]:
            neighbours = levels[level[0].level + (-1 if downwards else 1)]
            _sort(level, {spot: at for at, spot in enumerate(neighbours)}, downwards)
        crossings = _crossings(levels)
        if crossings < fewest:
            best, fewest = [list(level) for level in levels], crossings
    levels[:] = best


def _sort(level: list[Spot], positions: Mapping[Spot, int], downwards: bool) -> None:
    """Sorts a level by its spots' neighbours; a spot without any stays where it is."""
    middles = {}
    for at, spot in enumerate(level):
        near = [positions[each] for each in (spot.above if downwards else spot.below)]
        middles[spot] = sum(near) / len(near) if near else float(at)
    level.sort(key=middles.__getitem__)


def _crossings(levels: Iterable[Sequence[Spot]]) -> int:
    total = 0
    for upper, lower in pairwise(levels):
        positions = {spot: at for at, spot in enumerate(lower)}
        ends = [at for spot in upper for at in sorted(positions[below] for below in spot.below)]
        total += _inversions(ends)
    return total


def _inversions(numbers: Sequence[int]) -> int:
    """How many pairs are out of order, counted while merging halves."""
    if len(numbers) < 2:
        return 0
    middle = len(numbers) // 2
    first, second = numbers[:middle], numbers[middle:]
    count = _inversions(first) + _inversions(second)
    first, at = sorted(first), 0
    for number in sorted(second):
        while at < len(first) and first[at] <= number:
            at += 1
        count += len(first) - at
    return count


def _place_across(levels: Sequence[Sequence[Spot]], sweeps: int) -> None:
    """Gives each spot its x: near its neighbours' without touching the next."""
    for level in levels:
        _settle(level, [0.0] * len(level))
    for sweep in range(sweeps):
        downwards = sweep % 2 == 0
        for level in levels if downwards else reversed(levels):
            _settle(level, [_wish(spot, sweep < sweeps - 4, downwards) for spot in level])


def _move_to_the_left(levels: Sequence[Sequence[Spot]]) -> None:
    """Has everything begin at 0."""
    left = min(spot.x - spot.left for level in levels for spot in level)
    for level in levels:
        for spot in level:
            spot.x -= left


def _straighten(route: Route, levels: Sequence[Sequence[Spot]]) -> None:
    """Puts as many of the spots that a line passes as possible under one another."""
    run: list[Spot] = []
    low, high = -inf, inf
    for spot in route.spots[1:-1]:
        least, most = _freedom(spot, levels[spot.level])
        if max(low, least) > min(high, most):
            _align(run, low, high)
            run, low, high = [], -inf, inf
        run.append(spot)
        low, high = max(low, least), min(high, most)
    _align(run, low, high)


def _align(run: Sequence[Spot], low: float, high: float) -> None:
    x = min(high, max(low, sum(spot.x for spot in run) / len(run)))
    for spot in run:
        spot.x = x


def _freedom(spot: Spot, level: Sequence[Spot]) -> tuple[float, float]:
    """From where to where a spot can move between its neighbours."""
    at = level.index(spot)
    low, high = -inf, inf
    if at > 0:
        low = level[at - 1].x + level[at - 1].right + NEIGHBOUR_GAP + spot.left
    if at + 1 < len(level):
        high = level[at + 1].x - level[at + 1].left - NEIGHBOUR_GAP - spot.right
    # Rounding may have put neighbours closer than the gap.
    return min(low, spot.x), max(high, spot.x)


def _wish(spot: Spot, one_side: bool, downwards: bool) -> float:
    """Where a spot would be straight: with what is above it or below, and at last with both."""
    near = (spot.above if downwards else spot.below) if one_side else [*spot.above, *spot.below]
    near = near or [*spot.above, *spot.below]
    if not near:
        return spot.x
    weights = [min(spot.weight, each.weight) for each in near]
    return sum(each.x * weight for each, weight in zip(near, weights, strict=True)) / sum(weights)


def _settle(level: Sequence[Spot], wishes: Sequence[float]) -> None:
    """The places nearest to the wishes that keep order and distance.

    Without distances that is isotonic regression, solved by pooling adjacent violators; so the
    distances are taken off first and put on again afterwards.
    """
    offsets = list(_offsets(level))
    pools: list[tuple[float, float, int]] = []  # mean, weight, how many spots
    for spot, wish, offset in zip(level, wishes, offsets, strict=True):
        mean, weight, count = wish - offset, spot.weight, 1
        while pools and pools[-1][0] >= mean:
            before, its_weight, its_count = pools.pop()
            mean = (before * its_weight + mean * weight) / (its_weight + weight)
            weight, count = weight + its_weight, count + its_count
        pools.append((mean, weight, count))
    means = [mean for mean, _, count in pools for _ in range(count)]
    for spot, mean, offset in zip(level, means, offsets, strict=True):
        spot.x = mean + offset


def _offsets(level: Sequence[Spot]) -> Iterator[float]:
    offset = 0.0
    for at, spot in enumerate(level):
        if at:
            offset += level[at - 1].right + NEIGHBOUR_GAP + spot.left
        yield offset


def _place_down(levels: Sequence[Sequence[Spot]]) -> float:
    """Gives each spot its top. Returns the height."""
    top = 0.0
    for level in levels:
        height = max(spot.height for spot in level)
        for spot in level:
            spot.top = top + (height - spot.height) / 2
            spot.level_top, spot.level_bottom = top, top + height
        bends = [abs(spot.x - below.x) for spot in level for below in spot.below]
        bottom = top + height
        top = bottom + min(MAX_LEVEL_GAP, max([LEVEL_GAP, *(BEND * bend for bend in bends)]))
    return bottom
