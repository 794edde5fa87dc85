"""The operations of the API, by what they are about: from an engine and JSON to JSON.

Each raises `ApiFault` for the errors that the API's reference names.
"""

from collections.abc import Callable, Mapping
from typing import Any

from cloudseam_cli.stepfunctions.engine import Engine

Told = Mapping[str, Any]
Answered = dict[str, Any]
Operation = Callable[[Engine, Told], Answered]
