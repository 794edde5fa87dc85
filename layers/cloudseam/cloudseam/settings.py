"""Settings from the environment, read once and checked as a whole."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from cloudseam.errors import InvalidSettingsError


class Settings(BaseModel):
    """Base of each function's settings. A field's alias is the name of its variable.

    A variable that is set but empty counts as not set.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    @classmethod
    def from_environment(cls, environ: Mapping[str, str]) -> Self:
        """The settings that the environment holds.

        Raises:
            InvalidSettingsError: names each variable that is wrong, without its value.
        """
        given: dict[str, Any] = {name: value for name, value in environ.items() if value}
        try:
            return cls.model_validate(given)
        except ValidationError as error:
            problems = [
                " ".join([*map(str, item["loc"][:1]), _problem(item["msg"])])
                for item in error.errors(include_input=False, include_url=False)
            ]
            raise InvalidSettingsError(
                f"The environment has to be set right: {'; '.join(problems)}. "
                "docs/configuration.md lists them all."
            ) from None


def _problem(text: str) -> str:
    return "is required" if text == "Field required" else text.removeprefix("Value error, ")
