"""What stacks depend on can be had back, and is not deleted by mistake."""

import pytest

from tests.template import RESOURCES, TEMPLATE

# By bucket: what it calls the rule for what was replaced or deleted, and the days that it is kept.
KEPT = {"MachineBucket": ("old-versions", 90), "ContextBucket": ("deleted-contexts", 7)}


def test_the_table_of_a_prod_installation_cannot_be_deleted() -> None:
    protected = RESOURCES["StackTable"]["Properties"]["DeletionProtectionEnabled"]

    assert protected == {"Fn::If": ["IsProd", True, False]}
    assert TEMPLATE["Conditions"]["IsProd"] == {"Fn::Equals": [{"Ref": "Environment"}, "prod"]}


@pytest.mark.parametrize("bucket", KEPT)
def test_what_was_replaced_or_deleted_in_a_bucket_is_kept_for_a_while(bucket: str) -> None:
    properties = RESOURCES[bucket]["Properties"]
    rules = {rule["Id"]: rule for rule in properties["LifecycleConfiguration"]["Rules"]}
    name, days = KEPT[bucket]

    assert properties["VersioningConfiguration"] == {"Status": "Enabled"}
    assert rules[name]["NoncurrentVersionExpiration"] == {"NoncurrentDays": days}
    assert rules[name]["ExpiredObjectDeleteMarker"] is True
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}


@pytest.mark.parametrize("bucket", KEPT)
def test_nothing_in_a_bucket_ends_by_itself(bucket: str) -> None:
    """A rule without a prefix is for all objects: only what is not current may end."""
    ends = {
        key
        for rule in RESOURCES[bucket]["Properties"]["LifecycleConfiguration"]["Rules"]
        for key in set(rule) - {"Id", "Status"}
    }

    assert ends == {
        "NoncurrentVersionExpiration",
        "ExpiredObjectDeleteMarker",
        "AbortIncompleteMultipartUpload",
    }


def test_what_stacks_depend_on_outlives_the_deployment() -> None:
    for resource in ("StackTable", "MachineBucket", "ContextBucket"):
        assert RESOURCES[resource]["DeletionPolicy"] == "RetainExceptOnCreate"
        assert RESOURCES[resource]["UpdateReplacePolicy"] == "Retain"


@pytest.mark.parametrize("table", ["StackTable", "ClaimTable"])
def test_a_table_is_encrypted_and_can_be_had_back(table: str) -> None:
    properties = RESOURCES[table]["Properties"]

    assert properties["SSESpecification"]["SSEEnabled"] is True
    assert properties["PointInTimeRecoverySpecification"] == {"PointInTimeRecoveryEnabled": True}


def test_tombstones_end_by_the_attribute_that_rows_have() -> None:
    properties = RESOURCES["StackTable"]["Properties"]

    assert properties["TimeToLiveSpecification"] == {"AttributeName": "ttl", "Enabled": True}


def test_a_table_that_is_there_takes_the_place_of_a_new_one_wherever_it_is_named() -> None:
    without = {name: part for name, part in RESOURCES.items() if name != "StackTable"}
    told = str([without, TEMPLATE["Globals"], TEMPLATE["Outputs"]])
    name = {"Fn::If": ["MakesTable", {"Ref": "StackTable"}, {"Ref": "ExistingTable"}]}

    assert RESOURCES["StackTable"]["Condition"] == "MakesTable"
    assert TEMPLATE["Outputs"]["StackTable"]["Value"] == name
    assert told.count("'StackTable") == told.count("'Fn::If': ['MakesTable', ") + 1  # the output
