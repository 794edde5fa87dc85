"""`python -m bench`: measures, prints a table for each bench, and writes the page of figures."""

import argparse
import json
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from bench import (
    actions,
    calls,
    engine,
    fleet,
    growth,
    handler,
    lives,
    memory,
    postgres,
    profile,
    startup,
    stepfunctions,
)
from bench.figures import Figures, as_text
from bench.page import PageError, write_page
from bench.report import Bench, Report, place_of_today

BENCHES: Mapping[str, Bench] = {
    "calls": calls.run,
    "engine": engine.run,
    "handler": handler.run,
    "actions": actions.run,
    "postgres": postgres.run,
    "lives": lives.run,
    "startup": startup.run,
    "stepfunctions": stepfunctions.run,
    "growth": growth.run,
    "fleet": fleet.run,
    "memory": memory.run,
    "profile": profile.run,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Tables on stdout, progress on stderr. Exits with 1 where what was measured did not work."""
    parser = _parser()
    asked = parser.parse_args(arguments)
    if asked.doc and asked.only:
        parser.error("--doc needs all benches: leave --only out")
    report = Report.of_json(json.loads(asked.of.read_text())) if asked.of else _measured(asked)
    if asked.json:
        asked.json.write_text(json.dumps(report.as_json(), indent=1, ensure_ascii=False) + "\n")
    try:
        if asked.doc:
            write_page(asked.doc, report)
    except PageError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument("--only", action="append", choices=list(BENCHES), help="may be repeated")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="1 is what the page has; 0.1: quick"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the figures as JSON")
    parser.add_argument(
        "--of", type=Path, metavar="FILE", help="read such figures, measure nothing"
    )
    parser.add_argument("--doc", type=Path, metavar="PAGE", help="put the figures into this page")
    return parser


def _measured(asked: argparse.Namespace) -> Report:
    found: dict[str, Figures] = {}
    for name in asked.only or BENCHES:
        began = time.monotonic()
        found[name] = BENCHES[name](asked.scale, lambda what, name=name: _say(name, what))  # type: ignore[misc]
        print(as_text(found[name]), end="\n\n", flush=True)
        _say(name, f"done in {time.monotonic() - began:.0f} s")
    return Report(place_of_today(asked.scale), found)


def _say(name: str, what: str) -> None:
    print(f"{name}: {what}", file=sys.stderr, flush=True)


if __name__ == "__main__":
    sys.exit(main())
