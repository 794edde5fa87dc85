"""Which backend keeps a module's state, and under which name. See docs/executors.md."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.module import Module
from task_satisfier.executors.terraform.state_key import StateKey

FILE_NAME = "cloudseam_backend.tf.json"
# The argument that tells states apart, for backends that have one and no other limits on it.
KEY_ARGUMENTS = {"s3": "key", "azurerm": "key", "gcs": "prefix"}
# What `init` warns of when the module has no backend block to take the name.
NO_BLOCK = "Missing backend configuration"


@dataclass(frozen=True, slots=True)
class StateHome:
    """Where states of modules without a backend block are kept: a bucket, else a folder."""

    bucket: str | None = None
    folder: Path | None = None
    region: str | None = None
    endpoint: str | None = None

    @classmethod
    def of(cls, bucket: str | None, folder: str | None, environ: Mapping[str, str]) -> Self:
        """The home that the settings name. `folder` may be relative to the current folder."""
        return cls(
            bucket=bucket,
            folder=Path(folder).absolute() if folder else None,
            region=environ.get("AWS_REGION") or environ.get("AWS_DEFAULT_REGION"),
            endpoint=environ.get("AWS_ENDPOINT_URL_S3") or environ.get("AWS_ENDPOINT_URL"),
        )


@dataclass(frozen=True, slots=True)
class Backend:
    """`argument` and `value` name the state; `settings` is the block to write, if one is needed."""

    type: str
    argument: str
    value: str
    settings: Mapping[str, Any] | None = field(default=None)

    @property
    def option(self) -> str:
        """The option that `init` takes it by."""
        return f"-backend-config={self.argument}={self.value}"

    def write(self, folder: Path) -> None:
        """Adds the block to the module, if it needs one.

        Raises:
            TaskFailedError: the module has a file of that name.
        """
        if self.settings is None:
            return
        if self.type == "local":
            Path(self.value).parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = folder / FILE_NAME
        if path.exists() or path.is_symlink():
            raise TaskFailedError(f"The module has a file '{FILE_NAME}'. Give it another name.")
        path.write_text(json.dumps({"terraform": {"backend": {self.type: self.settings}}}))

    def check(self, folder: Path, told: Sequence[str]) -> None:
        """Makes sure that Terraform keeps the state there and nowhere else.

        `folder` is Terraform's own, and `told` what `init` printed.

        Raises:
            TaskFailedError: it settled on another backend, another name, or none at all.
        """
        noted = _noted(folder / "terraform.tfstate")
        unnamed = any(NO_BLOCK in line for line in told)
        if unnamed or noted != (self.type, self.argument, self.value):
            raise TaskFailedError(
                f"Terraform would not keep the state in backend '{self.type}' under "
                f"'{self.value}', so nothing was run. Check the module's `backend` block."
            )


def choose_backend(
    module: Module, key: StateKey, home: StateHome, locks: Callable[[], bool]
) -> Backend:
    """The backend for a module's state. `locks` is only asked for a state that goes to a bucket.

    Raises:
        TaskFailedError: the state would be lost, or shared with other stacks.
    """
    if module.backend in KEY_ARGUMENTS:
        return Backend(module.backend, KEY_ARGUMENTS[module.backend], key.object_key)
    if module.backend is not None:
        raise TaskFailedError(
            f"The module's backend '{module.backend}' cannot keep the states of several stacks "
            "apart, or loses them with the work dir. Remove the block, so that "
            "TERRAFORM_STATE_BUCKET or TERRAFORM_STATE_DIR holds, or use one of: "
            f"{', '.join(KEY_ARGUMENTS)}."
        )
    if home.bucket:
        return Backend("s3", "key", key.object_key, _s3_settings(home, locks()))
    if home.folder:
        return Backend("local", "path", str(home.folder / key.path), {})
    raise TaskFailedError(
        'The module has no backend block, so its state would be lost. Add `backend "s3"` to '
        "the module, or set TERRAFORM_STATE_BUCKET or TERRAFORM_STATE_DIR."
    )


def _s3_settings(home: StateHome, locks: bool) -> Mapping[str, Any]:
    settings: dict[str, Any] = {"bucket": _literal(str(home.bucket))}
    if home.region:
        settings["region"] = _literal(home.region)
    if locks:
        settings["use_lockfile"] = True
    if home.endpoint:
        settings |= _for_endpoint(home.endpoint)
    return settings


def _for_endpoint(endpoint: str) -> Mapping[str, Any]:
    """What a service that only speaks S3, such as an emulator, cannot answer is not asked."""
    return {
        "endpoints": {"s3": _literal(endpoint)},
        "use_path_style": True,
        "skip_credentials_validation": True,
        "skip_metadata_api_check": True,
        "skip_region_validation": True,
        "skip_requesting_account_id": True,
    }


def _literal(text: str) -> str:
    """The text so that Terraform finds no template in it."""
    return text.replace("${", "$${").replace("%{", "%%{")


def _noted(path: Path) -> tuple[str, str, Any] | None:
    """Type, naming argument and name of the backend that `init` settled on, if it can be read."""
    try:
        backend = json.loads(path.read_text())["backend"]
        argument = KEY_ARGUMENTS.get(backend["type"], "path")
        return backend["type"], argument, backend["config"].get(argument)
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return None
