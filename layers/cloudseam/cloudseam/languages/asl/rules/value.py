"""One value of a definition with its place: what the rules judge."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Self

from cloudseam.languages.asl.diagnostic import ERROR, SCHEMA, Diagnostic, location_of
from cloudseam.languages.place import Place

# Beyond these nothing more is gathered, so that a hostile text makes no report larger than itself.
MAX_DIAGNOSTICS = 1_000
JSONPATH, JSONATA = "JSONPath", "JSONata"


@dataclass(slots=True)
class Diagnosis:
    """Gathers what is said of one definition, and the names that may stand in it only once."""

    found: list[Diagnostic] = field(default_factory=list)
    state_names: set[str] = field(default_factory=set)
    labels: set[str] = field(default_factory=set)

    def add(self, diagnostic: Diagnostic) -> None:
        """Adds one, up to the limit."""
        if len(self.found) < MAX_DIAGNOSTICS:
            self.found.append(diagnostic)


@dataclass(frozen=True, slots=True)
class Setting:
    """What rules depend on: the kind of machine, its query language, and that of the state."""

    kind: str
    machine_language: str = JSONPATH
    language: str = JSONPATH

    @property
    def is_jsonata(self) -> bool:
        """Whether expressions stand between `{%` and `%}`."""
        return self.language == JSONATA


@dataclass(frozen=True, slots=True)
class Value:
    """A value, where it stands, and where what is said of it goes."""

    json: Any
    place: Place
    diagnosis: Diagnosis

    def add(
        self, message: str, code: str = SCHEMA, severity: str = ERROR, key: str | None = None
    ) -> None:
        """Says something of the value; with a key, of what stands there."""
        place = self.place if key is None else self.place.below(key)
        said = Diagnostic(code, message, location_of(self.place), severity, place)
        self.diagnosis.add(said)

    def at(self, key: str) -> Self:
        """What stands at a key of this object, which has it."""
        return type(self)(self.json[key], self.place.below(key), self.diagnosis)

    def members(self) -> dict[str, Self] | None:
        """The values of an object; None, and said, if it is none."""
        if not isinstance(self.json, dict):
            self.add("Expected value of type [OBJECT]")
            return None
        return {key: self.at(key) for key in self.json}

    def elements(self, *, may_be_empty: bool = False) -> list[Self] | None:
        """The values of a list; None, and said, if it is none."""
        if not isinstance(self.json, list):
            self.add("Expected value of type [ARRAY]")
            return None
        if not self.json and not may_be_empty:
            self.add("Value cannot be empty")
        return list(self.parts())

    def parts(self) -> Iterator[Self]:
        """What stands directly in an object or a list; nothing in anything else."""
        if isinstance(self.json, dict):
            steps: Iterable[tuple[str | int, Any]] = self.json.items()
        else:
            steps = enumerate(self.json) if isinstance(self.json, list) else ()
        for step, part in steps:
            yield type(self)(part, self.place.below(step), self.diagnosis)

    def text(self) -> str | None:
        """A text; None, and said, if it is none."""
        if isinstance(self.json, str):
            return self.json
        self.add("Expected value of type [STRING]")
        return None

    def one_of(self, *choices: str) -> str | None:
        """One of some texts; None, and said, if it is none."""
        text = self.text()
        if text is None or text in choices:
            return text
        self.add(f"Value should be one of the following: [{', '.join(choices)}]")
        return None


Rule = Callable[[Value, Setting], None]
