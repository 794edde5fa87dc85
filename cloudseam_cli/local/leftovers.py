"""What a drive of the sample machines has left behind, where nothing should be."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

# What the functions of the sample keep things in; see machines/functions.
PARTS_BUCKET = "previews"
NOTICES_BUCKET = "notices"


def terraform_leftovers(folder: Path) -> tuple[int, list[str]]:
    """How many states a folder has, and the resources that are left in them."""
    states = sorted(folder.rglob("*.tfstate"))
    left = [
        f"{resource.get('type')}.{resource.get('name')} in {state.relative_to(folder)}"
        for state in states
        for resource in json.loads(state.read_text()).get("resources", [])
    ]
    return len(states), left


def states_in_use(folder: Path) -> list[Path]:
    """The states of a folder that are not empty; one that cannot be read counts as such."""
    return [state for state in sorted(folder.rglob("*.tfstate")) if not _is_empty(state)]


def _is_empty(state: Path) -> bool:
    try:
        # Terraform makes the file before it has anything to write.
        text = state.read_text()
        return not text.strip() or json.loads(text).get("resources") == []
    except (OSError, ValueError, AttributeError):
        return False


def bucket_keys(s3: Any, bucket: str) -> list[str] | None:
    """What lies in a bucket, None if there is no such bucket."""
    try:
        answer = s3.list_objects_v2(Bucket=bucket)
    except s3.exceptions.NoSuchBucket:
        return None
    return [item["Key"] for item in answer.get("Contents", [])]
