"""What is sent to a service, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request, not yet signed. `target` is path and query, percent-encoded.

    With `streams` the body of a good answer is left for the caller to read.
    """

    method: str
    target: str
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""
    streams: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One HTTP response. The names of its headers are in lower case.

    It has been read to its end, unless there is a `stream`.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    stream: BaseHTTPResponse | None = None

    @property
    def is_success(self) -> bool:
        """Whether the service did what it was asked for."""
        return self.status < 300
