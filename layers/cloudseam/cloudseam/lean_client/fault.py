"""What a service says went wrong, as `ClientError.response` has it (`botocore.parsers`)."""

from __future__ import annotations

import json
from http.client import responses
from typing import Any

from botocore.exceptions import BotoCoreError

from cloudseam.lean_client.exchange import Answer


class UnreadableAnswerError(BotoCoreError):
    """A service said that all is well, in words that are not its own."""

    fmt = "The answer to {operation} cannot be read."


def metadata_of(answer: Answer) -> dict[str, Any]:
    """What boto3 tells about an answer, beside what is in it."""
    known = {"HTTPStatusCode": answer.status, "HTTPHeaders": answer.headers}
    for name in ("x-amzn-requestid", "x-amz-request-id"):
        if name in answer.headers:
            return {"RequestId": answer.headers[name], **known}
    return known


def fault_of(answer: Answer, body: dict[str, Any], code: str, message: str) -> dict[str, Any]:
    """The code and message, and all else that the service told with them."""
    error: dict[str, Any] = {"Code": code, "Message": message}
    return {**body, "Error": error, "ResponseMetadata": metadata_of(answer)}


def bare_fault(answer: Answer) -> dict[str, Any]:
    """Of an answer that is not the service's own, such as a proxy's page."""
    return fault_of(answer, {}, str(answer.status), responses.get(answer.status, ""))


def is_bare(answer: Answer) -> bool:
    """Whether it is such an answer: empty, or a page of HTML."""
    body = answer.body.strip()
    return answer.status >= 500 and (not body or body.startswith(b"<html>"))


def json_fault(answer: Answer) -> dict[str, Any]:
    """Of AWS JSON 1.0 and 1.1, and of REST with JSON."""
    if is_bare(answer):
        return bare_fault(answer)
    body = _object(answer.body)
    kind = body.pop("__type", None)
    told = answer.headers.get("x-amzn-errortype") or kind or answer.status
    code = str(told).split(":", 1)[0].rsplit("#", 1)[-1]
    message = body.get("message", body.get("Message", ""))
    fault = fault_of(answer, body, code, message)
    # SQS keeps the codes of its former protocol: `AWS.SimpleQueueService.NonExistentQueue;Sender`.
    former, _, blame = answer.headers.get("x-amzn-query-error", "").partition(";")
    if former and blame:
        fault["Error"] |= {"Code": former, "QueryErrorCode": code, "Type": blame}
    return fault


def _object(text: bytes) -> dict[str, Any]:
    try:
        body = json.loads(text)
    except ValueError:
        return {"message": text.decode(errors="replace")} if text else {}
    return body if isinstance(body, dict) else {}
