"""ItemReader of a distributed Map: has the items read outside, page by page."""

from collections.abc import Mapping
from math import inf
from typing import Any

from cloudseam.languages.asl.definition import State, is_jsonata
from cloudseam.languages.asl.execution import Thread
from cloudseam.languages.asl.failure import ITEM_READER_FAILED, StateFailure
from cloudseam.languages.asl.json_text import size_of
from cloudseam.languages.asl.resource import READER
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.scope import Scope
from cloudseam.languages.asl.state_input import number
from cloudseam.languages.asl.states.iterations import MAX_WAITING_BYTES, begin
from cloudseam.languages.asl.states.map_run import ask, keep, kept, parameters
from cloudseam.languages.asl.states.task import disarm
from cloudseam.languages.asl.template import queried


def ask_for_items(run: Run, thread: Thread, state: State, scope: Scope) -> None:
    """Asks for the first page: with the parameters of the `call` and the reader's `config`.

    Raises:
        StateFailure: the reader's fields cannot be evaluated.
    """
    config = dict(state[READER].get("ReaderConfig", {}))
    if is_jsonata(run.definition, state):
        config = queried(config, scope, f"{READER}/ReaderConfig")
    most = number(config, scope, "MaxItems", whole=True, least=-inf) or 0
    if most < 0:
        raise StateFailure(ITEM_READER_FAILED, "field MaxItems must be positive")
    config["MaxItems"] = int(most)
    if "ItemsPath" in state:
        config["ItemsPath"] = state["ItemsPath"]
    keep(thread, read=[])
    call = parameters(run, state, scope, READER)
    ask(run, thread, state, READER, {"call": call, "config": config})


def take_items(run: Run, thread: Thread, state: State, output: Mapping[str, Any]) -> None:
    """Takes a page: its `items`, and as `next` what asks for the one after it. Once it has all, the
    iterations begin.

    Raises:
        StateFailure: there are too many, or no iterations can be made of them.
    """
    arguments = (thread.task or {})["arguments"]
    disarm(thread)
    items = [*kept(thread)["read"], *output["items"]]
    if size_of(items) > MAX_WAITING_BYTES:
        raise StateFailure(
            ITEM_READER_FAILED,
            f"The items have more than {MAX_WAITING_BYTES} bytes. Here a Map is one execution, "
            "which has to keep all of them.",
        )
    if output.get("next") is None:
        keep(thread, read=[])
        begin(run, thread, state, items)
    else:
        keep(thread, read=items)
        ask(run, thread, state, READER, {**arguments, "next": output["next"]})
