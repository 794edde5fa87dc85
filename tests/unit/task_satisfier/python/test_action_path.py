"""A message can have actions of ACTIONS_PATH run, and nothing else imported."""

import importlib.util
import sys
from pathlib import Path

import pytest

from task_satisfier.executors import TaskFailedError
from task_satisfier.executors.python.action_path import ActionPath
from tests.unit.task_satisfier.python.conftest import Write

LEAVES_A_TRACE = "import pathlib; pathlib.Path(__file__).with_suffix('.ran').touch()\n"
ACTION = "class Charge(Action):\n    def execute(self, context, obj): return self.name\n"

NO_NAMES = {
    "one part": "Charge",
    "nothing": "",
    "a path": "../outside.Charge",
    "a part that is empty": "orders..Charge",
    "a part that is the parent": "orders.../Charge",
    "a leading dot": ".orders.Charge",
    "a slash": "orders/actions.Charge",
    "a line break": "orders.Charge\n",
    "a zero byte": "orders\0.Charge",
    "letters that look like others": "ord\u0435rs.Charge",
    "an expression": "orders.__import__('os')",
    "more characters than a name has": "orders." + "C" * 300,
}
ELSEWHERE = {
    "a built-in module": "sys.Charge",
    "a frozen module": "os.Charge",
    "a module of the standard library": "subprocess.Popen",
    "one that is not imported yet": "antigravity.Charge",
    "a package of the standard library": "email.message.Message",
    "an installed package": "yaml.YAMLObject",
    "this function": "task_satisfier.satisfier.TaskSatisfier",
    "the layer": "cloudseam.actions.Action",
    "the main module": "__main__.Charge",
}
NOT_ACTIONS = {
    "what is not there": "Refund",
    "a function": "charge",
    "a value": "NUMBER",
    "a module": "pathlib",
    "a class without execute": "Plain",
    "a class whose execute is no method": "Number",
    "what every module has": "__builtins__",
    "an instance": "instance",
}


def refused(path: ActionPath, name: str) -> TaskFailedError:
    with pytest.raises(TaskFailedError) as refused:
        path.find(name)
    return refused.value


def test_an_action_is_made_with_its_name(folder: Path, write: Write) -> None:
    write("orders/__init__.py", "")
    write("orders/actions.py", ACTION)

    action = ActionPath(str(folder)).find("orders.actions.Charge")()

    assert action.execute({}, {}) == "orders.actions.Charge"


def test_an_action_of_another_base_is_made_without_one(folder: Path, write: Write) -> None:
    write("plain.py", "class Charge:\n    def execute(self, context, obj): return 'done'\n")

    assert ActionPath(str(folder)).find("plain.Charge")().execute({}, {}) == "done"


def test_folders_without_an_init_file_are_packages_too(folder: Path, write: Write) -> None:
    write("spaces/deep/actions.py", ACTION)

    assert ActionPath(str(folder)).find("spaces.deep.actions.Charge")()


def test_modules_of_the_folder_find_each_other(folder: Path, write: Write) -> None:
    write("shared_parts.py", "EVENT = 'done'\n")
    write(
        "uses.py",
        "from shared_parts import EVENT\n"
        "class Charge(Action):\n    def execute(self, context, obj): return EVENT\n",
    )

    assert ActionPath(str(folder)).find("uses.Charge")().execute({}, {}) == "done"


def test_each_run_has_an_action_of_its_own_of_a_module_that_is_imported_once(
    folder: Path, write: Write
) -> None:
    write("once.py", "imports = []\nimports.append(1)\n" + ACTION)
    path = ActionPath(str(folder))

    first, second = path.find("once.Charge")(), path.find("once.Charge")()

    assert first is not second
    assert type(first) is type(second)


@pytest.mark.parametrize("name", NO_NAMES.values(), ids=NO_NAMES)
def test_what_is_no_dotted_name_is_refused(name: str, folder: Path, write: Write) -> None:
    write("orders.py", ACTION)

    assert refused(ActionPath(str(folder)), name).error == "ActionNotFound"


