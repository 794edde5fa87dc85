"""Tags of state machines and activities."""

from collections.abc import Mapping, Sequence

from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.fault import ApiFault
from cloudseam_cli.stepfunctions.operations import Answered, Told

# Of one resource (API reference, TooManyTags; developer guide, "Tagging").
MOST = 50


def tag(engine: Engine, told: Told) -> Answered:
    """TagResource: the newer value of a key wins."""
    resource = _resource(engine, told)
    engine.tags.put(resource, check_tags(told["tags"], engine.tags.of(resource), resource))
    return {}


def untag(engine: Engine, told: Told) -> Answered:
    """UntagResource."""
    resource = _resource(engine, told)
    kept = engine.tags.of(resource)
    for key in told["tagKeys"]:
        kept.pop(key, None)
    engine.tags.put(resource, kept)
    return {}


def list_tags(engine: Engine, told: Told) -> Answered:
    """ListTagsForResource."""
    return {"tags": listed(engine.tags.of(_resource(engine, told)))}


def listed(tags: Mapping[str, str]) -> list[dict[str, str]]:
    """Tags as the API has them."""
    return [{"key": key, "value": value} for key, value in tags.items()]


def check_tags(
    new: Sequence[Mapping[str, str]], known: Mapping[str, str], resource: str = ""
) -> dict[str, str]:
    """The known tags and the new ones.

    Raises:
        ApiFault: TooManyTags.
    """
    tags = {**known, **{each.get("key", ""): each.get("value", "") for each in new}}
    if len(tags) > MOST:
        raise ApiFault("TooManyTags", f"A resource has at most {MOST} tags: '{resource}'")
    return tags


def _resource(engine: Engine, told: Told) -> str:
    resource: str = told["resourceArn"]
    parts = arn.parts_of(resource, arn.STATE_MACHINE, arn.ACTIVITY)
    is_machine = parts[:1] == (arn.STATE_MACHINE,) and engine.machines.find(parts[-1]) is not None
    if not is_machine and engine.activities.find(resource) is None:
        raise ApiFault("ResourceNotFound", f"Resource not found: '{resource}'")
    return resource


OPERATIONS = {
    "TagResource": tag,
    "UntagResource": untag,
    "ListTagsForResource": list_tags,
}
