"""Which Terraform state a task has, so that no two modules of a machine have one.

The names are made by the task satisfier; see docs/decisions/terraform-state-key.md.
"""

import posixpath
from collections.abc import Mapping
from typing import NamedTuple

from cloudseam.languages.cloudseam_v1 import rules
from cloudseam.languages.part import Part
from cloudseam.languages.wording import shown
from cloudseam.task_spec import TaskSpec

TERRAFORM_FILES = (".tf", ".tf.json")


class NamedState(NamedTuple):
    """A state's name, the module that it is of, and which key of the config names it."""

    name: str
    module: tuple[str, ...]
    named_by: tuple[str, ...]


def check_states(specs: Mapping[str, TaskSpec], tasks: Mapping[str, Part]) -> None:
    """Reports tasks that have the state of another module."""
    first: dict[str, tuple[str, NamedState]] = {}
    for task, spec in specs.items():
        state = _named_state(spec) if spec.executor == "terraform" else None
        if state is None:
            continue
        other, known = first.setdefault(state.name, (task, state))
        if known.module != state.module:
            line = str(tasks[other].key_at.line)
            named_by = tasks[task].at("config", *state.named_by)
            named_by.add(rules.STATE_SHARED, task=shown(other), line=line)


def _named_state(spec: TaskSpec) -> NamedState | None:
    """The task's state; None if its config is wrong, or its folder names it: no other can."""
    state = spec.config.get("state") if isinstance(spec.config, dict) else None
    match spec.config:
        case {"source": {"type": "s3", "bucket": str(bucket), "key": str(key)}}:
            key = key.removesuffix("/")
            if state is None:
                return NamedState(key, ("s3", bucket, key), ("source", "key"))
            module: tuple[str, ...] = ("s3", bucket, key)
        case {"source": {"type": "local", "location": str(location)}}:
            module = ("local", _folder(location))
        case _:
            return None
    return NamedState(state, module, ("state",)) if isinstance(state, str) else None


def _folder(location: str) -> str:
    """The folder of a module: a file and its folder are one module."""
    path = posixpath.normpath(location)
    return (posixpath.dirname(path) or ".") if path.endswith(TERRAFORM_FILES) else path
