"""`cloudseam graph` draws the machine that the file describes, in three formats."""

import re
import shutil
import subprocess
from collections.abc import Callable, Iterator
from itertools import combinations
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cloudseam.languages import load_machine
from cloudseam_cli.graphs.dot import dot
from cloudseam_cli.graphs.graph import Graph, GraphState, GraphTask, Transition, graph_of
from cloudseam_cli.graphs.mermaid import mermaid
from cloudseam_cli.graphs.svg import MAX_STATES, TooLargeToDrawError, svg
from cloudseam_cli.main import main

SAMPLES = sorted((Path(__file__).parents[3] / "machines").glob("*.yml"))
SVG = "{http://www.w3.org/2000/svg}"
# A name that ends texts, ids or lines in one of the formats, or begins something in it.
NASTY = "a\"b'<c>&d;e:f#g\\N\\l-->%%{init}]]>&lt;`|"

TEXT = """\
version: 1
events: [GO, STAY, AGAIN, UP-DATE, LEAVE]
states:
  INIT: {on: {GO: [{action: advance, state: RUN}], STAY: []}}
  RUN:
    tasks: [build]
    on:
      NEXT: [{action: advance, state: WAIT-HERE}]
      GO: [{action: advance, state: WAIT-HERE}]
      UP-DATE: [{action: advance, state: WAIT-HERE}]
      AGAIN: [{action: advance, state: RUN}]
  WAIT-HERE: {on: {LEAVE: [{action: advance, state: END}], GO: [{action: advance, state: RUN}]}}
  END: {terminal: true}
tasks: {build: {executor: lambda, config: {name: f}}}
"""


def a_graph(text: str = TEXT) -> Graph:
    return graph_of(load_machine("life", text, "life.yml"))


def test_a_graph_has_states_and_transitions_in_the_order_of_the_file() -> None:
    assert a_graph() == Graph(
        "life",
        (
            GraphState("INIT", no_ops=("STAY",), is_initial=True),
            GraphState("RUN", (GraphTask("build", "lambda"),)),
            GraphState("WAIT-HERE"),
            GraphState("END", is_terminal=True),
        ),
        (
            Transition("INIT", "RUN", ("GO",)),
            Transition("RUN", "WAIT-HERE", ("NEXT",)),
            Transition("RUN", "WAIT-HERE", ("GO", "UP-DATE")),
            Transition("RUN", "RUN", ("AGAIN",)),
            Transition("WAIT-HERE", "END", ("LEAVE",)),
            Transition("WAIT-HERE", "RUN", ("GO",)),
        ),
    )


def test_mermaid_has_ids_without_dashes_and_names_with() -> None:
    assert (
        mermaid(a_graph())
        == """\
---
title: "life"
---
stateDiagram-v2
    classDef terminal stroke-width:4px
    state "INIT" as s_INIT
    s_INIT : no-op on STAY
    [*] --> s_INIT
    state "RUN" as s_RUN
    s_RUN : build (lambda)
    state "WAIT-HERE" as s_WAIT_HERE
    state "END" as s_END
    s_END --> [*]
    class s_END terminal
    s_INIT --> s_RUN : GO
    s_RUN --> s_WAIT_HERE : NEXT
    s_RUN --> s_WAIT_HERE : GO, UP-DATE
    s_RUN --> s_RUN : AGAIN
    s_WAIT_HERE --> s_END : LEAVE
    s_WAIT_HERE --> s_RUN : GO
"""
    )


def test_dot_has_next_dashed_and_terminal_with_two_borders() -> None:
    drawn = dot(a_graph())

    assert drawn.startswith('digraph "life" {\n    label="life"\n')
    assert '"RUN" [label="RUN\\nbuild (lambda)\\l"]' in drawn
    assert '"END" [label="END", peripheries=2]' in drawn
    assert '"(start)" -> "INIT"' in drawn
    assert '"RUN" -> "WAIT-HERE" [label="NEXT", style=dashed]' in drawn
    assert '"RUN" -> "WAIT-HERE" [label="GO\\nUP-DATE"]' in drawn


