"""How a call went, as optimised integrations put it into their results."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

# The headers that AWS shows of each service, in its own spelling, as recorded. boto3 has their
# names in small letters, and what stands in for AWS on this computer leaves some of them out.
ALWAYS = ("Content-Length", "Content-Type", "Date", "x-amzn-RequestId")
HEADERS: Mapping[str, tuple[str, ...]] = {
    "dynamodb": (*ALWAYS, "Connection", "Server", "x-amz-crc32"),
    "lambda": (
        *(*ALWAYS, "Connection", "X-Amz-Executed-Version", "X-Amzn-Trace-Id"),
        "x-amzn-Remapped-Content-Length",
    ),
}
OTHERS = (*ALWAYS, "connection")
DEFAULTS = {
    "connection": "keep-alive",
    "server": "Server",
    "x-amz-executed-version": "$LATEST",
    "x-amzn-remapped-content-length": "0",
}


def metadata_of(answer: Mapping[str, Any], service: str) -> dict[str, Any]:
    """The fields `SdkHttpMetadata` and `SdkResponseMetadata` of a result."""
    about = answer.get("ResponseMetadata", {})
    told = {**DEFAULTS, **about.get("HTTPHeaders", {})}
    request_id = about.get("RequestId") or told.get("x-amzn-requestid", "")
    told["x-amzn-requestid"] = request_id
    shown = {name: str(told.get(name.lower(), "")) for name in HEADERS.get(service, OTHERS)}
    return {
        "SdkHttpMetadata": {
            "AllHttpHeaders": {name: [value] for name, value in shown.items()},
            "HttpHeaders": shown,
            "HttpStatusCode": about.get("HTTPStatusCode", 200),
        },
        "SdkResponseMetadata": {"RequestId": request_id},
    }
