"""What stacks depend on can be had back, and is not deleted by mistake."""

from tests.template import RESOURCES, TEMPLATE

BUCKET = RESOURCES["MachineBucket"]["Properties"]


def test_the_table_of_a_prod_installation_cannot_be_deleted() -> None:
    protected = RESOURCES["StackTable"]["Properties"]["DeletionProtectionEnabled"]

    assert protected == {"Fn::If": ["IsProd", True, False]}
    assert TEMPLATE["Conditions"]["IsProd"] == {"Fn::Equals": [{"Ref": "Environment"}, "prod"]}


def test_a_machine_file_that_was_replaced_is_kept_for_a_while() -> None:
    rules = {rule["Id"]: rule for rule in BUCKET["LifecycleConfiguration"]["Rules"]}

    assert BUCKET["VersioningConfiguration"] == {"Status": "Enabled"}
    assert rules["old-versions"]["NoncurrentVersionExpiration"] == {"NoncurrentDays": 90}
    assert rules["old-versions"]["ExpiredObjectDeleteMarker"] is True
    assert {rule["Status"] for rule in rules.values()} == {"Enabled"}


def test_no_machine_file_ends_by_itself() -> None:
    """A rule without a prefix is for all files: only what is not current may end."""
    ends = {
        key
        for rule in BUCKET["LifecycleConfiguration"]["Rules"]
        for key in set(rule) - {"Id", "Status"}
    }

    assert ends == {
        "NoncurrentVersionExpiration",
        "ExpiredObjectDeleteMarker",
        "AbortIncompleteMultipartUpload",
    }
