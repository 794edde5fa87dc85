"""A client of Lambda: invokes functions.

The protocol: https://docs.aws.amazon.com/lambda/latest/api/API_Invoke.html
"""

from __future__ import annotations

from io import BytesIO
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from cloudseam.lean_client.channel import Channel, Dialect, Means
from cloudseam.lean_client.exchange import Answer, Request
from cloudseam.lean_client.fault import json_fault, metadata_of

if TYPE_CHECKING:
    from cloudseam.lean_client.endpoint import Endpoint
    from cloudseam.patience import Patience


class LambdaClient:
    """Has the method of boto3's that invokes, with the same arguments and answers."""

    def __init__(self, endpoint: Endpoint, patience: Patience, means: Means) -> None:
        self._channel = Channel(Dialect("lambda", _judge), endpoint, patience, means)

    def invoke(self, **arguments: Any) -> dict[str, Any]:
        """See the API reference, Invoke: `FunctionName`, `InvocationType` and `Payload`."""
        name = quote(arguments["FunctionName"], safe="-._~")
        payload = arguments.get("Payload", b"")
        request = Request(
            "POST",
            f"{self._channel.endpoint.path}/2015-03-31/functions/{name}/invocations",
            {"X-Amz-Invocation-Type": arguments.get("InvocationType", "RequestResponse")},
            payload.encode() if isinstance(payload, str) else payload,
        )
        answer, retries = self._channel.ask("Invoke", request)
        told: dict[str, Any] = {
            "StatusCode": answer.status,
            "Payload": BytesIO(answer.body),
            "ResponseMetadata": metadata_of(answer) | retries,
        }
        error = answer.headers.get("x-amz-function-error")
        return told | ({"FunctionError": error} if error else {})


def _judge(answer: Answer) -> dict[str, Any] | None:
    return None if answer.is_success else json_fault(answer)
