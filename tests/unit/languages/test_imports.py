"""Imports of Python-action machines: which files come along, and which paths are refused."""

from collections.abc import Mapping

import pytest

from cloudseam.languages import load_machine, read_file, read_machine
from cloudseam.languages.python_actions.imports import clashes, follow, resolved
from cloudseam.languages.python_actions.machines_file import MachinesFile, NoMachines
from cloudseam.languages.report import MAX_FINDINGS
from cloudseam.languages.rule import Rule
from tests.unit.languages.all_rules import ACTION_RULES

V1 = "version: 1\nevents: []\nstates: {INIT: {terminal: true}}\ntasks: {}\n"


def a_file(*entries: str) -> str:
    return "machines:\n" + "".join(f"- {entry}\n" for entry in entries)


def a_machine(name: str) -> str:
    return f"{{name: {name}, states: [{{name: A, initial: true, final: true}}]}}"


class Files:
    """The files of a folder, with what was loaded of them."""

    def __init__(self, texts: Mapping[str, str]) -> None:
        self._texts = texts
        self.loaded: list[str] = []

    def load(self, path: str) -> MachinesFile | NoMachines:
        self.loaded.append(path)
        if path not in self._texts:
            return NoMachines.MISSING
        found = read_file(path, self._texts[path], path)
        return found if isinstance(found, MachinesFile) else NoMachines.OTHER

    def first(self, path: str) -> MachinesFile:
        found = read_file(path, self._texts[path], path)
        assert isinstance(found, MachinesFile)
        return found


def findings_of(texts: Mapping[str, str], path: str = "fsm.yml") -> list[str]:
    files = Files(texts)
    return [str(found) for found in follow(path, files.first(path), files.load).findings]


def test_imports_are_followed_from_file_to_file_each_once() -> None:
    files = Files(
        {
            "fsm.yml": a_file("import: a/one.yml", "import: two.yaml", a_machine("top")),
            "a/one.yml": a_file("import: deep/three.yml", "import: ../two.yaml"),
            "a/deep/three.yml": a_file(a_machine("three")),
            "two.yaml": a_file("import: a/deep/three.yml", a_machine("two")),
        }
    )

    reached = follow("fsm.yml", files.first("fsm.yml"), files.load)

    assert reached.findings == ()
    assert list(reached.files) == ["fsm.yml", "a/one.yml", "a/deep/three.yml", "two.yaml"]
    assert files.loaded == ["a/one.yml", "a/deep/three.yml", "two.yaml"]


@pytest.mark.parametrize(
    ("importing", "written", "meant"),
    [
        pytest.param("fsm.yml", "other.yml", "other.yml", id="beside"),
        pytest.param("fsm.yml", "./other.yaml", "other.yaml", id="beside, with a dot"),
        pytest.param("fsm.yml", "a/b/c.yml", "a/b/c.yml", id="below"),
        pytest.param("a/fsm.yml", "b.yml", "a/b.yml", id="relative to the file"),
        pytest.param("a/fsm.yml", "../b.yml", "b.yml", id="above, and still inside"),
        pytest.param("fsm.yml", "a//b.yml", "a/b.yml", id="two slashes"),
        pytest.param("fsm.yml", "/etc/b.yml", "IMPORT_OUTSIDE", id="absolute"),
        pytest.param("fsm.yml", "//host/b.yml", "IMPORT_OUTSIDE", id="of a host"),
        pytest.param("fsm.yml", "../b.yml", "IMPORT_OUTSIDE", id="above"),
        pytest.param("a/fsm.yml", "../../b.yml", "IMPORT_OUTSIDE", id="two above"),
        pytest.param("fsm.yml", "a/../../b.yml", "IMPORT_OUTSIDE", id="above, by a detour"),
        pytest.param("fsm.yml", "..", "IMPORT_OUTSIDE", id="the folder above"),
        pytest.param("fsm.yml", "..\\b.yml", "IMPORT_OUTSIDE", id="of Windows"),
        pytest.param("fsm.yml", ".", "IMPORT_SUFFIX", id="the folder"),
        pytest.param("fsm.yml", "a", "IMPORT_SUFFIX", id="no suffix"),
        pytest.param("fsm.yml", "a.json", "IMPORT_SUFFIX", id="another suffix"),
        pytest.param("fsm.yml", ".a.yml", "IMPORT_SUFFIX", id="hidden"),
        pytest.param("fsm.yml", ".git/a.yml", "IMPORT_SUFFIX", id="in a hidden folder"),
        pytest.param("fsm.yml", "a\0.yml", "IMPORT_SUFFIX", id="a NUL"),
        pytest.param("fsm.yml", "a.yml/", "a.yml", id="a slash at the end"),
    ],
)
def test_a_path_means_a_file_inside_the_folder_or_nothing(
    importing: str, written: str, meant: str
) -> None:
    found = resolved(importing, written)

    assert found == (ACTION_RULES[meant] if meant.isupper() else meant)
    assert isinstance(found, Rule) == meant.isupper()


