"""What a YAML parser's complaint means to the person who wrote the file."""

import re
from collections.abc import Callable

import yaml

from cloudseam.languages import yaml_rules as rules
from cloudseam.languages.place import Place
from cloudseam.languages.report import START, Mark, Report
from cloudseam.languages.rule import Rule
from cloudseam.languages.wording import short, shown

# What the parser says (C and Python differ in words) → the rule, and whether it is about the
# place where the parser began rather than the one where it gave up.
COMPLAINTS: tuple[tuple[Callable[[str, str], bool], Rule, bool], ...] = (
    (
        lambda context, problem: "scalar" in context and "end of stream" in problem,
        rules.UNCLOSED_QUOTE,
        True,
    ),
    (
        lambda context, problem: "flow" in context and "',' or" in problem,
        rules.UNCLOSED_BRACKET,
        True,
    ),
    (lambda context, problem: "mapping values" in problem, rules.MISPLACED_COLON, False),
    (lambda context, problem: "find expected ':'" in problem, rules.MISSING_COLON, True),
    (lambda context, problem: "start any token" in problem, rules.RESERVED_CHARACTER, False),
    (lambda context, problem: "escape" in problem, rules.BAD_ESCAPE, True),
    (
        lambda context, problem: "block" in context and ("'-'" in problem or "key" in problem),
        rules.MISALIGNED,
        False,
    ),
    (lambda context, problem: "<block end>" in problem, rules.MISALIGNED, False),
)


# None of these takes more than linear time, whatever the line.
NO_SPACE_BEFORE_BRACKET = re.compile(r"(?:.*[{,] *| *(?:- +)*)(?P<key>[\w-]+):[\[{]")
# Not a URL, and not an ARN or another text of several colons.
NO_SPACE = re.compile(
    rf"{NO_SPACE_BEFORE_BRACKET.pattern}| *(?:- +)*(?P<name>[\w-]+):[\w\"'][^:]*$"
)
SAME_VALUE = re.compile(r": [^][{},:'\"]*$")


def report_syntax_error(error: yaml.YAMLError, text: str, report: Report) -> None:
    """Reports one parser's error at the place that a person has to look at."""
    if not isinstance(error, yaml.MarkedYAMLError):
        report.add(rules.SYNTAX, START, Place(), reason="it cannot be read")
        return
    context, problem = error.context or "", error.problem or "it cannot be read"
    character = _character_at(error.problem_mark, text)
    if character == "\t":
        report.add(rules.TAB, _mark(error.problem_mark), Place())
        return
    if _report_colon(context, problem, error, text, report):
        return
    for fits, rule, at_start in COMPLAINTS:
        if fits(context, problem):
            mark = error.context_mark if at_start else error.problem_mark
            report.add(rule, _mark(mark), Place(), character=shown(character))
            return
    report.add(rules.SYNTAX, _mark(error.problem_mark), Place(), reason=problem)


def _report_colon(
    context: str, problem: str, error: yaml.MarkedYAMLError, text: str, report: Report
) -> bool:
    """Reports a colon without its space, or one too many, where the parser only trips over it."""
    lines, mark = text.splitlines(), _mark(error.problem_mark)
    if "unexpected ':'" in problem or "expected ':'" in problem or "values are not" in problem:
        spaceless, above = NO_SPACE, 2
    else:
        spaceless, above = NO_SPACE_BEFORE_BRACKET, 1
    for number in range(min(mark.line, len(lines)), max(mark.line - above, 0), -1):
        if found := spaceless.match(lines[number - 1]):
            at = Mark(number, found.start(found.lastgroup or 0) + 1)
            report.add(rules.MISSING_SPACE, at, Place(), key=short(found[found.lastgroup or 0]))
            return True
    before = lines[mark.line - 1][: mark.column - 1] if mark.line <= len(lines) else ""
    is_second = "flow" in context and _character_at(error.problem_mark, text) == ":"
    if is_second and SAME_VALUE.search(before):
        report.add(rules.COLON_IN_VALUE, mark, Place())
        return True
    return False


def _mark(mark: yaml.Mark | None) -> Mark:
    return Mark(mark.line + 1, mark.column + 1) if mark else START


def _character_at(mark: yaml.Mark | None, text: str) -> str:
    lines = text.splitlines()
    if mark is None or mark.line >= len(lines):
        return ""
    return lines[mark.line][mark.column : mark.column + 1]
