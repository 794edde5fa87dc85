"""The page of figures is written from a run, and can be written again."""

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from bench.__main__ import main
from bench.figures import Figures
from bench.page import BEGIN, END, PageError, write_page
from bench.plot import plot
from bench.profile import package_of
from bench.report import Report, place_of_today

RATES = Figures("Rates", ("row", "events/s"), (("a & b", 12.5), ("DBOS", None)), "A note.")


def test_a_report_is_the_same_after_it_was_told_as_json() -> None:
    report = Report(place_of_today(1), {"handler": RATES})

    assert Report.of_json(json.loads(json.dumps(report.as_json()))) == report


def test_a_page_without_a_place_for_figures_is_left_alone(tmp_path: Path) -> None:
    page = tmp_path / "page.md"
    page.write_text("# Page\n")

    with pytest.raises(PageError, match="no place for figures"):
        write_page(page, Report({}, {"handler": RATES}))
    assert page.read_text() == "# Page\n"


def test_new_figures_take_the_place_of_old_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bench.targets.TARGETS", ())
    page = tmp_path / "page.md"
    page.write_text(f"before\n{BEGIN}\nold\n{END}\nafter\n")

    for _ in range(2):
        write_page(page, Report({"day": "today"}, {"handler": RATES}))

    text = page.read_text()
    assert text.startswith(f"before\n{BEGIN}\n")
    assert text.endswith(f"{END}\nafter\n")
    assert text.count("| a & b | 12.5 |") == text.count("day today") == 1
    assert "old" not in text
    assert (tmp_path / "page.svg").exists()


def test_a_plot_is_a_picture_with_a_bar_for_each_row() -> None:
    picture = ElementTree.fromstring(plot({"handler": RATES, "lives": Figures("L", ("a",), ())}))

    bars = picture.findall(".//{http://www.w3.org/2000/svg}rect")[1:]
    assert len(bars) == len(RATES.rows)
    assert "a & b" in "".join(picture.itertext())


@pytest.mark.parametrize(
    ("file", "package"),
    [
        ("/venv/lib/python3.11/site-packages/botocore/auth.py", "botocore"),
        ("/repo/layers/cloudseam/cloudseam/persistence/row.py", "cloudseam.persistence"),
        ("/repo/layers/cloudseam/cloudseam/service.py", "cloudseam.service"),
        ("/repo/state_machine/app.py", "state_machine"),
        ("/repo/bench/worker.py", "bench"),
        ("/usr/lib/python3.11/json/encoder.py", "json"),
        ("/usr/lib/python3.11/dataclasses.py", "dataclasses"),
        ("<string>", "built in"),
        ("~", "built in"),
    ],
)
def test_a_file_belongs_to_a_package(file: str, package: str) -> None:
    assert package_of(file) == package


def test_the_page_needs_all_benches(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--only", "calls", "--doc", "page.md"])
    assert "needs all benches" in capsys.readouterr().err
