"""The roll-die machine: roll; not more than 3, wait and roll again; else it is won."""

import json
from pathlib import Path

DEFINITION = (Path(__file__).parents[3] / "machines" / "roll-die.asl.json").read_text()


def quick() -> str:
    """The same with a second for the wait, so that a test need not sit through three."""
    machine = json.loads(DEFINITION)
    machine["States"]["Wait and roll again"]["Seconds"] = 1
    return json.dumps(machine)
