"""docs/messages.md tells of every system event, and its examples are messages that are read."""

import re
from pathlib import Path

from cloudseam.event import NEXT, SYSTEM_EVENTS
from cloudseam.messages import parse_event, parse_task

PAGE = (Path(__file__).parents[2] / "docs" / "messages.md").read_text()


def section(title: str) -> str:
    """The text under a heading, up to the next one."""
    return PAGE.partition(f"\n## {title}")[2].partition("\n## ")[0]


def test_the_table_has_every_system_event() -> None:
    named = re.findall(r"^\| `([A-Z_]+)` \|", section("System events"), re.MULTILINE)

    assert sorted(named) == sorted(SYSTEM_EVENTS | {NEXT})


def test_the_examples_are_an_event_and_a_task() -> None:
    event, task = re.findall(r"```json\n(.*?)```", PAGE, re.DOTALL)

    assert parse_event(event, "m").machine == "preview"
    assert parse_task(task).name == "network"


def test_an_answer_of_the_page_says_which_kind_of_failure_it_is() -> None:
    [written] = re.findall(r"`(\{\"event\": \"TASK_ERROR\".*?\})`\.", PAGE)
    body = written.replace("<stack.id>", '"s"').replace("<task>", '{"name": "network"}')

    answer = parse_event(body, "m").answer

    assert answer is not None
    assert (answer.description, answer.error) == ("disk full", "NoSpace")
