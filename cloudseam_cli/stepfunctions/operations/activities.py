"""Activities, and the tasks that workers come for."""

import time

from cloudseam.languages.asl.json_text import text_of
from cloudseam_cli.stepfunctions import arn
from cloudseam_cli.stepfunctions.caller import is_there
from cloudseam_cli.stepfunctions.engine import Engine
from cloudseam_cli.stepfunctions.operations import Answered, Told
from cloudseam_cli.stepfunctions.operations.found import activity_named
from cloudseam_cli.stepfunctions.operations.tags import check_tags
from cloudseam_cli.stepfunctions.page import page

# How long a worker's call waits for a task (API reference, GetActivityTask).
POLL_SECONDS = 60


def create(engine: Engine, told: Told) -> Answered:
    """CreateActivity. One that is there stays."""
    name = arn.check_name(told["name"])
    tags = check_tags(told.get("tags") or [], {})
    resource = arn.activity_arn(name)
    is_new = engine.activities.find(resource) is None
    activity = engine.activities.make(resource, name, time.time())
    if is_new:
        engine.tags.put(resource, tags)
    return {"activityArn": activity.arn, "creationDate": activity.created}


def describe(engine: Engine, told: Told) -> Answered:
    """DescribeActivity."""
    activity = activity_named(engine, told["activityArn"])
    return {
        "activityArn": activity.arn,
        "name": activity.name,
        "creationDate": activity.created,
        "encryptionConfiguration": {"type": "AWS_OWNED_KEY"},
    }


def delete(engine: Engine, told: Told) -> Answered:
    """DeleteActivity. One that there is none of is gone, too."""
    arn.parts_of(told["activityArn"], arn.ACTIVITY)
    engine.activities.remove(told["activityArn"])
    engine.tags.put(told["activityArn"], {})
    return {}


def list_all(engine: Engine, told: Told) -> Answered:
    """ListActivities, the newest first."""
    found = [
        {"activityArn": each.arn, "name": each.name, "creationDate": each.created}
        for each in engine.activities.all()
    ]
    return page("activities", found, told)


def get_task(engine: Engine, told: Told) -> Answered:
    """GetActivityTask: waits for a task; without one it answers with nothing after a minute."""
    activity = activity_named(engine, told["activityArn"])
    asked = engine.ask(activity.arn, told.get("workerName"), POLL_SECONDS, is_there.get())
    if asked is None:
        return {}
    return {"taskToken": asked.token.as_text(), "input": text_of(asked.input)}


OPERATIONS = {
    "CreateActivity": create,
    "DescribeActivity": describe,
    "DeleteActivity": delete,
    "ListActivities": list_all,
    "GetActivityTask": get_task,
}
