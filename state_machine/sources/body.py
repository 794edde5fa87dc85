"""What a record says, as the body of a message that the queues take."""

import re

from cloudseam.queues import MESSAGE_BYTES

# Characters that SQS refuses in a message (API reference, SendMessage).
REFUSED = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
# No event is so large. What is left of a larger record tells whose it was; the rest of a message
# is for the reason why it is dead.
MAX_BYTES = MESSAGE_BYTES - 4_096


def message_body(text: str) -> str:
    """The text as a queue takes it, in case its event is to go there."""
    body = REFUSED.sub("\N{REPLACEMENT CHARACTER}", text)
    if len(body) * 4 > MAX_BYTES and len(body.encode()) > MAX_BYTES:
        return body.encode()[:MAX_BYTES].decode(errors="ignore")
    return body