@pytest.mark.parametrize("name", ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_lies_elsewhere_is_neither_imported_nor_run(name: str, folder: Path) -> None:
    before = set(sys.modules)

    failure = refused(ActionPath(str(folder)), name)

    assert failure.error == "ActionNotFound"
    assert "outside of ACTIONS_PATH" in str(failure)
    assert set(sys.modules) == before


@pytest.mark.parametrize("name", ["queue", "antigravity"], ids=["imported", "not imported yet"])
def test_a_module_with_the_name_of_one_of_pythons_is_refused_and_hides_nothing(
    name: str, folder: Path, write: Write
) -> None:
    trace = write(f"{name}.py", LEAVES_A_TRACE + ACTION).with_suffix(".ran")

    failure = refused(ActionPath(str(folder)), f"{name}.Charge")

    assert "Give yours another name" in str(failure)
    assert not trace.exists()
    found = importlib.util.find_spec(name)
    assert found is not None
    assert found.origin is not None
    assert not found.origin.startswith(str(folder))


@pytest.mark.parametrize("kind", ["file", "folder"])
def test_a_link_that_leads_out_is_refused_before_its_code_is_run(
    kind: str, folder: Path, write: Write, tmp_path: Path
) -> None:
    outside = tmp_path / "outside"
    outside.mkdir()
    (outside / "secret.py").write_text(LEAVES_A_TRACE + "class Charge:\n    execute = print\n")
    if kind == "file":
        (folder / "linked.py").symlink_to(outside / "secret.py")
        name = "linked.Charge"
    else:
        (folder / "linked").symlink_to(outside)
        name = "linked.secret.Charge"

    failure = refused(ActionPath(str(folder)), name)

    assert failure.error == "ActionNotFound"
    assert not list(outside.glob("*.ran"))


def test_a_folder_beside_it_with_the_same_beginning_is_elsewhere(
    folder: Path, tmp_path: Path
) -> None:
    beside = tmp_path / "actions-of-others"
    beside.mkdir()
    (beside / "others.py").write_text("class Charge:\n    execute = print\n")
    (folder / "others.py").symlink_to(beside / "others.py")

    assert refused(ActionPath(str(folder)), "others.Charge").error == "ActionNotFound"


def test_a_link_inside_the_folder_and_a_linked_folder_are_fine(
    folder: Path, write: Write, tmp_path: Path
) -> None:
    write("really.py", ACTION)
    (folder / "linked_name.py").symlink_to(folder / "really.py")
    (tmp_path / "current").symlink_to(folder)

    assert ActionPath(str(tmp_path / "current")).find("linked_name.Charge")()


@pytest.mark.parametrize("what", NOT_ACTIONS.values(), ids=NOT_ACTIONS)
def test_what_is_no_action_is_refused(what: str, folder: Path, write: Write) -> None:
    write(
        "mixed.py",
        "import pathlib\nNUMBER = 1\ndef charge(): pass\nclass Plain: pass\n"
        "class Number:\n    execute = 1\ninstance = Action('a')\n" + ACTION,
    )

    failure = refused(ActionPath(str(folder)), f"mixed.{what}")

    assert failure.error == "ActionNotFound"
    assert f"no class '{what}'" in str(failure)


@pytest.mark.parametrize("name", ["missing.Charge", "mod.missing.Charge", "pack.missing.Charge"])
def test_a_module_that_is_not_there_is_said_to_be(name: str, folder: Path, write: Write) -> None:
    write("mod.py", ACTION)
    write("pack/__init__.py", "")

    failure = refused(ActionPath(str(folder)), name)

    assert "ACTIONS_PATH has no module" in str(failure)


def test_a_module_that_raises_fails_with_what_it_raised_and_can_be_mended(
    folder: Path, write: Write
) -> None:
    broken = write("broken.py", "import not_there\n")
    path = ActionPath(str(folder))

    failure = refused(path, "broken.Charge")

    assert failure.error == "ModuleNotFoundError"
    assert "broken.py, line 2" in str(failure)
    broken.write_text("from cloudseam.actions import Action\n" + ACTION + "# mended, and longer\n")
    assert path.find("broken.Charge")()


def test_a_module_that_ends_the_process_does_not(folder: Path, write: Write) -> None:
    write("ends.py", "import sys; sys.exit(3)\n")

    assert refused(ActionPath(str(folder)), "ends.Charge").error == "SystemExit"
