"""`cloudseam cost` tells what a load costs, for people and for programs."""

import json
from pathlib import Path
from typing import Any

import pytest

from cloudseam_cli.cost import load_of
from cloudseam_cli.costs.load import Load
from cloudseam_cli.main import main
from tests.unit.cli.options import options

ROOT = Path(__file__).parents[3]


def cost_json(capsys: pytest.CaptureFixture[str], *arguments: str) -> Any:
    assert main(["cost", "--json", *arguments]) == 0
    return json.loads(capsys.readouterr().out)


@pytest.mark.parametrize(
    ("arguments", "load"),
    [
        pytest.param([], Load(), id="defaults-are-the-template's"),
        pytest.param(
            ["--transitions", "2.5", "--per", "second"],
            Load(transitions=2.5 * 730 * 3600),
            id="per-second",
        ),
        pytest.param(["--transitions", "24", "--per", "day"], Load(transitions=730), id="per-day"),
        pytest.param(
            ["--tasks-per-transition", "0.5", "--timers", "1", "--far-timers", "0.1"],
            Load(tasks=0.5, timers=1, far_timers=0.1),
            id="tasks-and-timers",
        ),
        pytest.param(
            ["--store", "postgres", "--history", "full", "--logs", "--batch", "100"],
            Load(is_postgres=True, keeps_history=True, counts_logs=True, batch=100),
            id="installation",
        ),
        pytest.param(
            ["--machine", str(ROOT / "machines" / "order.yml"), "--timers", "2"],
            Load(tasks=1.75, timers=2),
            id="a-machine-and-what-is-said-beside-it",
        ),
    ],
)
def test_options_describe_the_load(arguments: list[str], load: Load) -> None:
    assert load_of(options("cost", *arguments)) == load


def test_the_defaults_are_those_of_the_template() -> None:
    template = (ROOT / "template.yaml").read_text()
    load = Load()

    for parameter, value in {
        "EventBatchSize": load.batch,
        "TaskBatchSize": load.task_batch,
        "StateMachineMemory": load.memory,
        "TaskSatisfierMemory": load.task_memory,
        "SweepRate": f"rate({load.sweep_minutes} minutes)",
    }.items():
        start = template.index(f"\n  {parameter}:\n")
        assert f"Default: {value}\n" in template[start : template.index("Description", start)]


def test_the_text_has_each_line_the_others_and_who_is_cheaper(
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert main(["cost"]) == 0
    out = capsys.readouterr().out

    assert "DynamoDB: tasks are claimed" in out
    for name in ("Step Functions Standard", "Lambda durable functions", "aws-lambda-fsm"):
        assert f"\n{name} " in out
    assert "\nCheaper for this load: the original CloudSeam" in out
    assert "Step Functions Standard is cheaper below " in out
    assert "CloudWatch Logs: lines of both functions (--logs)" in out
    assert "not confirmed: dynamodb-storage" in out


def test_none_is_cheaper_where_that_is_so(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    prices = tmp_path / "prices.yml"
    dear = ["dynamodb-write", "express-request", "durable-operation"]
    prices.write_text(json.dumps({"prices": {name: {"usd": 1000} for name in dear}}))

    main(["cost", "--prices", str(prices), "--store", "postgres"])

    assert "Cheaper for this load: none of the others." in capsys.readouterr().out


def test_json_sums_up_its_lines(capsys: pytest.CaptureFixture[str]) -> None:
    told = cost_json(capsys, "--transitions", "3e6")

    for bill in (told["cloudseam"], *told["others"]):
        for name in ("usdPerMillion", "usdPerMonth"):
            assert bill[name] == pytest.approx(sum(line[name] for line in bill["lines"]))
    assert told["prices"]["sqs-request"]["page"] == "https://aws.amazon.com/sqs/pricing/"
    assert "Step Functions Express" in told["cheaper"]
    assert len(told["notIncluded"]) == 2


def test_what_is_free_is_taken_off_if_asked(capsys: pytest.CaptureFixture[str]) -> None:
    listed = cost_json(capsys, "--transitions", "1000")
    free = cost_json(capsys, "--transitions", "1000", "--free-tier")

    assert free["cloudseam"]["usdPerMonth"] < listed["cloudseam"]["usdPerMonth"]
    assert {bill["name"]: bill["usdPerMonth"] for bill in free["others"]}[
        "Step Functions Standard"
    ] == 0


def test_other_prices_are_taken_from_a_file(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    prices = tmp_path / "prices.yml"
    prices.write_text("region: eu-west-1\nprices: {dynamodb-write: {usd: 6.25}}\n")

    told = cost_json(capsys, "--prices", str(prices))

    lines = {line["what"]: line["usdPerMillion"] for line in told["cloudseam"]["lines"]}
    assert (told["region"], lines["DynamoDB: tasks are claimed"]) == ("eu-west-1", 6.25)


@pytest.mark.parametrize(
    ("arguments", "code", "said"),
    [
        pytest.param(["--prices", "none.yml"], 2, "none.yml: No such file", id="no-price-file"),
        pytest.param(["--prices", "bad.yml"], 2, "bad.yml:1:1: error: price:", id="a-bad-one"),
        pytest.param(["--machine", "none.yml"], 2, "none.yml: No such file", id="no-machine"),
        pytest.param(["--machine", "bad.yml"], 1, "bad.yml:1:1: error", id="a-bad-machine"),
    ],
)
def test_a_file_that_cannot_be_used_is_told(
    arguments: list[str],
    code: int,
    said: str,
    capsys: pytest.CaptureFixture[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("bad.yml").write_text("price: {}\n")

    assert main(["cost", *arguments]) == code
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments",
    [
        ["--transitions", "0"],
        ["--transitions", "many"],
        ["--tasks-per-transition", "-1"],
        ["--row-kb", "nan"],
        ["--task-seconds", "inf"],
        ["--batch", "0"],
        ["--per", "year"],
    ],
    ids=" ".join,
)
def test_a_load_that_cannot_be_is_refused(arguments: list[str]) -> None:
    with pytest.raises(SystemExit):
        options("cost", *arguments)
