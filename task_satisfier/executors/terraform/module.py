"""What has to be known of a module before Terraform sees it: its backend, its secrets, and whether
it gives anything back.
"""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.terraform.hcl import read_blocks

# Terraform reads the first two, OpenTofu all four.
SUFFIXES = (".tf", ".tf.json")
TOFU_SUFFIXES = (*SUFFIXES, ".tofu", ".tofu.json")
CLOUD = "cloud"


@dataclass(frozen=True, slots=True)
class Module:
    """`backend` is the type in its backend block, or `cloud`; `sensitive` are variables' names."""

    backend: str | None = None
    sensitive: frozenset[str] = field(default_factory=frozenset)
    has_outputs: bool = False


def read_module(folder: Path, *, tofu: bool = False) -> Module:
    """What the root module in a folder says of itself.

    Raises:
        TaskFailedError: the folder has no files that Terraform reads.
    """
    suffixes = TOFU_SUFFIXES if tofu else SUFFIXES
    files = [path for path in sorted(folder.iterdir()) if _is_read(path, suffixes)]
    if not files:
        raise TaskFailedError(
            f"The source has no Terraform files: nothing in its top folder ends in "
            f"{' or '.join(suffixes)}."
        )
    found = [_read(path) for path in files]
    backends = [module.backend for module in found if module.backend]
    return Module(
        backend=backends[0] if backends else None,
        sensitive=frozenset().union(*(module.sensitive for module in found)),
        has_outputs=any(module.has_outputs for module in found),
    )


def _is_read(path: Path, suffixes: tuple[str, ...]) -> bool:
    """Terraform leaves out hidden files and those that editors leave behind."""
    return path.name.endswith(suffixes) and not path.name.startswith((".", "#")) and path.is_file()


def _read(path: Path) -> Module:
    text = path.read_text(encoding="utf-8-sig", errors="replace")
    return _read_json(text) if path.name.endswith(".json") else _read_hcl(text)


def _read_hcl(text: str) -> Module:
    blocks = list(read_blocks(text))
    backends = [
        inner.labels[0] if inner.type == "backend" and inner.labels else CLOUD
        for block in blocks
        if block.type == "terraform"
        for inner in block.blocks()
        if inner.type in {"backend", "cloud"}
    ]
    hidden = (
        block.labels[0]
        for block in blocks
        if block.type == "variable" and block.labels
        if any(block.has(word, "true") for word in ("sensitive", "ephemeral"))
    )
    gives = any(block.type == "output" for block in blocks)
    return Module(backends[0] if backends else None, frozenset(hidden), gives)


def _read_json(text: str) -> Module:
    """The same from a file in JSON syntax; one that is not JSON is left to Terraform's judgment."""
    try:
        file = json.loads(text)
    except (ValueError, RecursionError):
        return Module()
    backends = [
        kind
        for settings in _bodies(file, "terraform")
        for kind in (
            *(kind for backend in _bodies(settings, "backend") for kind in backend),
            *(CLOUD for _ in _bodies(settings, "cloud")),
        )
    ]
    hidden = (
        name
        for variables in _bodies(file, "variable")
        for name in variables
        for variable in _bodies(variables, name)
        if any(str(variable.get(word)).lower() == "true" for word in ("sensitive", "ephemeral"))
    )
    gives = any(True for _ in _bodies(file, "output"))
    return Module(backends[0] if backends else None, frozenset(hidden), gives)


def _bodies(parent: Any, name: str) -> Iterator[Mapping[str, Any]]:
    """JSON syntax gives a block as an object, or several as a list; the file itself likewise."""
    parents = parent if isinstance(parent, list) else [parent]
    for body in parents:
        found = body.get(name) if isinstance(body, dict) else None
        yield from (
            item
            for item in (found if isinstance(found, list) else [found])
            if isinstance(item, dict)
        )
