"""The template as it is in the checkout, and what its roles allow."""

from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[1]


class TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as what they are short for."""


def _short_form(loader: TemplateLoader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        return {name: loader.construct_scalar(node)}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


TemplateLoader.add_multi_constructor("!", _short_form)
TEMPLATE: dict[str, Any] = yaml.load((ROOT / "template.yaml").read_text(), TemplateLoader)
RESOURCES = TEMPLATE["Resources"]


def statements(role: str) -> list[dict[str, Any]]:
    """Every statement of a role or a policy, whatever the parameters say."""
    found = []
    for document in documents(role):
        for statement in document["Statement"]:
            branches = statement.get("Fn::If", [None, statement])[1:]
            found += [branch for branch in branches if "Effect" in branch]
    return found


def statement(role: str, sid: str) -> dict[str, Any]:
    """The one of its statements that has this name."""
    (found,) = (each for each in statements(role) if each["Sid"] == sid)
    return found


def documents(role: str) -> list[dict[str, Any]]:
    """The policies of a role, or the one that a managed policy is."""
    properties = RESOURCES[role]["Properties"]
    if "PolicyDocument" in properties:
        return [properties["PolicyDocument"]]
    return [policy["PolicyDocument"] for policy in properties["Policies"]]


def actions(role: str) -> set[str]:
    """All that a role allows."""
    told = [statement["Action"] for statement in statements(role)]
    return {action for each in told for action in ([each] if isinstance(each, str) else each)}
