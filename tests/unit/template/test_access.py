"""Who gets at buckets is known, and nobody from outside does."""

import pytest

from tests.template import RESOURCES, TEMPLATE


@pytest.mark.parametrize("bucket", ["MachineBucket", "ContextBucket"])
def test_who_reads_or_writes_in_a_bucket_is_logged_where_one_is_named_for_it(bucket: str) -> None:
    logging = RESOURCES[bucket]["Properties"]["LoggingConfiguration"]

    condition, wanted, otherwise = logging["Fn::If"]

    assert TEMPLATE["Conditions"][condition] == {
        "Fn::Not": [{"Fn::Equals": [{"Ref": "AccessLogBucket"}, ""]}]
    }
    assert wanted["DestinationBucketName"] == {"Ref": "AccessLogBucket"}
    assert otherwise == {"Ref": "AWS::NoValue"}


def test_the_bucket_of_machine_files_is_nobodys_but_the_accounts() -> None:
    access = RESOURCES["MachineBucket"]["Properties"]["PublicAccessBlockConfiguration"]

    assert set(access.values()) == {True}
    assert len(access) == 4
