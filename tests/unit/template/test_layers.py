"""The layers have what the functions need, for their architecture."""

import re
from pathlib import Path

from tests.template import RESOURCES, TEMPLATE
from tests.unit.aws_calls import SERVICES

ROOT = Path(__file__).parents[3]


def test_the_layer_has_boto3s_description_of_each_service_that_is_called() -> None:
    makefile = (ROOT / "layers" / "cloudseam" / "Makefile").read_text()
    (kept,) = re.findall(r"^SERVICES := (.*)$", makefile, re.MULTILINE)

    assert set(SERVICES) <= set(kept.split())


def test_the_layer_that_was_built_for_the_architecture_takes_the_place_of_one_of_your_own() -> None:
    layers = RESOURCES["TaskSatisfierFunction"]["Properties"]["Layers"]
    chosen = {condition: layer["Ref"] for condition, layer, _ in (x["Fn::If"] for x in layers)}
    built = {condition: layer for condition, layer in chosen.items() if "Built" in condition}

    assert chosen["HasTerraform"] == "TerraformLayerArn"
    assert built == {"BuiltForArm64": "TerraformArm64Layer", "BuiltForX86": "TerraformX86Layer"}
    for condition, layer in built.items():
        metadata, properties = RESOURCES[layer]["Metadata"], RESOURCES[layer]["Properties"]
        assert RESOURCES[layer]["Condition"] == condition
        assert properties["CompatibleArchitectures"] == [metadata["BuildArchitecture"]]
        assert TEMPLATE["Conditions"][condition]["Fn::And"] == [
            {"Condition": "BuiltTerraform"},
            {"Fn::Equals": [{"Ref": "Architecture"}, metadata["BuildArchitecture"]]},
        ]
    (assertion,) = TEMPLATE["Rules"]["OneTerraform"]["Assertions"]
    assert assertion["Assert"] == {"Fn::Equals": [{"Ref": "TerraformLayerArn"}, ""]}