def nasty_graph() -> Graph:
    """A machine whose tasks and own name mean something in each format."""
    name = NASTY.replace('"', '\\"').replace("\\N", "\\\\N").replace("\\l", "\\\\l")
    text = TEXT.replace("[build]", f'["{name}"]').replace("{build:", f'{{"{name}":')
    return graph_of(load_machine(NASTY, text, "life.yml"))


def test_mermaid_holds_nothing_of_a_name_that_it_could_take_for_its_own() -> None:
    lines = mermaid(nasty_graph()).splitlines()

    described = next(line for line in lines if line.startswith("    s_RUN : "))
    text = described.removeprefix("    s_RUN : ")
    assert re.fullmatch(r"(?:[A-Za-z0-9 _./,()-]|#\d+;)+", text)
    decoded = re.sub(r"#(\d+);", lambda found: chr(int(found[1])), text)
    assert decoded == f"{NASTY} (lambda)"


@pytest.mark.skipif(shutil.which("dot") is None, reason="Graphviz is not installed")
@pytest.mark.parametrize("graph", [nasty_graph(), a_graph()], ids=["nasty", "plain"])
def test_graphviz_reads_the_names_as_they_are(graph: Graph) -> None:
    done = subprocess.run(
        ["dot", "-Tsvg"], input=dot(graph), capture_output=True, text=True, check=True
    )

    texts = [text.text for text in ElementTree.fromstring(done.stdout).iter(f"{SVG}text")]
    assert done.stderr == ""
    assert graph.name in texts
    assert f"{graph.states[1].tasks[0].name} (lambda)" in texts


