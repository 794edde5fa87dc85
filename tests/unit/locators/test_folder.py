"""A folder of machines: what counts, what is left alone, and what one bad file may do."""

import os
from pathlib import Path

import pytest

from cloudseam.errors import InvalidDefinitionError, InvalidSettingsError, MachineNotFoundError
from cloudseam.finding import FindingsError
from cloudseam.languages import Reading, read_file
from cloudseam.languages.python_actions.machines_file import MachinesFile
from cloudseam.locators.folder import FolderMachineLocator, machine_files

GOOD = "version: 1\nevents: []\nstates: {INIT: {terminal: true}}\ntasks: {}\n"
OTHER = GOOD.replace("{INIT", "{END: {}, INIT")
BAD = "version: 1\nevents: []\nstates: {}\ntasks: {}\n"

needs_rights = pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")


@pytest.fixture
def machines(tmp_path: Path) -> Path:
    """A folder with one good machine."""
    folder = tmp_path / "machines"
    folder.mkdir()
    (folder / "good.yml").write_text(GOOD)
    return folder


def test_both_suffixes_count(machines: Path) -> None:
    (machines / "other.yaml").write_text(GOOD)

    locator = FolderMachineLocator(machines)

    assert list(locator.names()) == ["good", "other"]
    assert locator.get("other").name == "other"


def test_other_files_and_sub_folders_are_left_alone(machines: Path) -> None:
    (machines / "README.md").write_text("# Machines")
    (machines / "notes.txt").write_text(BAD)
    (machines / ".hidden.yml").write_text(GOOD)
    (machines / "good.yml~").write_text(BAD)
    (machines / "good.yml.bak").write_text(BAD)
    (machines / "UPPER.YML").write_text(GOOD)
    (machines / "folder.yml").mkdir()
    (machines / "modules").mkdir()
    (machines / "modules" / "inner.yml").write_text(GOOD)
    os.mkfifo(machines / "pipe.yml")

    locator = FolderMachineLocator(machines)

    assert list(locator.names()) == ["good"]
    for name in ("folder", "pipe", "inner", "README", "notes", "UPPER"):
        with pytest.raises(MachineNotFoundError):
            locator.get(name)


def test_two_files_of_one_name_make_only_that_machine_unusable(machines: Path) -> None:
    (machines / "twin.yml").write_text(GOOD)
    (machines / "twin.yaml").write_text(GOOD)
    locator = FolderMachineLocator(machines)

    with pytest.raises(InvalidDefinitionError, match=r"'twin\.yml' and 'twin\.yaml'") as raised:
        locator.get("twin")

    assert raised.value.machine == "twin"
    assert list(locator.names()) == ["good", "twin"]
    assert locator.get("good").name == "good"


def test_a_clash_ends_when_one_of_the_files_goes(machines: Path) -> None:
    locator = FolderMachineLocator(machines)
    locator.get("good")
    (machines / "good.yaml").write_text(OTHER)
    with pytest.raises(InvalidDefinitionError):
        locator.get("good")

    (machines / "good.yml").unlink()

    assert locator.get("good").name == "good"


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        pytest.param(BAD.encode(), "There is no state INIT", id="findings"),
        pytest.param(b"version: \xff\n", "not UTF-8", id="not UTF-8"),
        pytest.param(b"", "empty", id="empty"),
        pytest.param(b"a: [", "not YAML", id="not YAML"),
        pytest.param(b"# " + b"x" * 5_000_000, "larger than 256 KiB", id="5 MB"),
    ],
)
def test_a_bad_file_makes_only_its_own_machine_unusable(
    machines: Path, content: bytes, reason: str
) -> None:
    (machines / "bad.yml").write_bytes(content)
    locator = FolderMachineLocator(machines)

    with pytest.raises(FindingsError, match=reason) as raised:
        locator.get("bad")

    assert raised.value.findings[0].file == "bad.yml"
    assert list(locator.names()) == ["bad", "good"]
    assert locator.get("good").name == "good"


