"""The rules of CloudSeam v1 beyond the shape of its keys. docs/machines.md lists every one."""

from cloudseam.finding import Severity
from cloudseam.languages.rule import Rule

MAX_NAME_CHARACTERS = 255
MAX_KIND_CHARACTERS = 100

VERSION_UNSUPPORTED = Rule("`version` must be 1, but is {version}.", "Write `version: 1`.")

NAME_MALFORMED = Rule(
    "{name} cannot be the name of {what}.", "{hint}Use capital letters A to Z, digits and dashes."
)
NAME_TOO_LONG = Rule(
    f"The name has more than {MAX_NAME_CHARACTERS} characters.", "Choose a shorter one."
)
EVENT_TWICE = Rule(
    "The event {name} is declared twice.", "Remove one of the two; the first is on line {line}."
)
EVENT_IS_NEXT = Rule(
    "NEXT is declared, but it fires by itself when the last task of a state is satisfied.",
    "Remove it from `events`; states may have a handler for it all the same.",
)
EVENT_OF_THE_SYSTEM = Rule("{name} is an event of CloudSeam itself.", "Choose another name.")

INIT_MISSING = Rule(
    "There is no state INIT, in which every stack starts.",
    "Add it, with a handler for the first event.",
)
INIT_HAS_TASKS = Rule(
    "INIT has tasks that would not be asked for: that happens when a state is entered, and a new "
    "stack starts in INIT without entering it.",
    "Move them to the state that INIT advances to.",
)
TERMINAL_MISSING = Rule(
    "No state is terminal, so no stack could ever end.",
    "Add `terminal: true` to the state that stacks end in.",
)
NEXT_MISSING = Rule(
    "{state} has tasks but no handler for NEXT, so a stack would stay in it when they are done.",
    "Add `NEXT: [{{action: advance, state: …}}]` under `on`, or make the state terminal.",
)

EVENT_UNKNOWN = Rule(
    "{name} is not an event of this machine.",
    "{hint}Declare it in `events`, or use one of: {events}.",
)
STATE_UNKNOWN = Rule("There is no state {name}.", "{hint}The states are: {states}.")
TASK_UNKNOWN = Rule("There is no task {name}.", "{hint}The tasks are: {tasks}.")
TASK_TWICE = Rule(
    "The task {name} is in the list twice, but one answer would satisfy both.",
    "Remove it here, or define a second task of another name.",
)
TASK_NAME_MALFORMED = Rule(
    "{name} cannot be the name of a task.",
    f"Use 1 to {MAX_NAME_CHARACTERS} printable characters.",
)
TASK_KEYS_STRAY = Rule("A task does not have these keys: {keys}.", "Did you mean {example}?")
WAIT_TOO_LONG = Rule(
    "The first wait is {wait}, but no wait is longer than `longest`, which is {longest}.",
    "Write a shorter `wait`, or `longest: {wait}`.",
)
RETRY_ON_NOTHING = Rule(
    "The list names no kind of failure, so nothing would be tried again.",
    "Leave `on` out to try again after any failure.",
)
RETRY_ON_CANCELLED = Rule(
    "A task that was cancelled is never tried again by itself.",
    "Remove it; RETRY_FAILED_TASKS asks for the task again.",
)
KIND_TOO_LONG = Rule(
    f"The kind of failure has more than {MAX_KIND_CHARACTERS} characters.",
    "Write it as the failure has it.",
)
STATE_SHARED = Rule(
    "This task would have the same Terraform state as the task {task} on line {line}, but their "
    "sources are different: applying one would destroy what the other has made.",
    "Give one of them a `state` of its own.",
)

STACK_ID_SET = Rule(
    "`stack_id` is always the stack's id.", "Remove it; the module gets `stack_id` by itself."
)
NOT_A_DOTTED_NAME = Rule(
    "{name} is not the name of a class in a module.", "Write one such as `{example}`."
)

HANDLER_IS_STATE = Rule(
    "This must be a list, but is the name of a state.",
    "Write `[{{action: advance, state: {state}}}]`.",
)
HANDLER_IS_MAPPING = Rule(
    "This must be a list, but is a single mapping.", "Put it in `[ ]`, as a list."
)
ACTION_IS_KEY = Rule("`{key}` is an action, but stands as a key.", "Write `{action}`.")
STATE_ON_NO_OP = Rule("`no-op` takes no `state`.", "Remove `state`, or write `action: advance`.")
TWO_ADVANCES = Rule(
    "The list advances twice: the stack would pass through {state} without running its tasks.",
    "Keep one `advance`; for a chain let each state advance on its own NEXT.",
)

UNREACHABLE = Rule(
    "No stack can reach {state}.", "Advance to it from a state, or remove it.", Severity.WARNING
)
DEAD_END = Rule(
    "{state} is a dead end: it is not terminal, and nothing leads out of it.",
    "Advance from it on some event, or make it terminal.",
    Severity.WARNING,
)
NEXT_NEVER_FIRES = Rule(
    "This NEXT never fires: {state} has no tasks whose end it could follow.",
    "Advance on an event of your own, or give the state a task.",
    Severity.WARNING,
)
EVENT_UNUSED = Rule(
    "No state has a handler for the event {name}.", "Add one, or remove it.", Severity.WARNING
)
KIND_IN_OTHER_LETTERS = Rule(
    "{kind} is a kind of failure that CloudSeam does not tell of.",
    "Did you mean `{meant}`? Capital letters count.",
    Severity.WARNING,
)
TASK_UNUSED = Rule(
    "No state has the task {name}.", "Add it to a state, or remove it.", Severity.WARNING
)