class Box(NamedTuple):
    """A rectangle of a drawing."""

    left: float
    top: float
    right: float
    bottom: float

    def touches(self, other: "Box") -> bool:
        """Whether the two have anything in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def holds(self, other: "Box") -> bool:
        """Whether the other is inside this one."""
        across = self.left <= other.left and other.right <= self.right
        return across and self.top <= other.top and other.bottom <= self.bottom

    def is_crossed_by(self, line: list[tuple[float, float]]) -> bool:
        """Whether the line has a point that is inside, and not just on the border."""
        across, down = (self.left + 0.2, self.right - 0.2), (self.top + 0.2, self.bottom - 0.2)
        return any(across[0] < x < across[1] and down[0] < y < down[1] for x, y in line)


class Picture:
    """The parts of a drawing that must not touch."""

    def __init__(self, graph: Graph) -> None:
        drawing = ElementTree.fromstring(svg(graph))
        group = drawing.find(f"{SVG}g")
        assert group is not None
        self.group = group
        x, y = re.findall(r"[\d.]+", group.attrib["transform"])
        width, height = float(drawing.attrib["width"]), float(drawing.attrib["height"])
        self.paper = Box(-float(x), -float(y), width - float(x), height - float(y))
        filled = [each for each in group.iter(f"{SVG}rect") if each.get("fill") != "none"]
        self.states = [_box(each) for each in filled if each.get("fill") != "#ffffff"]
        self.labels = [_box(each) for each in filled if each.get("fill") == "#ffffff"]
        self.texts = [_text_box(each) for each in group.iter(f"{SVG}text")]


def _box(rectangle: ElementTree.Element) -> Box:
    x, y, width, height = (float(rectangle.attrib[name]) for name in ("x", "y", "width", "height"))
    return Box(x, y, x + width, y + height)


def _text_box(text: ElementTree.Element) -> Box:
    """The room of a text in a font whose signs are 0.602 of its size wide, as most are."""
    x, y, size = (float(text.attrib[name]) for name in ("x", "y", "font-size"))
    width = len(text.text or "") * size * 0.602
    left = x - width / 2 if text.attrib["text-anchor"] == "middle" else x
    return Box(left, y - size * 0.75, left + width, y + size * 0.2)


def lines_of(picture: Picture) -> Iterator[list[tuple[float, float]]]:
    """The lines, each as many points along its curves."""
    for path in picture.group.iter(f"{SVG}path"):
        yield list(_along(path.attrib["d"]))


def _along(path: str) -> Iterator[tuple[float, float]]:
    x = y = 0.0
    for command, numbers in re.findall(r"([MVC])([^MVC]*)", path):
        values = [float(number) for number in numbers.split()]
        if command == "M":
            x, y = values
        elif command == "V":
            for step in range(11):
                yield x, y + (values[0] - y) * step / 10
            y = values[0]
        else:
            ends = [(x, y), *zip(values[::2], values[1::2], strict=True)]
            for step in range(21):
                yield _bezier(ends, step / 20)
            x, y = ends[-1]


def _bezier(ends: list[tuple[float, float]], t: float) -> tuple[float, float]:
    weights = ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3)
    return (
        sum(weight * end[0] for weight, end in zip(weights, ends, strict=True)),
        sum(weight * end[1] for weight, end in zip(weights, ends, strict=True)),
    )


def check_picture(graph: Graph) -> None:
    """Nothing overlaps, no line runs through a box or a strange label, all is on the paper."""
    picture = Picture(graph)
    boxes = [*picture.states, *picture.labels]
    assert len(picture.states) == len(graph.states)
    for kind in (boxes, picture.texts):
        assert [pair for pair in combinations(kind, 2) if pair[0].touches(pair[1])] == []
    for text in picture.texts:
        assert sum(text.touches(box) for box in boxes) <= 1
    for box in (*boxes, *picture.texts):
        assert picture.paper.holds(box)
    for line in lines_of(picture):
        assert not any(box.is_crossed_by(line) for box in picture.states)
        assert sum(label.is_crossed_by(line) for label in picture.labels) <= 1


@pytest.mark.parametrize("path", SAMPLES, ids=lambda path: path.name)
def test_nothing_overlaps_in_the_picture_of_a_sample(path: Path) -> None:
    check_picture(graph_of(load_machine(path.stem, path.read_bytes(), path.name)))


@st.composite
def graphs(draw: st.DrawFn) -> Graph:
    """Graphs of a few states with any transitions between them."""
    names = ["INIT", *(f"S-{number}" for number in range(draw(st.integers(0, 9))))]
    tasks = st.lists(st.sampled_from("abcdefgh").map(lambda name: GraphTask(name * 9, "lambda")))
    states = tuple(
        GraphState(
            name, tuple(draw(tasks)), is_initial=name == "INIT", is_terminal=draw(st.booleans())
        )
        for name in names
    )
    ends = st.tuples(st.sampled_from(names), st.sampled_from(names), st.booleans())
    transitions = tuple(
        Transition(source, target, ("NEXT",) if is_next else ("GO", "AN-EVENT"))
        for source, target, is_next in draw(st.lists(ends, unique=True, max_size=20))
    )
    return Graph("any", states, transitions)


@settings(max_examples=150, deadline=None)
@given(graph=graphs())
def test_nothing_overlaps_in_the_picture_of_any_machine(graph: Graph) -> None:
    check_picture(graph)


def test_svg_shows_names_as_they_are_and_takes_nothing_from_elsewhere() -> None:
    text = svg(nasty_graph())

    drawing = ElementTree.fromstring(text)
    shown = [element.text for element in drawing.iter(f"{SVG}text")]
    assert f"{NASTY[:39]}… · lambda" in shown or f"{NASTY} · lambda" in shown
    assert {element.tag.removeprefix(SVG) for element in drawing.iter()} <= {
        *("svg", "title", "defs", "marker", "path", "rect", "text", "g", "circle")
    }
    assert not re.search(r"href|url\((?!#)|@import|<script|<style", text)


def test_svg_marks_next_terminal_and_the_start() -> None:
    drawing = ElementTree.fromstring(svg(a_graph()))
    group = drawing.find(f"{SVG}g")
    assert group is not None

    dashed = [path for path in group.iter(f"{SVG}path") if path.get("stroke-dasharray")]
    inner = [rect for rect in group.iter(f"{SVG}rect") if rect.get("fill") == "none"]
    assert (len(dashed), len(inner)) == (1, 1)
    assert len(list(group.iter(f"{SVG}circle"))) == 1
    assert all(path.get("marker-end") for path in group.iter(f"{SVG}path"))


def test_a_machine_too_large_for_a_picture_is_refused() -> None:
    states = tuple(GraphState(f"S-{number}") for number in range(MAX_STATES + 1))

    with pytest.raises(TooLargeToDrawError, match="--format dot"):
        svg(Graph("large", states, ()))


@pytest.mark.parametrize("kind", ["mermaid", "dot", "svg"])
def test_the_same_machine_gives_the_same_drawing(
    kind: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "life.yml"
    file.write_text(TEXT)

    first = main(["graph", str(file), "--format", kind]), capsys.readouterr().out
    file.write_text("# a comment\n" + TEXT)
    second = main(["graph", str(file), "--format", kind]), capsys.readouterr().out

    assert first == second
    assert first[0] == 0
    assert first[1].endswith("\n")


def test_a_drawing_can_be_written_to_a_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, output = tmp_path / "life.yml", tmp_path / "life.svg"
    file.write_text(TEXT)

    assert main(["graph", str(file), "--format", "svg", "--output", str(output)]) == 0

    assert capsys.readouterr().out == ""
    assert output.read_text() == svg(a_graph())


@pytest.mark.parametrize(
    ("name", "drawn"),
    [
        pytest.param("life.svg", svg, id="svg"),
        pytest.param("life.SVG", svg, id="upper-case"),
        pytest.param("life.dot", dot, id="dot"),
        pytest.param("life.gv", dot, id="gv"),
        pytest.param("life.mmd", mermaid, id="mmd"),
        pytest.param("life.md", mermaid, id="md"),
        pytest.param("life", mermaid, id="no-suffix"),
    ],
)
def test_without_a_format_the_suffix_says_what_is_drawn(
    name: str, drawn: Callable[[Graph], str], tmp_path: Path
) -> None:
    file, output = tmp_path / "life.yml", tmp_path / name
    file.write_text(TEXT)

    assert main(["graph", str(file), "--output", str(output)]) == 0

    assert output.read_text() == drawn(a_graph())


def test_a_format_that_is_given_wins_over_the_suffix(tmp_path: Path) -> None:
    file, output = tmp_path / "life.yml", tmp_path / "life.svg"
    file.write_text(TEXT)

    assert main(["graph", str(file), "--output", str(output), "--format", "dot"]) == 0

    assert output.read_text() == dot(a_graph())


def test_a_suffix_that_stands_for_no_format_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, output = tmp_path / "life.yml", tmp_path / "life.png"
    file.write_text(TEXT)

    assert main(["graph", str(file), "--output", str(output)]) == 2

    assert "no format is known by the suffix .png" in capsys.readouterr().err
    assert not output.exists()


def test_a_file_with_errors_is_not_drawn_but_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, output = tmp_path / "bad.yml", tmp_path / "bad.svg"
    file.write_text(TEXT.replace("state: END", "state: EMD"))

    assert main(["graph", str(file), "--output", str(output)]) == 1

    said = capsys.readouterr()
    assert said.out == ""
    assert f"{file}:12:53: error: " in said.err
    assert "There is no state 'EMD'. Did you mean 'END'?" in said.err
    assert not output.exists()


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["missing.yml"], id="a file that is not there"),
        pytest.param(["."], id="a folder"),
        pytest.param(["life.yml", "--output", "no/such/folder.svg"], id="an output in no folder"),
    ],
)
def test_what_cannot_be_read_or_written_ends_with_2(
    arguments: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    (tmp_path / "life.yml").write_text(TEXT)
    monkeypatch.chdir(tmp_path)

    assert main(["graph", *arguments]) == 2
    said = capsys.readouterr().err
    assert said.startswith(f"cloudseam graph: {arguments[-1]}: ")
    assert said.count("\n") == 1


ACTIONS = """\
machines:
- name: Example
  states:
  - name: First State
    initial: true
    entry_action: path.to.Action1
    do_action: path.to.Action2
    exit_action: a.very.long.path.to.the.module.of.actions.Action3
    transitions:
    - {target: Last, event: done, action: path.to.OnTheWay}
    - {target: Last, event: skip}
    - {target: First State, event: again, local: true}
    - {target: Last, event: fast, local: true}
  - {name: Last, final: true, do_action: path.to.Action8}
