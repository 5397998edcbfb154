"""`bench cost` and `bench power` from the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest
import yaml

from bench.cli.main import main
from bench.core.code import ROOT
from tests.helpers.cli import fails


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
    config["suites"] = {"mujoco": config["suites"]["mujoco"] | {"power": 0.95, "seeds": [0, 1, 2]}}
    assert main(["power", "--config", json.dumps(config)]) == 1
    printed = capsys.readouterr()
    assert "suite `mujoco` asks for power 0.95, and C1, DT - CQL, cannot have it: " in printed.out
    assert printed.err.startswith(
        "error: 3 check(s) cannot have the power that their suite asks for"
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
    written = Path("plan.md").read_text()
    summary = re.search(r"- The measured times of (\d+) methods: `--out cost\.md`", text)
    assert summary is not None
    assert written.startswith(text[: summary.start()])
    # Seven or eight: precision `auto` of DT is float32 on a processor without fast bfloat16, and the
    # packed records have bfloat16 only.
    assert int(summary[1]) == written.count("milliseconds an update") >= 7
    assert "- cql, milliseconds an update" in written
    assert "milliseconds an update" not in text
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
