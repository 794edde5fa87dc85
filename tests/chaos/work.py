"""The function behind every task of these runs: notes that it was invoked, takes its time, and
fails as often as it is told to. It runs on the embedded AWS, which has nothing of this project.
"""

import json
import os
import random
import time
from typing import Any


def handler(event: dict[str, Any], context: Any) -> None:
    """Takes up to `args.seconds`, and fails with the chance `args.fails`."""
    args = event["args"]
    line = {
        "at": time.time(),
        "stack": event["stackId"],
        "task": args["task"],
        "keys": sorted(event["metadata"]),
    }
    with open(os.environ["JOURNAL"], "a") as journal:  # one write, which is never torn
        journal.write(json.dumps(line) + "\n")
    time.sleep(args["seconds"] * random.uniform(0.2, 1))
    if random.random() < args.get("fails", 0):
        raise RuntimeError("It fails now and then.")
