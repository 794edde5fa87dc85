"""Every rule that a machine's file can break, by name."""

from types import ModuleType

from cloudseam.languages import part, report, scalar, yaml_rules
from cloudseam.languages.cloudseam_v1 import rules
from cloudseam.languages.python_actions import rules as actions_rules
from cloudseam.languages.rule import Rule


def _rules_of(module: ModuleType) -> dict[str, Rule]:
    return {name: value for name, value in vars(module).items() if isinstance(value, Rule)}


RULES_BY_MODULE = {
    module.__name__: _rules_of(module) for module in (report, yaml_rules, part, scalar, rules)
}
RULES = {name: rule for found in RULES_BY_MODULE.values() for name, rule in found.items()}
# Those of Python-action machines beyond the rules that both languages have.
ACTION_RULES = _rules_of(actions_rules)
