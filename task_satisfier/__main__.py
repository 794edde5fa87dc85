"""`python -m task_satisfier`: the task satisfier function without Lambda."""

import os
import sys

from cloudseam.aws import is_local, make_client
from cloudseam.errors import CloudSeamError, InvalidSettingsError
from cloudseam.poller import LONGEST_TIMEOUT_SECONDS
from cloudseam.polling_process import parse_polling, run_pollers
from task_satisfier import app
from task_satisfier.clients import sqs_client


def main() -> int:
    """Polls SQS_TASK_QUEUE_URL until SIGTERM. Exits with 1 where the settings are not right.

    At SIGTERM tasks that run are ended as if their time were over: Terraform saves its state and
    gives back its lock, and the stack is told.
    """
    polling = parse_polling(
        "task_satisfier", None, pollers=4, batch_size=1, timeout=LONGEST_TIMEOUT_SECONDS
    )
    try:
        settings = app.settings()
        if settings.task_queue_url is None:
            raise InvalidSettingsError("Set SQS_TASK_QUEUE_URL to the queue to poll.")
        if is_local(os.environ) and settings.dynamodb_table and not settings.postgres_secret:
            from cloudseam.persistence.dynamodb.local_table import create_table

            client = make_client("dynamodb")
            create_table(client, settings.dynamodb_table)
            if settings.dynamodb_claims_table:
                create_table(client, settings.dynamodb_claims_table)
        satisfier = app.satisfier()
    except CloudSeamError as error:
        print(f"task_satisfier: {error}", file=sys.stderr)
        return 1
    run_pollers(
        "task_satisfier",
        sqs_client(),
        settings.task_queue_url,
        app.lambda_handler,
        polling,
        on_stop=satisfier.stop,
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