def test_a_bad_file_is_told_again_and_parsed_once(
    machines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def counted(name: str, text: bytes, file: str) -> MachinesFile | Reading:
        parsed.append(name)
        return read_file(name, text, file)

    monkeypatch.setattr("cloudseam.locators.contents.read_file", counted)
    (machines / "bad.yml").write_text(BAD)
    locator = FolderMachineLocator(machines)

    for _ in range(3):
        with pytest.raises(FindingsError):
            locator.get("bad")
        locator.get("good")

    assert parsed == ["bad", "good"]


def test_a_bad_file_that_is_mended_is_used_at_once(machines: Path) -> None:
    (machines / "bad.yml").write_text(BAD)
    locator = FolderMachineLocator(machines)
    with pytest.raises(FindingsError):
        locator.get("bad")

    (machines / "bad.yml").write_text(GOOD)

    assert locator.get("bad").name == "bad"


def test_a_file_of_the_same_size_and_time_is_seen_when_it_replaces_another(machines: Path) -> None:
    locator = FolderMachineLocator(machines)
    before = locator.get("good")
    path = machines / "good.yml"
    times = os.stat(path)
    replacement = machines / "new"
    replacement.write_text(GOOD.replace("events: []", "events: {}"))

    os.utime(replacement, ns=(times.st_atime_ns, times.st_mtime_ns))
    replacement.replace(path)

    assert before.name == "good"
    with pytest.raises(FindingsError):
        locator.get("good")


def test_a_machine_whose_file_goes_is_no_longer_there(machines: Path) -> None:
    locator = FolderMachineLocator(machines)
    locator.get("good")

    (machines / "good.yml").unlink()

    with pytest.raises(MachineNotFoundError):
        locator.get("good")


def test_finding_a_machine_lists_no_folder(machines: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    locator = FolderMachineLocator(machines)

    def refused(path: object) -> list[str]:
        raise AssertionError(f"{path} was listed")

    monkeypatch.setattr(os, "listdir", refused)
    monkeypatch.setattr(os, "scandir", refused)

    assert locator.get("good").name == "good"


def test_a_link_inside_the_folder_is_followed(machines: Path) -> None:
    """Kubernetes mounts config maps like that."""
    (machines / "..data").mkdir()
    (machines / "..data" / "linked.yml").write_text(GOOD)
    (machines / "linked.yml").symlink_to("..data/linked.yml")

    locator = FolderMachineLocator(machines)

    assert list(locator.names()) == ["good", "linked"]
    assert locator.get("linked").name == "linked"


@pytest.mark.parametrize("target", ["../outside.yml", "loop.yml", "nowhere.yml", "/dev/zero"])
def test_a_link_that_leaves_the_folder_or_ends_nowhere_is_left_alone(
    machines: Path, target: str
) -> None:
    (machines.parent / "outside.yml").write_text(GOOD)
    (machines / "loop.yml").symlink_to(target)
    locator = FolderMachineLocator(machines)

    assert list(locator.names()) == ["good"]
    with pytest.raises(MachineNotFoundError):
        locator.get("loop")


def test_a_folder_whose_name_begins_like_this_one_is_outside(machines: Path) -> None:
    neighbour = machines.with_name("machines-old")
    neighbour.mkdir()
    (neighbour / "old.yml").write_text(GOOD)
    (machines / "old.yml").symlink_to(neighbour / "old.yml")

    with pytest.raises(MachineNotFoundError):
        FolderMachineLocator(machines).get("old")


def test_the_folder_itself_may_be_a_link_that_moves(machines: Path) -> None:
    release = machines.with_name("release-2")
    release.mkdir()
    (release / "good.yml").write_text(OTHER)
    current = machines.with_name("current")
    current.symlink_to(machines)
    locator = FolderMachineLocator(current)
    before = locator.get("good")

    current.unlink()
    current.symlink_to(release)

    assert locator.get("good").digest != before.digest


@needs_rights
def test_a_file_that_may_not_be_read_says_so_and_is_tried_again(machines: Path) -> None:
    path = machines / "secret.yml"
    path.write_text(GOOD)
    path.chmod(0)
    locator = FolderMachineLocator(machines)

    with pytest.raises(InvalidDefinitionError, match=r"'secret\.yml' cannot be read: Permission"):
        locator.get("secret")
    path.chmod(0o600)

    assert locator.get("secret").name == "secret"


def test_a_file_that_fails_to_be_read_says_so_and_is_tried_again(
    machines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locator = FolderMachineLocator(machines)

    def fail(*_: object) -> int:
        raise OSError(5, "Input/output error")

    with monkeypatch.context() as patched:
        patched.setattr(os, "open", fail)
        with pytest.raises(InvalidDefinitionError, match=r"'good\.yml' cannot be read: Input"):
            locator.get("good")

    assert locator.get("good").name == "good"


@pytest.mark.parametrize("what", ["missing", "good.yml"])
def test_what_is_no_folder_is_refused_at_once(machines: Path, what: str) -> None:
    with pytest.raises(InvalidSettingsError, match="is not there"):
        FolderMachineLocator(machines / what)


def test_a_folder_that_goes_away_says_so(machines: Path) -> None:
    locator = FolderMachineLocator(machines)
    (machines / "good.yml").unlink()
    machines.rmdir()

    with pytest.raises(MachineNotFoundError):
        locator.get("good")
    with pytest.raises(InvalidSettingsError, match="cannot be listed"):
        locator.names()


def test_machine_files_are_in_order_of_their_names(machines: Path) -> None:
    for name in ("b.yaml", "a.yml"):
        (machines / name).write_text(GOOD)

    assert [path.name for path in machine_files(machines)] == ["a.yml", "b.yaml", "good.yml"]


ACTIONS = "machines:\n- {name: Order, states: [{name: Ship, initial: true, final: true}]}\n"


def test_a_file_of_a_sub_folder_counts_where_it_is_imported(machines: Path) -> None:
    (machines / "sub").mkdir()
    (machines / "sub" / "order.yml").write_text(ACTIONS)
    locator = FolderMachineLocator(machines)
    with pytest.raises(MachineNotFoundError):
        locator.get("Order")

    (machines / "fsm.yml").write_text("machines: [{import: sub/order.yml}]")

    before = locator.get("Order")
    assert list(locator.names()) == ["Order", "good"]
    (machines / "sub" / "order.yml").write_text(ACTIONS.replace("Ship", "Delivered"))
    assert locator.get("Order").digest != before.digest
    (machines / "sub" / "order.yml").unlink()
    with pytest.raises(MachineNotFoundError):
        locator.get("Order")


@pytest.mark.parametrize("link", ["file", "folder"])
def test_an_import_follows_no_link_out_of_the_folder(
    machines: Path, tmp_path: Path, link: str
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "order.yml").write_text(ACTIONS)
    if link == "file":
        (machines / "sub").mkdir()
        (machines / "sub" / "order.yml").symlink_to(outside / "order.yml")
    else:
        (machines / "sub").symlink_to(outside)
    (machines / "fsm.yml").write_text("machines: [{import: sub/order.yml}]")

    with pytest.raises(MachineNotFoundError):
        FolderMachineLocator(machines).get("Order")


def test_an_import_follows_a_link_inside_the_folder(machines: Path) -> None:
    (machines / "real").mkdir()
    (machines / "real" / "order.yml").write_text(ACTIONS)
    (machines / "sub").symlink_to(machines / "real")
    (machines / "fsm.yml").write_text("machines: [{import: sub/order.yml}]")

    assert FolderMachineLocator(machines).get("Order").name == "Order"


def test_files_that_have_not_changed_are_read_once(
    machines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    parsed: list[str] = []

    def counted(name: str, text: bytes, file: str) -> MachinesFile | Reading:
        parsed.append(file)
        return read_file(name, text, file)

    monkeypatch.setattr("cloudseam.locators.contents.read_file", counted)
    (machines / "fsm.yml").write_text("machines: [{import: sub.yml}, {import: gone.yml}]")
    (machines / "sub.yml").write_text(ACTIONS)
    locator = FolderMachineLocator(machines)

    for _ in range(3):
        locator.get("Order")
        locator.names()

    assert sorted(parsed) == ["fsm.yml", "good.yml", "sub.yml"]


def test_a_file_that_cannot_be_read_hides_no_machine_of_another(
    machines: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (machines / "fsm.yml").write_text(ACTIONS)
    locator, opened = FolderMachineLocator(machines), os.open

    def fail(path: str, *rest: int) -> int:
        if path.endswith("good.yml"):
            raise OSError(5, "Input/output error")
        return opened(path, *rest)

    monkeypatch.setattr(os, "open", fail)

    assert locator.get("Order").name == "Order"
    assert list(locator.names()) == ["Order", "good"]
