"""What files of machines are called, and which machine a file may have."""

from pathlib import Path

import pytest

from cloudseam.errors import InvalidDefinitionError
from cloudseam.finding import FindingsError
from cloudseam.languages.asl.file_kind import SUFFIXES as ASL_SUFFIXES
from cloudseam.locators.file_name import files_of, stem_of
from cloudseam.locators.folder import FolderMachineLocator
from cloudseam.locators.object_list import machine_path


@pytest.mark.parametrize(
    ("file", "stem"),
    [
        ("order.yml", "order"),
        ("order.yaml", "order"),
        ("order.asl.json", "order"),
        ("order.asl.yml", "order"),
        ("order.asl.yaml", "order"),
        ("sub/order.asl.json", "sub/order"),
        ("a.b.yml", "a.b"),
        ("order.json", None),
        ("order.asl", None),
        ("order", None),
    ],
)
def test_the_suffix_says_whether_a_file_may_hold_machines(file: str, stem: str | None) -> None:
    assert stem_of(file) == stem
    assert machine_path("", file) == (file if stem else None)
    assert stem is None or file in files_of(stem)


def test_what_is_before_the_longest_suffix_is_the_only_name_of_a_file() -> None:
    assert "order.asl.yml" in files_of("order")
    assert files_of("order.asl") == [f"order.asl{suffix}" for suffix in ASL_SUFFIXES]


@pytest.mark.parametrize("file", [".asl.json", "sub/.asl.yml", "../order.asl.json"])
def test_what_has_no_name_holds_none(file: str) -> None:
    assert machine_path("", file) is None


def test_a_folder_looks_for_no_file_that_no_file_system_has(tmp_path: Path) -> None:
    (tmp_path / f"{'x' * 250}.yml").write_text("{}")

    with pytest.raises(FindingsError):
        FolderMachineLocator(tmp_path).get("x" * 250)


def test_a_folder_has_machines_of_each_suffix(tmp_path: Path) -> None:
    # No language takes a file without any key, so each is refused by its own name.
    for file in ("a.yml", "b.asl.json", "c.asl.yml", "d.json"):
        (tmp_path / file).write_text("{}")
    locator = FolderMachineLocator(tmp_path)

    assert list(locator.names()) == ["a", "b", "c"]
    for name in "abc":
        with pytest.raises(FindingsError):
            locator.get(name)


def test_a_machine_has_one_file(tmp_path: Path) -> None:
    for file in ("a.yml", "a.asl.json"):
        (tmp_path / file).write_text("{}")

    with pytest.raises(InvalidDefinitionError, match=r"has two files, 'a.yml' and 'a.asl.json'"):
        FolderMachineLocator(tmp_path).get("a")
