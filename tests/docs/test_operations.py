"""docs/operations.md says what the template allows."""

import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from cloudseam.buses.eventbridge import EventBridgeBus
from cloudseam.stack import event_mark
from cloudseam.transition import Notice, Transition
from release.template import built_resources
from tests.docs.rights_table import TABLES, rights_table
from tests.template import RESOURCES, TEMPLATE

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


@pytest.mark.parametrize("title", TABLES)
def test_the_page_has_the_table_of_each_roles_rights(title: str) -> None:
    table = rights_table(TABLES[title])

    assert f"### {title}\n\n{table}\n" in PAGE.read_text(), (
        f"docs/operations.md is out of date; it should say:\n\n### {title}\n\n{table}"
    )


class Entries:
    """A client of EventBridge that keeps what it is given."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []

    def put_events(self, **request: Any) -> Any:
        self.entries += request["Entries"]
        return {"Entries": [{}] * len(request["Entries"])}


def notice_of(detail: Mapping[str, Any]) -> Notice:
    """The notice that the page shows."""
    made = Transition(
        event_mark(detail["eventId"]),
        detail["at"],
        detail["event"],
        detail["machine"],
        detail["from"],
        detail["to"],
        detail["epoch"],
    )
    return Notice(detail["stackId"], detail["eventId"], made)


def test_a_bus_is_told_of_a_transition_what_the_page_shows_and_the_pattern_matches_it() -> None:
    section = PAGE.read_text().split("## Being told of transitions")[1].split("\n## ")[0]
    event, pattern = map(json.loads, re.findall(r"```json\n(.*?)```", section, re.DOTALL))
    client = Entries()

    EventBridgeBus(client, "b", event["resources"][0]).put([notice_of(event["detail"])])

    (entry,) = client.entries
    assert json.loads(entry["Detail"]) == event["detail"]
    assert {
        "source": entry["Source"],
        "detail-type": entry["DetailType"],
        "resources": entry["Resources"],
        "time": datetime.fromtimestamp(entry["Time"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
    }.items() <= event.items()
    assert matches(pattern, event)
    assert not matches(pattern, event | {"resources": []})


def matches(pattern: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """As EventBridge compares a pattern of plain values (user guide, "Event patterns")."""
    return all(
        matches(wanted, event[name])
        if isinstance(wanted, dict)
        else not set(wanted).isdisjoint(
            event[name] if isinstance(event[name], list) else [event[name]]
        )
        for name, wanted in pattern.items()
    )


def test_the_page_says_of_every_alarm_what_to_do() -> None:
    section = PAGE.read_text().split("## Alarms")[1].split("\n## ")[0]
    told = re.findall(r"^\| (`.*?) \|", section, re.MULTILINE)
    names = [
        part["Properties"]["AlarmName"]["Fn::Sub"].removeprefix("${AWS::StackName}-")
        for part in RESOURCES.values()
        if part["Type"] == "AWS::CloudWatch::Alarm"
    ]

    assert sorted(re.findall(r"`([\w-]+)`", " ".join(told))) == sorted(names)


def test_the_page_has_every_parameter_in_the_groups_of_the_template() -> None:
    section = PAGE.read_text().split("\n## Installing")[1].split("\n### ")[0]
    labels = re.split(r"^\*\*(.+)\*\*$", section, flags=re.MULTILINE)[1:]
    told = {
        label: re.findall(r"`(\w+)`", " ".join(re.findall(r"^\| (`.*?) \|", table, re.MULTILINE)))
        for label, table in zip(labels[::2], labels[1::2], strict=True)
    }

    groups = TEMPLATE["Metadata"]["AWS::CloudFormation::Interface"]["ParameterGroups"]
    assert told.keys() == {group["Label"]["default"] for group in groups}
    for group in groups:
        assert sorted(told[group["Label"]["default"]]) == sorted(group["Parameters"])


def test_the_page_names_what_a_release_has() -> None:
    section = PAGE.read_text().split("### Deploying a release")[1].split("\n### ")[0]

    built = built_resources((PAGE.parents[1] / "template.yaml").read_text())
    assert sorted(re.findall(r"`(\w+)-….zip`", section)) == sorted(built)
