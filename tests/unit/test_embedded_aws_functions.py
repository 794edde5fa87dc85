"""Where the embedded AWS's functions are adapted."""

import pytest

from cloudseam_cli.embedded_aws_functions import IMPORT, as_answered, script


def test_a_script_that_imports_the_handler_in_another_way_is_refused() -> None:
    assert "handler_named" in script(f"before\n{IMPORT}after\n")

    for theirs in ("handler_fn = import_it(module_name)\n", IMPORT + IMPORT):
        with pytest.raises(ValueError, match="MiniStack"):
            script(theirs)


def test_an_error_of_another_runtime_is_left_as_it_is() -> None:
    error = {"errorType": "Runtime.HandlerError", "errorMessage": "x is not defined"}

    assert as_answered(error, "request") == error
