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


def bucket_keys(s3: Any, bucket: str) -> list[str] | None:
    """What lies in a bucket, None if there is no such bucket."""
    try:
        answer = s3.list_objects_v2(Bucket=bucket)
    except s3.exceptions.NoSuchBucket:
        return None
    return [item["Key"] for item in answer.get("Contents", [])]
