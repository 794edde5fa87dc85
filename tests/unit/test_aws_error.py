"""Errors of AWS calls have names that can be told."""

import pytest
from botocore.exceptions import ClientError, EndpointConnectionError

from cloudseam.aws_error import error_name

DENIED = ClientError({"Error": {"Code": "AccessDenied", "Message": "secret"}}, "GetObject")
SILENT = ClientError({}, "GetObject")
UNREACHED = EndpointConnectionError(endpoint_url="http://localhost")


@pytest.mark.parametrize(
    ("error", "name"),
    [
        pytest.param(DENIED, "AccessDenied", id="the code of a service"),
        pytest.param(SILENT, "ClientError", id="an answer without a code"),
        pytest.param(UNREACHED, "EndpointConnectionError", id="no answer"),
    ],
)
def test_an_error_is_named_by_its_code_or_else_by_its_class(error: Exception, name: str) -> None:
    assert error_name(error) == name
