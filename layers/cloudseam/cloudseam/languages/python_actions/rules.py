"""The rules of Python-action machines beyond the shape of their keys. docs/actions.md has all."""

from cloudseam.finding import Severity
from cloudseam.languages.rule import Rule
from cloudseam.languages.yaml_rules import MAX_BYTES

MAX_NAME_CHARACTERS = 255

NAME_MALFORMED = Rule(
    "{name} cannot be the name of {what}.", f"Use 1 to {MAX_NAME_CHARACTERS} printable characters."
)
NAME_RESERVED = Rule("{name} is a word of CloudSeam itself.", "Choose another name.")

MACHINES_EMPTY = Rule(
    "The file has no machine.", "Add one, as in `- {{name: order, states: […]}}`."
)
MACHINE_TWICE = Rule(
    "There are two machines {name}.", "Rename one of the two; the first is on line {line}."
)
MACHINE_TOO_LARGE = Rule(
    f"With its aliases written out the machine {{name}} is larger than {MAX_BYTES // 1024} KiB.",
    "Split it into machines that start one another.",
)
MACHINE_UNKNOWN = Rule("There is no machine {name} in this file.", "{hint}It has: {machines}.")

STATE_TWICE = Rule(
    "There are two states {name}.", "Rename one of the two; the first is on line {line}."
)
INITIAL_MISSING = Rule(
    "No state is initial, so the machine cannot start.",
    "Add `initial: true` to the state that it starts in.",
)
INITIAL_TWICE = Rule(
    "Two states are initial.",
    "Keep `initial: true` in one of the two; the first is on line {line}.",
)
EVENT_TWICE = Rule(
    "The event {event} has two transitions in {state}.",
    "Remove one of the two; the first is on line {line}.",
)
TARGET_UNKNOWN = Rule("There is no state {name}.", "{hint}The states are: {states}.")
ACTION_MALFORMED = Rule(
    "{name} is not the dotted name of a class.",
    "{hint}Write the module and the class, as `orders.actions.Ship`.",
)

IMPORT_OUTSIDE = Rule(
    "{path} does not lie in the folder of machines.",
    "Write the path from this file to one in the folder or below it, with `/`.",
)
IMPORT_SUFFIX = Rule(
    "{path} cannot be a file of machines.", "Name a file that ends in `.yml` or `.yaml`."
)
IMPORT_MISSING = Rule("There is no file {path}.", "Write the path from the folder of this file.")
IMPORT_OTHER = Rule(
    "{path} has no `machines:`.",
    "Remove the import: a file with `version: 1` is a machine by itself.",
)
IMPORT_CYCLE = Rule("The imports run in a circle: {files}.", "Remove one of them.")
MACHINE_ELSEWHERE = Rule(
    "There is a machine {name} in {other} too.", "Rename or remove one of the two."
)

UNREACHABLE = Rule(
    "{state} cannot be reached from the initial state.",
    "Lead a transition there, or remove it, unless machines are started in it.",
    Severity.WARNING,
)
FINAL_MISSING = Rule(
    "No state is final, so no machine would ever end.",
    "Add `final: true` to the state that machines end in.",
    Severity.WARNING,
)
DEAD_END = Rule(
    "{state} is a dead end: it is not final, and nothing leads out of it.",
    "Add a transition to another state, or `final: true`.",
    Severity.WARNING,
)
FINAL_LEADS_ON = Rule(
    "{state} is final, so its events are discarded and its transitions never made.",
    "Remove the transitions, or `final: true`.",
    Severity.WARNING,
)
LOCAL_WITHOUT_DO = Rule(
    "`local` has no effect: {state} has no `do_action` that the event could come from.",
    "Remove it, or add a `do_action`.",
    Severity.WARNING,
)
