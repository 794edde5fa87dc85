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
