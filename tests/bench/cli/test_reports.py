"""From records to tables and figures by the command line."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
import yaml

from bench.cli.main import main
from bench.core.code import ROOT
from tests.conftest import CONFIG
from tests.helpers.cli import fails


def test_damaged_scores(capsys: pytest.CaptureFixture[str]) -> None:
    Path("scores.parquet").write_text("<html>")
    arguments = [
        "artifact",
        "table2",
        "--scores",
        "scores.parquet",
        "--scale",
        "test",
        "--out",
        "table.md",
    ]
    assert "scores scores.parquet are damaged" in fails(capsys, *arguments)


def test_from_records_to_tables_and_figure(
    write_runs: Callable[..., list[Path]], capsys: pytest.CaptureFixture[str]
) -> None:
    records = write_runs(
        {("hopper-medium", "dt"): [29.0, 30.0, 31.0], ("hopper-medium", "bc"): [40.0]}
    )
    config = json.dumps(yaml.safe_load((ROOT / "config/config.yaml").read_text()))
    paths = [str(path) for path in records]
    assert (
        main(["scores", "--config", config, "--suite", "mujoco", "--out", "scores.parquet", *paths])
        == 0
    )
    assert len(pd.read_parquet("scores.parquet")) == 4
    outputs = [f"table2{suffix}" for suffix in (".md", ".csv", ".tex", ".png", ".svg")]
    arguments = ["--scores", "scores.parquet", "--scale", "test", "--out", *outputs]
    assert main(["artifact", "table2", *arguments]) == 0
    assert "| 30.0 [27.5, 32.5] " in Path("table2.md").read_text()
    assert all(Path(output).stat().st_size > 0 for output in outputs)
    assert main(["partial", "--config", config, "--suite", "mujoco", "--out", "partial.md"]) == 0
    unknown = ["partial", "--config", config, "--suite", "minigrid", "--out", "partial.md"]
    assert "unknown suite 'minigrid'" in fails(capsys, *unknown)


def test_each_suite_of_the_claims_needs_its_scores(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["claims", "--scale", "test", "--out", "claims.md", "--suites", "mujoco", "sparse"]
    message = fails(capsys, *line, "--scores", "a.parquet")
    assert "2 suites but 1 files of scores; give one file for each suite" in message
    assert not Path("claims.md").exists()


def test_claims_without_scores_are_an_error(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["claims", "--scale", "test", "--out", "claims.md", "claims.csv"])
    assert caught.value.code == 2
    assert "the following arguments are required: --suites, --scores" in capsys.readouterr().err
    assert not Path("claims.md").exists()


def test_missing_scores_are_called_missing(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["artifact", "table2", "--scores", "s.parquet", "--scale", "test", "--out", "table.md"]
    said = fails(capsys, *line)
    assert "there are no scores at s.parquet; `bench scores`" in said
    assert "damaged" not in said


def test_claims_of_a_config_whose_suites_no_claim_names_are_listed_as_not_run() -> None:
    """The workflow gives both options without a value."""
    outs = ["--out", "claims.md", "claims.csv"]
    assert main(["claims", "--scale", "test", *outs, "--suites", "--scores"]) == 0
    assert set(pd.read_csv("claims.csv")["verdict"]) == {"not run"}


def test_a_suite_that_is_not_in_the_config_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    line = ["scores", "--config", json.dumps(CONFIG), "--suite", "atari", "--out", "s.parquet", "r"]
    assert "unknown suite 'atari'; known: mujoco" in fails(capsys, *line)


def test_an_artifact_that_does_not_exist_is_wrong_usage(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["artifact", "table99", "--scores", "s", "--scale", "test", "--out", "table.md"])
    assert caught.value.code == 2
    assert "invalid choice: 'table99'" in capsys.readouterr().err


def test_power_of_a_config_before_it_runs(capsys: pytest.CaptureFixture[str]) -> None:
    smoke = str(ROOT / "config/smoke.yaml")
    assert main(["power", "--config", smoke, "--spread", "6", "--out", "power.csv"]) == 0
    printed = capsys.readouterr().out
    assert "What scale smoke can decide of the claims, before it runs." in printed
    assert "2 data set(s), needs 6" in printed
    assert len(pd.read_csv("power.csv")) > 20
    assert "--spread must be above 0" in fails(capsys, "power", "--config", smoke, "--spread", "-1")
    assert "a power of 1.0 is not possible" in fails(
        capsys, "power", "--config", smoke, "--power", "1"
    )
    assert "no packed records" in fails(capsys, "power", "--config", smoke, "--records", "none")


def test_a_config_that_asks_for_a_power_it_cannot_have_is_told(
    capsys: pytest.CaptureFixture[str],
) -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    config["name"] = "own"
    config["suites"] = {"mujoco": config["suites"]["mujoco"] | {"power": 0.95, "seeds": [0, 1]}}
    assert main(["power", "--config", json.dumps(config)]) == 1
    printed = capsys.readouterr()
    assert "suite `mujoco` asks for power 0.95, and C1, DT - CQL, cannot have it: " in printed.out
    assert printed.err.startswith(
        "error: 4 check(s) cannot have the power that their suite asks for"
    )


def test_the_cost_of_a_config_is_computed_from_the_packed_records(
    capsys: pytest.CaptureFixture[str],
) -> None:
    quick = str(ROOT / "config/config.yaml")
    line = ["cost", "--plan", "--config", quick, "--suite", "mujoco", "--cores", "2", "8"]
    assert main([*line, "--out", "plan.md", "plan.csv"]) == 0
    text = capsys.readouterr().out
    assert "Computed cost of scale quick" in text
    assert "On 2 cores" in text
    assert Path("plan.md").read_text() + "\n" == text
    numbers = pd.read_csv("plan.csv").set_index("suite")
    assert numbers.loc["total", "core_hours"] == numbers.loc["mujoco", "core_hours"] > 0.1


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--measure"], "--measure belongs to --plan"),
        ([], "--suite is missing"),
        (["--suite", "mujoco"], "--out is missing"),
        (["--suite", "mujoco", "--out", "cost.md"], "--records is missing"),
        (["--plan", "--suite", "minigrid"], "unknown suite 'minigrid'; known: mujoco"),
    ],
)
def test_options_of_cost_that_do_not_fit_together(
    more: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    config = str(ROOT / "config/config.yaml")
    assert message in fails(capsys, "cost", "--config", config, *more)


def test_a_config_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    plain = ("--suite", "mujoco", "--out", "cost.md", "--records", "result.json")
    for more in (("--plan",), plain):
        assert "there is no file mine.yaml" in fails(capsys, "cost", "--config", "mine.yaml", *more)
