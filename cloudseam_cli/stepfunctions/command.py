"""`cloudseam stepfunctions`: the API of Step Functions on this computer."""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING

from cloudseam_cli.interrupts import Interrupts
from cloudseam_cli.option_types import existing_folder, port_number
from cloudseam_cli.stepfunctions import DEFAULT_PORT

if TYPE_CHECKING:
    from cloudseam_cli.stepfunctions.local_server import LocalStepFunctions

INTERRUPTED = 130
EPILOG = """\
Any AWS SDK drives it, with AWS_ENDPOINT_URL_SFN set to where it is. Account and
credentials do not matter. With --data executions are kept in that file, and none is lost when the
process is killed: started again, it goes on with all of them.

examples:
  cloudseam stepfunctions
  cloudseam stepfunctions --data executions.sqlite --machines machines
  AWS_ENDPOINT_URL_SFN=http://127.0.0.1:8083 aws stepfunctions list-state-machines

exit codes: 0 stopped by Ctrl-C or SIGTERM; 1 a file of --machines cannot be used; 2 it could not
start; 130 stopped at once by a second Ctrl-C
"""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """The options of the command."""
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.epilog = EPILOG
    parser.add_argument(
        "--port",
        type=port_number,
        default=DEFAULT_PORT,
        help=f"port on 127.0.0.1 (default: {DEFAULT_PORT}; 0: a free one)",
    )
    parser.add_argument(
        "--data",
        type=Path,
        metavar="FILE",
        help="file to keep everything in (default: nothing is kept)",
    )
    parser.add_argument(
        "--machines",
        type=existing_folder,
        metavar="DIR",
        help="folder whose files NAME.asl.json become state machines",
    )
    parser.add_argument(
        "--lambda-endpoint",
        metavar="URL",
        help="where Lambda functions are called (default: as --endpoint-url)",
    )
    parser.add_argument(
        "--endpoint-url",
        metavar="URL",
        help="where other services are called (default: what AWS's own variables say)",
    )
    parser.add_argument("--json", action="store_true", help="say in JSON where it is")


def run(args: argparse.Namespace) -> int:
    """Runs until a signal comes."""
    from cloudseam_cli.stepfunctions.local_server import LocalStepFunctions
    from cloudseam_cli.stepfunctions.machine_files import MachineFileError

    with Interrupts() as interrupts:
        server = LocalStepFunctions(args.port, args.data, args.lambda_endpoint, args.endpoint_url)
        try:
            number = server.start(args.machines)
            print(_welcome(server, args, number), flush=True)
            while not interrupts.is_stopped():
                time.sleep(0.1)
        except MachineFileError as error:
            print(f"cloudseam stepfunctions: {error}", file=sys.stderr)
            return 1
        finally:
            print(
                "Stopping; calls and tasks that run have a few seconds. Again: at once.",
                file=sys.stderr,
                flush=True,
            )
            has_ended = server.stop(interrupts.is_impatient)
        if not has_ended:
            # Threads of tasks would be waited for. What the file has is whole at any moment.
            sys.stdout.flush()
            os._exit(INTERRUPTED if interrupts.is_impatient() else 0)
    return 0


def _welcome(server: LocalStepFunctions, args: argparse.Namespace, number: int) -> str:
    names = server.engine.machines.names()
    if args.json:
        told = {
            "url": server.url,
            "data": str(args.data) if args.data else None,
            "stateMachines": names,
            "executionsUnderWay": number,
        }
        return json.dumps(told)
    return f"""\
The API of Step Functions is at {server.url}
  data            {args.data or "in memory; --data FILE keeps it"}
  state machines  {len(names)}
  under way       {number}
SDKs find it by AWS_ENDPOINT_URL_SFN={server.url}
Ctrl-C stops it."""
