"""What a container does before Lambda takes a snapshot of it, and after it starts from one.

With SnapStart, Lambda starts the function once, when a version is published, and each container
from that snapshot, hours later and many times over
(https://docs.aws.amazon.com/lambda/latest/dg/snapstart.html).
"""

import logging
import random
from collections.abc import Callable, Mapping

from cloudseam.errors import CloudSeamError
from cloudseam.locators import MachineLocator, SnapshotMachineLocator

# How Lambda starts this process, by a variable of its own.
STARTED_BY = "AWS_LAMBDA_INITIALIZATION_TYPE"

logger = logging.getLogger("cloudseam.snapshot")


def register_hooks(environ: Mapping[str, str], prepare: Callable[[], None]) -> None:
    """Has Lambda call `prepare` before the snapshot, and `renew` in each container after it.

    Where there is no snapshot this does nothing, and imports nothing.
    """
    if environ.get(STARTED_BY) != "snap-start":
        return
    from snapshot_restore_py import (  # type: ignore[import-not-found]  # of Lambda's runtime
        register_after_restore,
        register_before_snapshot,
    )

    register_before_snapshot(prepare)
    register_after_restore(renew)


def renew() -> None:
    """Makes a container differ from all others of its snapshot.

    Entropy of steps and tokens is the kernel's, which Lambda renews by itself; `random`, which
    spaces out retries, is not.
    """
    random.seed()


def read_machines(machines: SnapshotMachineLocator) -> None:
    """Reads every machine there is, and then lets go of what does not outlive a snapshot.

    Those that cannot be read are left to the events that need them.
    """
    try:
        names = machines.names()
        read = sum(_can_be_read(machines, name) for name in names)
        logger.info("Machines read before the snapshot", extra={"read": read, "found": len(names)})
    except CloudSeamError as error:
        logger.warning("Machines were not listed before the snapshot", extra={"reason": str(error)})
    finally:
        machines.let_go()


def _can_be_read(machines: MachineLocator, name: str) -> bool:
    try:
        machines.get(name)
    except CloudSeamError:
        return False
    return True
