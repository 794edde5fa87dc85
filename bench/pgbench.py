"""pgbench with the statements of the store: the most that one connection can do with them."""

import os
import re
import subprocess
from pathlib import Path

from cloudseam.persistence.postgres.connection import SESSION
from cloudseam.persistence.postgres.credentials import Credentials
from cloudseam.persistence.postgres.stacks import LOAD, SAVE

# The store's parameters as pgbench can fill them in: one stack at a time, as it was read.
PARAMETERS = {
    "ids": "ARRAY['bench-' || :number]",
    "reads": "ARRAY[:row_version]",
    "rows": "ARRAY[:row_data]",
    "machines": "ARRAY['bench']",
    "created": "ARRAY[1700000000000]",
    "updated": "ARRAY[1700000000000]",
    "expires": "ARRAY[NULL]",
}
ANSWER = re.compile(r"^tps = ([0-9.]+)", re.MULTILINE)


def transactions_per_second(
    program: Path, credentials: Credentials, stacks: int, seconds: int
) -> float:
    """Pairs of the two statements per second, on one connection, prepared, for random stacks.

    The stacks `bench-1` … have to be there.

    Raises:
        CalledProcessError: pgbench failed.
    """
    done = subprocess.run(
        [
            str(program),
            *("-n", "-M", "prepared", "-c", "1", "-T", str(seconds), "-f", "-"),
            *("-h", credentials.host, "-p", str(credentials.port), "-U", credentials.username),
            credentials.dbname or credentials.username,
        ],
        input=script(stacks),
        env={
            "PATH": os.environ["PATH"],
            "PGPASSWORD": credentials.password,
            "PGOPTIONS": options(),
        },
        capture_output=True,
        text=True,
        check=True,
    )
    return float(ANSWER.findall(done.stdout)[0])


def script(stacks: int) -> str:
    """What pgbench runs: read a stack, write it again."""
    return (
        f"\\set number random(1, {stacks})\n"
        f"{_filled(LOAD)} \\gset row_\n"
        f"{_filled(SAVE)} \\gset written_\n"  # fails unless one stack was written
    )


def options() -> str:
    """The store's own settings of a session, as far as they are about plans."""
    return " ".join(f"-c {name}=off" for name in re.findall(r"SET (enable_\w+) TO off", SESSION))


def _filled(sql: str) -> str:
    """On one line, as `\\gset` wants it."""
    for name, value in PARAMETERS.items():
        sql = sql.replace(f"CAST(:{name} AS", f"CAST({value} AS")
    return " ".join(sql.split())
