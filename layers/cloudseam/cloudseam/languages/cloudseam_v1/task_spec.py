"""Tasks in CloudSeam v1: an executor, a config of the shape it takes, a runner and time for it."""

from collections.abc import Mapping
from typing import cast

from cloudseam.event import Json
from cloudseam.languages.cloudseam_v1 import rules
from cloudseam.languages.cloudseam_v1.shape import DottedName, FreeMapping, Keys, Kinds, OneOf, Text
from cloudseam.languages.cloudseam_v1.terraform_state import check_states
from cloudseam.languages.cloudseam_v1.timing import RETRY_KEYS, parse_retry, parse_timeout
from cloudseam.languages.part import Part
from cloudseam.languages.wording import listed, shown
from cloudseam.task_spec import LAMBDA, RUNNERS, TaskSpec

TIMING_KEYS = ("timeout", "retry")
TASK_KEYS = ("executor", "config", "runner", *TIMING_KEYS)
BESIDE_CONFIG = dict.fromkeys(("runner", *TIMING_KEYS), "to the task, beside `config`")
IN_RETRY = {key: "into the task's `retry`" for key in RETRY_KEYS}
# docs/machines.md has this table too; a test compares them.
EXECUTORS: Mapping[str, Keys] = {
    "terraform": Keys(
        "a terraform config",
        {
            "source": Kinds(
                "a source",
                {
                    "s3": {"bucket": Text("my-modules"), "key": Text("network/")},
                    "local": {"location": Text("modules/network")},
                },
                of_path="local",
            ),
            "action": OneOf("a terraform action", ("apply", "destroy")),
            "variables": FreeMapping("{size: 3}", refused={"stack_id": rules.STACK_ID_SET}),
            "state": Text("network", is_required=False),
        },
        elsewhere=BESIDE_CONFIG,
    ),
    "lambda": Keys(
        "a lambda config",
        {"name": Text("my-function"), "args": FreeMapping("{size: 3}")},
        elsewhere=BESIDE_CONFIG,
    ),
    "python": Keys(
        "a python config",
        {"action": DottedName("orders.actions.Charge"), "args": FreeMapping("{size: 3}")},
        elsewhere=BESIDE_CONFIG,
    ),
}
CONFIG_KEYS = {key for config in EXECUTORS.values() for key in config.keys}
# Not a key of a task, but what other tools call an executor.
TYPE = "type"
TASK_EXAMPLE = "`{executor: lambda, config: {name: my-function}}`"


def parse_tasks(tasks: Mapping[str, Part]) -> dict[str, TaskSpec]:
    """The tasks of the top-level `tasks`; those that are wrong are reported and left out."""
    specs = {name: _parse_task(name, task) for name, task in tasks.items()}
    parsed = {name: spec for name, spec in specs.items() if spec is not None}
    check_states(parsed, tasks)
    return parsed


def _parse_task(name: str, part: Part) -> TaskSpec | None:
    _check_name(name, part)
    entries = part.entries(TASK_EXAMPLE)
    if entries is None:
        return None
    if (stray := _stray_keys(entries)) and part.is_complete:
        part.add_at_key(rules.TASK_KEYS_STRAY, keys=listed(stray), example=_meant(entries))
        return None
    part.check_keys(entries, TASK_KEYS, "a task", IN_RETRY)
    timeout = parse_timeout(entries.get("timeout"))
    retry = parse_retry(entries.get("retry"))
    runner = entries["runner"].one_of(RUNNERS, "a runner") if "runner" in entries else LAMBDA
    executor = _parse_executor(part, entries)
    config = entries.get("config")
    if config is None:
        part.missing("config", f"`config: {EXECUTORS[executor or 'lambda'].example}`")
        return None
    if executor is None:
        return None
    EXECUTORS[executor].check(config)
    value = cast(dict[str, Json], config.value())
    return TaskSpec(name, executor, value, timeout, retry, runner or LAMBDA)


def _stray_keys(entries: Mapping[str, Part]) -> list[str]:
    """The keys that stand in for a missing `executor` or `config`."""
    misnamed = {TYPE} if "executor" not in entries else set()
    misplaced = CONFIG_KEYS if "config" not in entries else set()
    return [key for key in entries if key in misnamed | misplaced]


def _meant(entries: Mapping[str, Part]) -> str:
    """The task that was probably meant, without the values of its config."""
    named = entries.get("executor", entries.get(TYPE))
    name = named.value() if named else None
    executor = name if isinstance(name, str) and name in EXECUTORS else "…"
    inside = [f"{key}: …" for key in entries if key in CONFIG_KEYS]
    config = f"{{{', '.join(inside)}}}" if inside and "config" not in entries else "…"
    return f"`{{executor: {executor}, config: {config}}}`"


def _parse_executor(part: Part, entries: Mapping[str, Part]) -> str | None:
    if "executor" in entries:
        return entries["executor"].one_of(list(EXECUTORS), "an executor")
    part.missing("executor", " or ".join(f"`executor: {name}`" for name in EXECUTORS))
    return None


def _check_name(name: str, part: Part) -> None:
    if not 0 < len(name) <= rules.MAX_NAME_CHARACTERS or not name.isprintable():
        part.add_at_key(rules.TASK_NAME_MALFORMED, name=shown(name))
