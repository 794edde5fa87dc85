"""What lies in an object of S3, read piece by piece."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from botocore.exceptions import ReadTimeoutError, ResponseStreamingError
from urllib3 import exceptions as urllib3_errors

if TYPE_CHECKING:
    from urllib3 import BaseHTTPResponse


class Body:
    """Has the methods of boto3's that CloudSeam uses.

    One that ends too early is an error, never a shorter object.
    """

    def __init__(self, response: BaseHTTPResponse) -> None:
        self._response = response

    def read(self, amount: int | None = None) -> bytes:
        """So many bytes, or all that is left.

        Raises:
            ReadTimeoutError, ResponseStreamingError: as boto3 has it.
        """
        try:
            return self._response.read(amount)
        except urllib3_errors.ReadTimeoutError as error:
            raise ReadTimeoutError(endpoint_url=str(error.url), error=error) from error
        except urllib3_errors.HTTPError as error:
            raise ResponseStreamingError(error=error) from error

    def iter_chunks(self, size: int) -> Iterator[bytes]:
        """All of it, so many bytes at a time."""
        while chunk := self.read(size):
            yield chunk

    def close(self) -> None:
        """Gives up what has not been read."""
        self._response.close()
