"""Makes and removes a part of a preview environment. Each part is an object in a bucket."""

import json
from typing import Any

import boto3

BUCKET = "previews"


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Invoked with the stack's id and metadata, and the task's args: which part, and what to do."""
    part, action = event["args"]["part"], event["args"]["action"]
    key = f"{event['stackId']}/{part}.json"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)  # no change where it is there already
    if action == "apply":
        image = event["metadata"]["image_tag"]
        s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps({"image": image}))
    elif action == "destroy":
        s3.delete_object(Bucket=BUCKET, Key=key)
    else:
        raise ValueError(f"Unknown action {action!r}")
    print(f"{action} {key}")
    return {"part": key}
