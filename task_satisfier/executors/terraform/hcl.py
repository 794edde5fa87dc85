"""As much of HCL as it takes to see which blocks a file has: no values are computed.

Grammar: https://github.com/hashicorp/hcl/blob/main/hclsyntax/spec.md
"""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

CLOSING = {"{": "}", "[": "]", "(": ")"}
# What can be told at one glance; strings and heredocs need a closer look.
GLANCE = re.compile(
    r"""(?P<skip>[ \t\r]+|/\*.*?(?:\*/|\Z)|(?:\#|//)[^\n]*)
    |(?P<end>\n)
    |(?P<heredoc><<-?(?P<word>\w[\w-]*)[ \t]*\r?\n)
    |(?P<name>[^\W\d][\w-]*)
    |(?P<quote>")
    |(?P<mark>.)""",
    re.VERBOSE | re.DOTALL,
)


class Token(NamedTuple):
    """A piece of HCL. `end` is the end of a line."""

    kind: Literal["name", "text", "mark", "end"]
    value: str


@dataclass(frozen=True, slots=True)
class Block:
    """A block as `variable "size" { … }`: its type, its labels, and what is between its braces."""

    type: str
    labels: tuple[str, ...]
    body: Sequence[Token]

    def blocks(self) -> Iterator["Block"]:
        """The blocks right inside this one."""
        return _blocks(self.body)

    def has(self, name: str, value: str) -> bool:
        """Whether it, or something inside it, sets an attribute to a word or a text."""
        return any(
            tokens[0] == ("name", name) and tokens[1] == ("mark", "=") and tokens[2].value == value
            for tokens in zip(self.body, self.body[1:], self.body[2:], strict=False)
        )


def read_blocks(text: str) -> Iterator[Block]:
    """The blocks at the top level of a file. Text that is no HCL gives whatever can be seen."""
    return _blocks(list(_tokens(text.removeprefix("\ufeff"))))


def _blocks(tokens: Sequence[Token]) -> Iterator[Block]:
    header: list[Token] = []
    position = 0
    while position < len(tokens):
        token = tokens[position]
        if token.kind == "end":
            header = []
        elif token.kind == "mark" and token.value in CLOSING:
            close = _closing(tokens, position)
            if token.value == "{" and header and all(part.kind != "mark" for part in header):
                labels = tuple(part.value for part in header[1:])
                yield Block(header[0].value, labels, tokens[position + 1 : close])
            header.append(token)
            position = close
        else:
            header.append(token)
        position += 1


def _closing(tokens: Sequence[Token], opening: int) -> int:
    """The position of the bracket that closes the one at `opening`, or the end."""
    open_brackets: list[str] = []
    for position in range(opening, len(tokens)):
        kind, value = tokens[position]
        if kind != "mark":
            continue
        if value in CLOSING:
            open_brackets.append(CLOSING[value])
        elif open_brackets and value == open_brackets[-1]:
            open_brackets.pop()
            if not open_brackets:
                return position
    return len(tokens)


def _tokens(text: str) -> Iterator[Token]:
    position = 0
    while match := GLANCE.match(text, position):
        position = match.end()
        kind = match.lastgroup
        if kind == "quote":
            start, position = position, _end_of_string(text, position)
            yield Token("text", text[start : position - 1])
        elif match["heredoc"]:
            position = _end_of_heredoc(text, position, match["word"])
            yield Token("text", "")
            yield Token("end", "\n")
        elif kind in {"name", "mark", "end"}:
            yield Token(kind, match[0])  # type: ignore[arg-type]  # narrowed by the line above


def _end_of_heredoc(text: str, start: int, word: str) -> int:
    close = re.compile(rf"^[ \t]*{re.escape(word)}[ \t]*\r?(?:\n|\Z)", re.MULTILINE)
    match = close.search(text, start)
    return match.end() if match else len(text)


def _end_of_string(text: str, start: int) -> int:
    """Where a quoted text ends, after its quote. Templates in it may hold quoted texts again."""
    inside = ['"']
    position = start
    while position < len(text) and inside:
        character = text[position]
        if inside[-1] == '"':
            if character == "\\" or text.startswith(("$${", "%%{"), position):
                position += 1 if character == "\\" else 2
            elif character == '"':
                inside.pop()
            elif text.startswith(("${", "%{"), position):
                inside.append("{")
                position += 1
        elif character in '"{':
            inside.append(character)
        elif character == "}":
            inside.pop()
        position += 1
    return min(position, len(text))
