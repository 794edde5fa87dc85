"""Config of a task of executor `terraform`."""

from typing import Annotated, Any, Literal

from pydantic import Field

from task_satisfier.executors.config import TaskConfig

Text = Annotated[str, Field(min_length=1)]


class S3Source(TaskConfig):
    """One object, or all objects under a prefix that ends at a `/`."""

    type: Literal["s3"]
    bucket: Text
    key: Text


class LocalSource(TaskConfig):
    """A file, or a folder with all that is in it."""

    type: Literal["local"]
    location: Text


class TerraformConfig(TaskConfig):
    """What to do with which module. `state` names its state in place of the source's own name."""

    source: Annotated[S3Source | LocalSource, Field(discriminator="type")]
    action: Literal["apply", "destroy"]
    variables: dict[str, Any] | None = None
    state: Text | None = None
