"""Machines in S3: what is taken in, what is refetched, and what is said when S3 does not answer."""

from collections.abc import Iterator

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber
from moto import mock_aws
from mypy_boto3_s3 import S3Client

from cloudseam.errors import (
    InvalidDefinitionError,
    MachineNotFoundError,
    ServiceUnavailableError,
)
from cloudseam.finding import FindingsError
from cloudseam.locators.object_list import machine_path
from cloudseam.locators.s3 import S3MachineLocator

BUCKET = "machines-of-tests"
SPEC = """version: 1
events: [GO]
states: {INIT: {on: {GO: [{action: advance, state: END}]}}, END: {terminal: true}}
tasks: {}
"""
OTHER = SPEC.replace("GO", "RUN")


class Now:
    """A clock that moves when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def s3() -> Iterator[S3Client]:
    with mock_aws():
        client = boto3.client("s3", region_name="us-east-1")
        client.create_bucket(Bucket=BUCKET)
        yield client


def put(s3: S3Client, key: str, text: str | bytes = SPEC) -> None:
    s3.put_object(Bucket=BUCKET, Key=key, Body=text)


def two_per_page(params: dict[str, object], **_: object) -> None:
    params["MaxKeys"] = 2


@pytest.mark.parametrize(
    ("wanted", "key", "path"),
    [
        pytest.param("machines/", "machines/a.yml", "a.yml", id="prefix with slash"),
        pytest.param("machines", "machines/a.yaml", "a.yaml", id="prefix without slash"),
        pytest.param("machines", "machines-old/a.yml", None, id="prefix ends at a slash"),
        pytest.param("machines", "machines/team/a.yml", "team/a.yml", id="sub-folder"),
        pytest.param("", "a.yml", "a.yml", id="whole bucket"),
        pytest.param("m/a.yml", "m/a.yml", "a.yml", id="one object"),
        pytest.param("m/a.yml", "m/a.yml/b.yml", "b.yml", id="folder named like an object"),
        pytest.param("m/", "m/README.md", None, id="another file"),
        pytest.param("m/", "m/a.txt.yml", "a.txt.yml", id="dots inside"),
        pytest.param("m/", "m/../a.yml", None, id="dots up"),
        pytest.param("m/", "m//a.yml", None, id="empty folder"),
        pytest.param("m/", "m/.yml", None, id="no stem"),
        pytest.param("m/", "m/.hidden/a.yml", None, id="hidden folder"),
        pytest.param("m/", "m/", None, id="the folder itself"),
        pytest.param("m/", "m/a\\b.yml", None, id="backslash"),
    ],
)
def test_a_key_may_hold_machines_by_its_rest(wanted: str, key: str, path: str | None) -> None:
    assert machine_path(wanted, key) == path


def test_all_pages_of_a_prefix_are_read(s3: S3Client) -> None:
    for number in range(5):
        put(s3, f"machines/m{number}.yml")
    s3.meta.events.register("provide-client-params.s3.ListObjectsV2", two_per_page)

    locator = S3MachineLocator(s3, BUCKET, "machines/")

    assert locator.names() == ["m0", "m1", "m2", "m3", "m4"]
    assert locator.get("m4").name == "m4"


def test_one_object_is_one_machine(s3: S3Client) -> None:
    put(s3, "specs/only.yml")
    put(s3, "specs/other.yml")

    locator = S3MachineLocator(s3, BUCKET, "specs/only.yml")

    assert locator.names() == ["only"]


def test_two_objects_of_one_machine_are_both_named(s3: S3Client) -> None:
    put(s3, "machines/a.yml")
    put(s3, "machines/a.yaml")
    put(s3, "machines/b.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/")

    with pytest.raises(InvalidDefinitionError, match=r"machines/a\.yaml.*machines/a\.yml"):
        locator.get("a")
    assert locator.get("b").name == "b"


def test_a_machine_is_read_once_and_again_when_its_etag_changes(s3: S3Client) -> None:
    now = Now()
    put(s3, "machines/a.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/", refresh=30, clock=now)
    calls: list[str] = []
    s3.meta.events.register("before-call.s3.*", lambda model, **_: calls.append(model.name))

    first = [locator.get("a") for _ in range(5)]
    put(s3, "machines/a.yml", OTHER)
    before = locator.get("a")
    now.seconds += 30
    after = locator.get("a")

    assert before is first[0]
    assert after.digest != first[0].digest
    assert calls == ["ListObjectsV2", "GetObject", "PutObject", "ListObjectsV2", "GetObject"]


def test_a_machine_that_has_just_been_uploaded_is_found_within_a_second(s3: S3Client) -> None:
    now = Now()
    locator = S3MachineLocator(s3, BUCKET, "machines/", refresh=30, clock=now)
    with pytest.raises(MachineNotFoundError):
        locator.get("late")
    put(s3, "machines/late.yml")

    with pytest.raises(MachineNotFoundError):
        locator.get("late")  # not a list for each unknown name
    now.seconds += 1

    assert locator.get("late").name == "late"


def test_a_bad_file_makes_only_its_own_machine_unusable(s3: S3Client) -> None:
    put(s3, "machines/bad.yml", "version: 2")
    put(s3, "machines/empty.yml", "")
    put(s3, "machines/huge.yml", "#" * 5_000_000)
    put(s3, "machines/good.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/")

    for name in ("bad", "empty", "huge"):
        with pytest.raises(FindingsError, match=f"machines/{name}.yml:1:"):
            locator.get(name)
    assert locator.get("good").name == "good"


def test_a_failed_load_is_tried_again_and_not_kept(s3: S3Client) -> None:
    put(s3, "machines/a.yml")
    put(s3, "machines/b.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/")
    locator.get("b")  # has all listed

    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "SlowDown", http_status_code=503)
        with pytest.raises(ServiceUnavailableError, match="SlowDown"):
            locator.get("a")

    assert locator.get("a").name == "a"


def test_an_object_that_changes_between_list_and_read_is_found_next_time(s3: S3Client) -> None:
    put(s3, "machines/a.yml")
    put(s3, "machines/b.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/")
    locator.get("b")  # has all listed
    put(s3, "machines/a.yml", OTHER)

    with pytest.raises(MachineNotFoundError, match="just changed"):
        locator.get("a")

    assert locator.get("a").name == "a"


def test_a_bucket_that_cannot_be_listed_is_said_to_be_unavailable(s3: S3Client) -> None:
    locator = S3MachineLocator(s3, "no-such-bucket", "machines/")

    with pytest.raises(ServiceUnavailableError, match="NoSuchBucket") as raised:
        locator.get("a")
    assert isinstance(raised.value.__cause__, ClientError)


@pytest.mark.parametrize("name", ["../a", "/a", "a/../b", "a\0b", "", "..", "team//a", ".a"])
def test_a_name_never_escapes_the_prefix(s3: S3Client, name: str) -> None:
    put(s3, "a.yml")
    put(s3, "machines/b.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/")

    with pytest.raises(MachineNotFoundError):
        locator.get(name)


def test_where_s3_does_not_answer_a_batch_waits_for_it_once(s3: S3Client) -> None:
    now = Now()
    locator = S3MachineLocator(s3, BUCKET, "machines/", clock=now)
    with Stubber(s3) as stub:
        stub.add_client_error("list_objects_v2", "SlowDown", http_status_code=503)
        for name in ("a", "b", "c"):
            with pytest.raises(ServiceUnavailableError, match="SlowDown"):
                locator.get(name)  # a second call would find the stub empty and say so
    put(s3, "machines/a.yml")
    now.seconds += 1

    assert locator.get("a").name == "a"


def test_machines_that_are_known_are_served_while_s3_does_not_answer(s3: S3Client) -> None:
    now = Now()
    put(s3, "machines/a.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/", refresh=30, clock=now)
    known = locator.get("a")
    now.seconds += 30

    with Stubber(s3) as stub:
        stub.add_client_error("list_objects_v2", "SlowDown", http_status_code=503)
        served = locator.get("a")

    assert served is known


def test_after_a_pause_the_list_is_fetched_again_and_no_machine_that_is_the_same(
    s3: S3Client,
) -> None:
    put(s3, "machines/a.yml")
    put(s3, "machines/b.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/", refresh=3600, clock=Now())
    same, other = locator.get("a"), locator.get("b")

    locator.let_go()
    put(s3, "machines/b.yml", OTHER)

    assert locator.get("a") is same
    assert locator.get("b").digest != other.digest


def test_after_a_pause_in_which_s3_is_gone_what_was_listed_is_served(s3: S3Client) -> None:
    put(s3, "machines/a.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/", clock=Now())
    machine = locator.get("a")

    locator.let_go()
    with Stubber(s3) as stub:
        stub.add_client_error("list_objects_v2", "AccessDenied")

        assert locator.get("a") is machine


ACTIONS = "machines:\n- {name: Order, states: [{name: Ship, initial: true, final: true}]}\n"


def names_of_calls(s3: S3Client) -> list[str]:
    """The calls that are made from now on."""
    calls: list[str] = []
    s3.meta.events.register("before-call.s3.*", lambda model, **_: calls.append(model.name))
    return calls


def test_machines_of_their_own_files_cost_no_look_into_others(s3: S3Client) -> None:
    now = Now()
    for name in ("a", "b", "c"):
        put(s3, f"machines/{name}.yml")
    put(s3, "machines/fsm.yml", ACTIONS)
    locator = S3MachineLocator(s3, BUCKET, "machines/", refresh=30, clock=now)
    calls = names_of_calls(s3)

    for _ in range(3):
        locator.get("a")
        now.seconds += 20

    assert calls == ["ListObjectsV2", "GetObject", "ListObjectsV2"]


def test_a_machine_of_a_file_of_many_costs_one_look_into_all_files(s3: S3Client) -> None:
    now = Now()
    put(s3, "machines/a.yml")
    put(s3, "machines/team/fsm.yml", ACTIONS)
    locator = S3MachineLocator(s3, BUCKET, "machines/", refresh=30, clock=now)
    calls = names_of_calls(s3)

    first = locator.get("Order")
    assert calls == ["ListObjectsV2", "GetObject", "GetObject"]
    for _ in range(3):
        now.seconds += 15
        assert locator.get("Order") is first

    assert calls == ["ListObjectsV2", "GetObject", "GetObject", "ListObjectsV2"]
    put(s3, "machines/team/fsm.yml", ACTIONS.replace("Ship", "Sent"))
    now.seconds += 30
    assert locator.get("Order").digest != first.digest
    assert calls[4:] == ["PutObject", "ListObjectsV2", "GetObject"]


def test_unknown_names_read_all_objects_once(s3: S3Client) -> None:
    put(s3, "machines/a.yml")
    locator = S3MachineLocator(s3, BUCKET, "machines/", clock=Now())
    calls = names_of_calls(s3)

    for name in ("x", "y", "z"):
        with pytest.raises(MachineNotFoundError):
            locator.get(name)

    assert calls == ["ListObjectsV2", "GetObject"]


def test_one_object_may_import_others_beside_and_below_it(s3: S3Client) -> None:
    now = Now()
    put(s3, "specs/fsm.yml", "machines: [{import: more/order.yml}, {import: ../up.yml}]")
    put(s3, "specs/more/order.yml", ACTIONS)
    put(s3, "specs/unrelated.yml")
    put(s3, "up.yml", ACTIONS.replace("Order", "Up"))
    locator = S3MachineLocator(s3, BUCKET, "specs/fsm.yml", refresh=30, clock=now)
    calls = names_of_calls(s3)

    assert locator.names() == ["Order"]
    assert locator.get("Order").name == "Order"
    assert calls == ["ListObjectsV2", "GetObject", "ListObjectsV2", "GetObject"]
    with pytest.raises(MachineNotFoundError):
        locator.get("unrelated")
    put(s3, "specs/more/order.yml", ACTIONS.replace("Order", "Bill"))
    now.seconds += 30
    assert locator.names() == ["Bill"]


def test_an_object_that_cannot_be_read_is_said_to_be_unavailable(s3: S3Client) -> None:
    put(s3, "machines/fsm.yml", ACTIONS)
    locator = S3MachineLocator(s3, BUCKET, "machines/", clock=Now())
    with pytest.raises(MachineNotFoundError):
        locator.get("none")
    put(s3, "machines/more.yml", ACTIONS.replace("Order", "Bill"))
    locator.let_go()

    locator._objects.files(30)  # listed before S3 is gone
    with Stubber(s3) as stub:
        stub.add_client_error("get_object", "SlowDown", http_status_code=503)
        with pytest.raises(ServiceUnavailableError, match="SlowDown"):
            locator.get("Bill")

    assert locator.get("Bill").name == "Bill"


def test_an_object_that_may_not_be_read_hides_no_machine_of_another(s3: S3Client) -> None:
    put(s3, "machines/fsm.yml", ACTIONS)
    put(s3, "machines/secret.yml", ACTIONS.replace("Order", "Bill"))
    locator = S3MachineLocator(s3, BUCKET, "machines/", clock=Now())

    def refuse(params: dict[str, str], **_: object) -> None:
        if params["Key"].endswith("secret.yml"):
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")

    s3.meta.events.register("provide-client-params.s3.GetObject", refuse)

    assert locator.get("Order").name == "Order"
    assert locator.names() == ["Order", "secret"]
    with pytest.raises(ServiceUnavailableError, match="AccessDenied"):
        locator.get("Bill")
    s3.meta.events.unregister("provide-client-params.s3.GetObject", refuse)
    assert locator.get("Bill").name == "Bill"


def test_a_folder_that_may_not_be_listed_hides_no_machine_of_its_one_object(s3: S3Client) -> None:
    put(s3, "specs/fsm.yml", ACTIONS + "- import: more.yml\n")
    locator = S3MachineLocator(s3, BUCKET, "specs/fsm.yml", clock=Now())

    def refuse(params: dict[str, str], **_: object) -> None:
        if params["Prefix"] == "specs/":
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "ListObjectsV2")

    s3.meta.events.register("provide-client-params.s3.ListObjectsV2", refuse)

    for _ in range(2):
        assert locator.get("Order").name == "Order"
    with pytest.raises(ServiceUnavailableError, match="AccessDenied"):
        locator.get("Bill")
