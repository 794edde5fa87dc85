"""ResultWriter of a distributed Map: has the records of its iterations written outside."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from cloudseam.languages.asl.definition import State
from cloudseam.languages.asl.execution import Phase, Status, Thread
from cloudseam.languages.asl.json_text import bytes_of, size_of, text_of
from cloudseam.languages.asl.resource import WRITER
from cloudseam.languages.asl.run import Run
from cloudseam.languages.asl.state_input import effective_input, scope_of
from cloudseam.languages.asl.states.map_run import ask, keep, kept, parameters, too_many_failures
from cloudseam.languages.asl.states.records import PENDING, Note, all_notes, record_of
from cloudseam.languages.asl.states.task import disarm

# Of the files, by what became of the iterations that they tell of.
KINDS = ("FAILED", PENDING, "SUCCEEDED")
# Of one file: it travels in a message.
MAX_FILE_BYTES = 100_000


def is_written(state: State) -> bool:
    """Whether the results are written, and not only shaped."""
    return "Resource" in state.get(WRITER, {})


def shaped(thread: Thread, state: State) -> Any:
    """The results of a writer that only shapes them, as the state's result."""
    config = state[WRITER].get("WriterConfig", {})
    values = _values(kept(thread)["arn"], all_notes(thread), config)
    return _text(values, config) if config.get("OutputType") == "JSONL" else values


def begin_writing(run: Run, thread: Thread, state: State) -> None:
    """Has the records written, file by file, and the manifest last.

    Raises:
        StateFailure: the writer's fields cannot be evaluated.
    """
    scope = scope_of(run, thread, state).of(effective_input(run, thread, state))
    call = parameters(run, state, scope, WRITER)
    unwritten: dict[str, list[Any]] = {kind: [] for kind in KINDS}
    for note in all_notes(thread):
        kind = note.status if note.status in KINDS else Status.FAILED.value
        unwritten[kind].append(list(note))
    thread.results = {}
    keep(thread, failed={}, call=call, unwritten=unwritten, written={kind: [] for kind in KINDS})
    _write_next(run, thread, state)


def take_written(run: Run, thread: Thread, state: State, output: Any) -> None:
    """Takes it that a file has been written. After the manifest the Map has its result.

    Raises:
        StateFailure: it was written of a Map that has failed.
    """
    arguments = (thread.task or {})["arguments"]
    disarm(thread)
    kind, written = kept(thread)["writing"], kept(thread)["written"]
    if kind:
        size = bytes_of(arguments["Body"])
        files = [*written[kind], {"Key": arguments["Key"], "Size": size}]
        keep(thread, written={**written, kind: files})
        _write_next(run, thread, state)
        return
    # Its limits may have been changed while it was written.
    if kept(thread).get("exceeded"):
        raise too_many_failures()
    details = {"Bucket": arguments["Bucket"], "Key": arguments["Key"]}
    keep(thread, result={"MapRunArn": kept(thread)["arn"], "ResultWriterDetails": details})
    thread.phase = Phase.GATHERED
    run.ready.appendleft(thread)


def _write_next(run: Run, thread: Thread, state: State) -> None:
    config = state[WRITER].get("WriterConfig", {})
    unwritten, written = kept(thread)["unwritten"], kept(thread)["written"]
    call = dict(kept(thread)["call"])
    kind = next((kind for kind in KINDS if unwritten[kind]), "")
    if kind:
        notes = [Note(*each) for each in unwritten[kind]]
        page = _page(kept(thread)["arn"], notes, config)
        rest = unwritten[kind][page.notes :]
        keep(thread, unwritten={**unwritten, kind: rest})
        ending = "jsonl" if config.get("OutputType") == "JSONL" else "json"
        name, body = f"{kind}_{len(written[kind])}.{ending}", _text(page.values, config)
    else:
        name, body = "manifest.json", _manifest(kept(thread))
    folder = [str(call.pop("Prefix", "")).rstrip("/"), kept(thread)["arn"].rpartition(":")[2]]
    key = "/".join(part for part in [*folder, name] if part)
    keep(thread, writing=kind)
    ask(run, thread, state, WRITER, {**call, "Key": key, "Body": body})


class _Page(NamedTuple):
    """The values of a file, and of how many iterations they are."""

    values: list[Any]
    notes: int


def _page(arn: str, notes: Sequence[Note], config: Mapping[str, Any]) -> _Page:
    """As much as a file may have."""
    values: list[Any] = []
    size = 0
    for number, note in enumerate(notes):
        own = _values(arn, [note], config)
        size += sum(map(size_of, own))
        if number and size > MAX_FILE_BYTES:
            return _Page(values, number)
        values += own
    return _Page(values, len(notes))


def _values(arn: str, notes: Sequence[Note], config: Mapping[str, Any]) -> list[Any]:
    """What is told of each iteration (developer guide, "ResultWriter", `Transformation`): its whole
    record, or its output. Of one that did not succeed it is always the record."""
    shape = config.get("Transformation", "NONE")
    values: list[Any] = []
    for note in notes:
        if shape == "NONE" or not note.has_succeeded:
            values.append(record_of(arn, note))
        elif shape == "FLATTEN" and isinstance(note.output, list):
            values += note.output
        else:
            values.append(note.output)
    return values


def _text(values: Sequence[Any], config: Mapping[str, Any]) -> str:
    if config.get("OutputType") == "JSONL":
        return "".join(f"{text_of(value)}\n" for value in values)
    return text_of(list(values))


def _manifest(told: Mapping[str, Any]) -> str:
    """What was written where (developer guide, "ResultWriter", "Exporting to Amazon S3")."""
    manifest = {
        "DestinationBucket": told["call"].get("Bucket"),
        "MapRunArn": told["arn"],
        "ResultFiles": told["written"],
    }
    return text_of(manifest)