def test_a_path_that_cannot_be_imported_is_told_where_it_is_written() -> None:
    text = a_file("import: ../up.yml", "import: gone.yml", "import: v1.yml", "import: a.txt")

    assert findings_of({"fsm.yml": text, "v1.yml": V1}) == [
        "fsm.yml:2:11: error: machines[0].import: '../up.yml' does not lie in the folder of "
        "machines. Write the path from this file to one in the folder or below it, with `/`.",
        "fsm.yml:3:11: error: machines[1].import: There is no file 'gone.yml'. Write the path "
        "from the folder of this file.",
        "fsm.yml:4:11: error: machines[2].import: 'v1.yml' has no `machines:`. Remove the import: "
        "a file with `version: 1` is a machine by itself.",
        "fsm.yml:5:11: error: machines[3].import: 'a.txt' cannot be a file of machines. Name a "
        "file that ends in `.yml` or `.yaml`.",
    ]


def test_a_file_that_imports_itself_is_a_circle() -> None:
    assert findings_of({"fsm.yml": a_file("import: fsm.yml")}) == [
        "fsm.yml:2:11: error: machines[0].import: The imports run in a circle: fsm.yml, fsm.yml. "
        "Remove one of them."
    ]


def test_a_circle_is_told_in_the_file_that_closes_it() -> None:
    texts = {
        "fsm.yml": a_file("import: a.yml"),
        "a.yml": a_file(a_machine("a"), "import: b.yml"),
        "b.yml": a_file("import: ./a.yml"),
    }

    assert findings_of(texts) == [
        "b.yml:2:11: error: machines[0].import: The imports run in a circle: a.yml, b.yml, a.yml. "
        "Remove one of them."
    ]


def test_a_chain_of_imports_may_be_longer_than_pythons_stack() -> None:
    texts = {f"{n}.yml": a_file(f"import: {n + 1}.yml") for n in range(2_000)}

    assert len(findings_of(texts, "0.yml")) == 1  # the last one is missing
    texts["2000.yml"] = a_file("import: 0.yml")
    assert all(len(found) < 1_000 for found in findings_of(texts, "0.yml"))


def test_a_machine_that_two_files_have_is_told_in_the_later_one() -> None:
    files = Files(
        {
            "fsm.yml": a_file(a_machine("order"), "import: b.yml"),
            "b.yml": a_file(a_machine("bill"), a_machine("order")),
        }
    )
    reached = follow("fsm.yml", files.first("fsm.yml"), files.load)

    assert [str(found) for found in clashes(reached.files)] == [
        "b.yml:3:10: error: machines[1].name: There is a machine 'order' in 'fsm.yml' too. Rename "
        "or remove one of the two."
    ]


def test_a_machine_of_an_imported_file_is_read_where_files_can_be_loaded() -> None:
    files = Files({"b.yml": a_file(a_machine("bill"), "{name: bad}")})
    text = a_file("import: b.yml", a_machine("order"))

    assert load_machine("bill", text, "folder/fsm.yml", files.load).name == "bill"
    assert read_machine("order", text, "folder/fsm.yml", files.load).findings == ()
    bad = read_machine("bad", text, "folder/fsm.yml", files.load)
    assert [found.file for found in bad.findings] == ["b.yml"]
    missing = read_machine("gone", text, "folder/fsm.yml", files.load)
    assert "There is no machine 'gone' in this file" in str(missing.findings[-1])
    assert read_machine("bill", text, "folder/fsm.yml").machine is None


def test_many_bad_imports_are_many_findings_of_which_each_is_short() -> None:
    found = findings_of({"fsm.yml": a_file(*["import: ../up.yml"] * 300)})

    assert len(found) == 300 > MAX_FINDINGS
    assert all(len(finding) < 300 for finding in found)
