"""What an error of an AWS call is called: enough for a message, and free of what was sent."""

from botocore.exceptions import ClientError


def error_name(error: Exception) -> str:
    """The service's code, such as `AccessDenied`; the class's name where no service answered."""
    if isinstance(error, ClientError):
        code = error.response.get("Error", {}).get("Code")
        if code:
            return code
    return type(error).__name__
