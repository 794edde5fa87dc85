"""`python -m state_machine`: the state machine function without Lambda."""

import os
import sys

from cloudseam.aws import is_local, make_client
from cloudseam.errors import CloudSeamError, InvalidSettingsError
from cloudseam.polling_process import parse_polling, run_pollers
from state_machine import app


def main() -> int:
    """Polls SQS_EVENT_QUEUE_URL, and sweeps, until SIGTERM.

    Exits with 1 where the settings are not right.
    """
    polling = parse_polling("state_machine", None, pollers=1, batch_size=10, sweep_every=900)
    try:
        settings = app.settings()
        if settings.event_queue_url is None:
            raise InvalidSettingsError("Set SQS_EVENT_QUEUE_URL to the queue to poll.")
        if is_local(os.environ) and not settings.postgres_secret:
            from cloudseam.persistence.dynamodb.local_table import create_table

            client = make_client("dynamodb")
            create_table(client, settings.dynamodb_table or "Stacks")
            if settings.dynamodb_claims_table:
                create_table(client, settings.dynamodb_claims_table)
        app.service()
    except CloudSeamError as error:
        print(f"state_machine: {error}", file=sys.stderr)
        return 1
    run_pollers(
        "state_machine", make_client("sqs"), settings.event_queue_url, app.lambda_handler, polling
    )
    return 0


if __name__ == "__main__":
    sys.exit(main())
