"""How to mend what is wrong in a definition, for people at a file."""

import re
from collections.abc import Iterable

from cloudseam.languages.asl import diagnostic as said
from cloudseam.languages.asl.diagnostic import Diagnostic
from cloudseam.languages.asl.rules.errors import CATCHER, RETRIER
from cloudseam.languages.asl.rules.machines import MACHINES, WHOLE
from cloudseam.languages.asl.rules.states import COMMON, FIELDS
from cloudseam.languages.wording import DidYouMean

ADVICE = {
    said.DUPLICATE_LABEL_NAME: "Give each Map a label of its own.",
    said.DUPLICATE_STATE_NAME: "Rename one: a name is there once in the whole machine.",
    said.INVALID_LABEL_NAME: "Use letters, digits, `-` and `_`.",
    said.INVALID_STATE_NAME: "Give the state another name.",
    said.INVALID_VARIABLE_NAME: "Begin it with a letter, and use letters, digits and `_`.",
    said.MISSING_END_STATE: 'Give a state `"End": true`, or add one of type Succeed or Fail.',
    said.NO_DOLLAR: "Let the field's name end in `.$`, if the path should be looked up.",
    said.NO_PATH: "Let the field's name end in `Path`, if the path should be looked up.",
    said.RESERVED_VARIABLE_NAME: "Give the variable another name.",
    said.RESULT_IS_STATIC: "Use `Parameters`, if the path should be looked up.",
    said.TOO_DEEP: "Move an inner machine to a machine of its own, and start it by a task.",
    said.UNSUPPORTED_JSONATA: "Begin with `$states.input` or a variable.",
}

UNSUPPORTED = re.compile(r"Field '(.*)' is not supported", re.DOTALL)
FIELD_NAMES = sorted(
    {name for fields in FIELDS.values() for name in fields}
    | {name for parts in MACHINES.values() for name in parts}
    | {*WHOLE, *COMMON, *CATCHER, *RETRIER}
)


def advice(diagnostic: Diagnostic, names: Iterable[str]) -> str:
    """What to do about it; empty where the message says it. `names` are those of all states."""
    unknown = UNSUPPORTED.fullmatch(diagnostic.message)
    if unknown:
        return f"{DidYouMean(unknown[1], FIELD_NAMES)}Remove it."
    if diagnostic.code != said.MISSING_TARGET:
        return ADVICE.get(diagnostic.code, "")
    target = diagnostic.message.partition("target: ")[2]
    if not target:
        return "Lead a transition to it, or remove it."
    return f"{DidYouMean(target, names)}Name a state that stands in the same `States`."