- {name: Other, states: [{name: (start), initial: true, final: true}]}
"""


def actions_graph(name: str = "Example") -> Graph:
    return graph_of(load_machine(name, ACTIONS, "fsm.yml"))


def test_mermaid_has_the_actions_and_says_what_is_local() -> None:
    assert mermaid(actions_graph()).splitlines()[4:] == [
        "    classDef terminal stroke-width:4px",
        '    state "First State" as t_First_32_State',
        "    t_First_32_State : entry / path.to.Action1",
        "    t_First_32_State : do / path.to.Action2",
        "    t_First_32_State : exit / a.very.long.path.to.the.module.of.actions.Action3",
        "    [*] --> t_First_32_State",
        '    state "Last" as t_Last',
        "    t_Last : do / path.to.Action8",
        "    t_Last --> [*]",
        "    class t_Last terminal",
        "    t_First_32_State --> t_Last : done / path.to.OnTheWay, skip",
        "    t_First_32_State --> t_First_32_State : again (local)",
        "    t_First_32_State --> t_Last : fast (local)",
    ]


def test_dot_has_the_actions_and_dashes_what_is_local() -> None:
    lines = [line.strip() for line in dot(actions_graph()).splitlines()]

    assert (
        r'"First State" [label="First State\nentry / path.to.Action1\ldo / path.to.Action2\l'
        r'exit / a.very.long.path.to.the.module.of.actions.Action3\l"]'
    ) in lines
    assert r'"First State" -> "Last" [label="done / path.to.OnTheWay\nskip"]' in lines
    assert '"First State" -> "First State" [label="again", style=dashed]' in lines
    assert '"First State" -> "Last" [label="fast", style=dashed]' in lines


def test_the_dot_before_a_state_is_never_the_state() -> None:
    assert '"((start))" -> "(start)"' in dot(actions_graph("Other"))


def test_svg_has_the_actions_and_dashes_what_is_local() -> None:
    picture = svg(actions_graph())

    check_picture(actions_graph())
    for text in ("entry / path.to.Action1", "do / path.to.Action2", "done / path.to.OnTheWay"):
        assert f">{text}</text>" in picture
    assert ">exit / …to.the.module.of.actions.Action3</text>" in picture
    assert "made in the same invocation" in picture
    assert picture.count("stroke-dasharray") == 3  # two transitions, and the legend


def test_names_that_differ_have_ids_that_differ() -> None:
    names = ["a b", "a_b", "a_32_b", "A-B", "A_B", "ä", "end", "END"]
    states = ", ".join(f"{{name: {name}, final: true}}" for name in names)
    text = f"machines: [{{name: m, states: [{{name: x, initial: true}}, {states}]}}]"

    lines = mermaid(graph_of(load_machine("m", text, "m.yml"))).splitlines()

    ids = [line.rpartition(" as ")[2] for line in lines if " as " in line]
    assert len(ids) == len(set(ids)) == len(names) + 1
    assert all(re.fullmatch(r"[st]_\w+", found, re.ASCII) for found in ids)


def test_one_of_several_machines_is_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fsm.yml"
    file.write_text(ACTIONS)
    (tmp_path / "all.yml").write_text("machines: [{import: fsm.yml}]")

    assert main(["graph", str(file)]) == 2
    assert "Name one with --machine: Example, Other." in capsys.readouterr().err
    for path in (file, tmp_path / "all.yml"):
        assert main(["graph", str(path), "--machine", "Other"]) == 0
        assert 'title: "Other"' in capsys.readouterr().out
    assert main(["graph", str(file), "--machine", "Gone"]) == 1
    assert "There is no machine 'Gone' in this file." in capsys.readouterr().err


def test_the_only_machine_of_a_file_need_not_be_named(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "fsm.yml"
    file.write_text("machines: [{name: Order, states: [{name: A, initial: true, final: true}]}]")

    assert main(["graph", str(file)]) == 0
    assert 'title: "Order"' in capsys.readouterr().out
