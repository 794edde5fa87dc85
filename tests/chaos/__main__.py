"""Kills processes at random moments and says whether any promise was broken by that."""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from cloudseam_cli.embedded_aws import EmbeddedAws
from tests.chaos.experiment import Result, run_crowd, run_lives
from tests.chaos.installation import installed
from tests.emulator import in_environment_of
from tests.postgres import PostgresServer

STORES = ("dynamodb", "postgres")
# Processes of each function, and kills in a crowd of events.
SIZE = 3
CROWD_KILLS = 5


def main(arguments: list[str] | None = None) -> int:
    """Exits with 1 if a promise was broken. Logs stay in a folder, whose path is printed."""
    told = _parsed(arguments)
    stores = STORES if told.store == "both" else (told.store,)
    folder = Path(tempfile.mkdtemp(prefix="cloudseam-chaos-"))
    print(f"seed {told.seed}, logs in {folder}", flush=True)
    with EmbeddedAws(0, log_file=folder / "aws.log") as aws, in_environment_of(aws):
        results = [
            result for store in stores for result in _ran(store, folder, told.kills, told.seed)
        ]
    print(*(result.summary for result in results), sep="\n\n")
    return 1 if any(result.violations for result in results) else 0


def _ran(store: str, folder: Path, kills: int, seed: int) -> Iterator[Result]:
    tell, in_crowd = partial(_tell, store, time.monotonic()), min(kills, CROWD_KILLS)
    with _server_of(store) as server:
        with installed(store, folder / f"{store}-lives", server) as installation:
            yield run_lives(installation, kills - in_crowd, seed, SIZE, tell)
        for number in (0, in_crowd):
            place = folder / f"{store}-crowd-{number}"
            with installed(store, place, server) as installation:
                yield run_crowd(installation, number, seed, tell)


@contextmanager
def _server_of(store: str) -> Iterator[PostgresServer | None]:
    """The PostgreSQL server that the store needs, if it does."""
    if store != "postgres":
        yield None
        return
    with PostgresServer() as server:
        yield server


def _tell(store: str, began: float, line: str) -> None:
    print(f"{time.monotonic() - began:6.0f} s  {store}: {line}", flush=True)


def _parsed(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--kills", type=int, default=100, help="for each store (100)")
    parser.add_argument("--seed", type=int, default=int(time.time()), help="of all that is random")
    parser.add_argument("--store", choices=[*STORES, "both"], default="both")
    return parser.parse_args(arguments)


if __name__ == "__main__":
    sys.exit(main())
