"""Tells a channel about a preview environment. Puts the notice into a bucket to be picked up."""

import json
from typing import Any
from uuid import uuid4

import boto3

BUCKET = "notices"


def lambda_handler(event: dict[str, Any], context: Any) -> dict[str, str]:
    """Invoked with the stack's id and metadata, and the task's args."""
    channel = event["args"]["channel"]
    image = event["metadata"].get("image_tag", "an unknown image")
    text = f"{event['stackId']} is being moved, with {image}"
    s3 = boto3.client("s3")
    s3.create_bucket(Bucket=BUCKET)  # no change where it is there already
    key = f"{channel}/{event['stackId']}/{uuid4()}.json"
    s3.put_object(Bucket=BUCKET, Key=key, Body=json.dumps({"text": text}))
    print(text)
    return {"notice": key}
