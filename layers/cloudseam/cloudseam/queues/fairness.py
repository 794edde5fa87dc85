"""Fair queues: one tenant's messages do not keep those of the others waiting.

SQS knows a tenant by the group of its messages, on standard queues too (SQS developer guide,
"Amazon SQS fair queues"). A group does not order them; docs/decisions/standard-queues.md says more.
"""

import hashlib
import re
from typing import Literal

from pydantic import Field

from cloudseam.queues import OutgoingMessage
from cloudseam.settings import Settings

Tenant = Literal["none", "stack", "machine"]

# API reference, SendMessage: letters, digits and punctuation of ASCII, 128 at most.
GROUP = re.compile(r"[!-~]{1,128}")


class FairnessSettings(Settings):
    """Among whom queues are fair; see docs/configuration.md."""

    tenant: Tenant = Field(
        default="none",
        alias="FAIR_QUEUES",
        description="Who must not keep others waiting by many messages or long tasks: each "
        "`stack`, or all stacks of a `machine` together. Messages that are sent have it as their "
        "`MessageGroupId`; with `none` they have none.",
    )


def group_of(message: OutgoingMessage, tenant: Tenant) -> str:
    """The group that the message is in; empty if in none. A name that SQS does not take is
    replaced by a digest of it."""
    name = {"none": "", "stack": message.stack_id, "machine": message.machine}[tenant]
    if not name or GROUP.fullmatch(name):
        return name
    return hashlib.blake2b(name.encode(), digest_size=16).hexdigest()
