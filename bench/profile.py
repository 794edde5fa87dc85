"""Where the handler's CPU goes, by package: what is left to save where a target is missed."""

import pstats
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from bench.drive import drive
from bench.figures import Figures, Tell, times
from bench.function import STORES, Function, installation
from bench.life import LIFE

LIVES = 100
BATCH = 10
MOST_ROWS = 12  # of each store
# How a profile names a function of the interpreter's own, which has no file.
BUILT_IN = "~"
# Folders that packages lie in; what is elsewhere is the standard library's.
SITE, LAYER = "site-packages", "layers"

Place = tuple[str, int, str]  # file, line, function


def run(scale: float, tell: Tell) -> Figures:
    """A life after the other in batches of ten, on each store."""
    rows = []
    with installation(*STORES) as place:
        for store in STORES:
            tell(store)
            log, found = place.machines.parent / "log", place.machines.parent / store
            with Function(place.environment(store), log, found) as function:
                list(drive(function, place.aws, BATCH, BATCH))
                list(drive(function, place.aws, times(LIVES, scale), BATCH))
            spent = by_package(pstats.Stats(str(found)))
            for package in sorted(spent, key=lambda name: -spent[name])[:MOST_ROWS]:
                share = spent[package] / sum(spent.values()) * 100
                rows.append((f"{store}, {package}", share))
    return Figures(
        "Where the CPU goes",
        ("store, package", "% of the handler's CPU"),
        tuple(rows),
        f"{LIVES * len(LIFE):,} events in batches of {BATCH}, at 0 ms per call, under cProfile, "
        "which makes small functions dearer than they are. What is built into Python counts for "
        "who calls it. Only the thread that handles is seen, so the second of two sends is not.",
    )


def by_package(stats: pstats.Stats) -> Mapping[str, float]:
    """Seconds of CPU of each package itself, not of what it calls."""
    spent: dict[str, float] = defaultdict(float)
    table: Mapping[Place, Any] = stats.stats  # type: ignore[attr-defined]  # has no other door
    for place, (_, _, own, _, callers) in table.items():
        if place[0] != BUILT_IN:
            spent[package_of(place[0])] += own
            continue
        for caller, seconds in _by_caller(callers):
            spent[package_of(caller[0])] += seconds
    return spent


def package_of(file: str) -> str:
    """The package that a file is of; of ours the part, as `cloudseam.persistence`."""
    parts = Path(file).with_suffix("").parts
    if SITE in parts:
        return parts[parts.index(SITE) + 1]
    if LAYER in parts:
        return ".".join(parts[parts.index(LAYER) + 2 :][:2])
    if "state_machine" in parts:
        return "state_machine"
    if "bench" in parts:
        return "bench"
    if file == BUILT_IN or not parts or file.startswith("<"):
        return "built in"
    return parts[-1] if parts[-2].startswith("python") else parts[-2]


def _by_caller(callers: Mapping[Place, Any]) -> Iterator[tuple[Place, float]]:
    for caller, (_, _, own, _) in callers.items():
        yield caller, own
