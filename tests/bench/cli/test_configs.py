"""bench/cli/configs.py: a config as a file or as JSON."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml
from snakemake.utils import update_config

from bench.cli.configs import config_of_scale, read_config
from bench.core.code import ROOT
from bench.runs.plan import make_plan


@pytest.mark.parametrize("scale", ["config", "desk", "smoke", "paper", "speed"])
def test_a_file_is_merged_as_the_workflow_does(scale: str) -> None:
    expected = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    update_config(expected, yaml.safe_load((ROOT / f"config/{scale}.yaml").read_text()))
    assert read_config(str(ROOT / f"config/{scale}.yaml")) == expected


def test_each_file_is_laid_over_the_one_before(tmp_path: Path) -> None:
    own = tmp_path / "own.yaml"
    own.write_text("data: {steps: 7000}\nevaluation: {episodes: 3}\n")
    smoke = ROOT / "config/smoke.yaml"
    below = read_config([smoke])
    merged = read_config([smoke, own])
    assert merged["data"] == below["data"] | {"steps": 7000}
    assert merged["evaluation"] == below["evaluation"] | {"episodes": 3}
    assert merged["name"] == "smoke"
    assert read_config([own, smoke])["data"]["steps"] == below["data"]["steps"]


def test_json_stands_alone() -> None:
    with pytest.raises(ValueError, match="JSON is a whole config; give it alone, or files"):
        read_config(["config/smoke.yaml", "{}"])


def test_json_is_the_merged_config() -> None:
    config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
    assert read_config(json.dumps(config)) == config


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("nothing.yaml", "there is no file nothing.yaml; give a file such as config/desk.yaml"),
        ("{name: test", "--config: '{name: test' is not JSON"),
        ('{"name": NaN}', "NaN is not a finite number"),
        ("{" * 100_000, "is not JSON"),
        ('{"name": "test", "suits": {}}', "unknown key 'suits' at top level"),
    ],
)
def test_a_wrong_config_is_named(text: str, message: str) -> None:
    with pytest.raises((ValueError, FileNotFoundError), match=message):
        read_config(text)


@pytest.mark.parametrize(("text", "message"), [("a: [", "is not YAML"), ("- a", "is not a config")])
def test_a_wrong_file_is_named(tmp_path: Path, text: str, message: str) -> None:
    path = tmp_path / "own.yaml"
    path.write_text(text)
    with pytest.raises(ValueError, match=message):
        read_config(str(path))


def test_a_scale_has_a_file() -> None:
    assert config_of_scale("quick") == [ROOT / "config/config.yaml"]
    assert config_of_scale("smoke") == [ROOT / "config/smoke.yaml"]
    with pytest.raises(
        ValueError, match=r"no file of config/ has the name 'quik'.*did you mean 'quick'"
    ):
        config_of_scale("quik")


def test_null_removes_a_suite_of_an_earlier_file(tmp_path: Path) -> None:
    first, second = tmp_path / "first.yaml", tmp_path / "second.yaml"
    first.write_text("suites: {mujoco: null, mine: {seeds: [0]}}\n")
    second.write_text("suites: {mine: null}\n")
    below, merged = read_config([ROOT / "config/smoke.yaml"]), read_config([first, second])
    assert "mujoco" in below["suites"]
    assert not {"mujoco", "mine"} & set(merged["suites"])
    assert None not in merged["suites"].values()


def test_null_for_a_suite_that_no_file_has_is_refused(tmp_path: Path) -> None:
    """Else a mistyped suite runs for hours although it was to be left out."""
    own = tmp_path / "own.yaml"
    own.write_text("suites: {mujco: null}\n")
    with pytest.raises(ValueError, match=r"suites\.mujco is null.*; did you mean 'mujoco'\?"):
        read_config([own])
    with pytest.raises(ValueError, match=r"suites\.gusts is null.*no file of the config has"):
        read_config([ROOT / "config/layers/open_desk.yaml"])


def test_the_open_questions_at_desk_share_the_runs_of_desk() -> None:
    """So every run of desk has the same settings in both."""
    desk = read_config([ROOT / "config/desk.yaml"])
    names = ("open", "desk", "layers/open_desk")
    both = read_config([ROOT / f"config/{name}.yaml" for name in names])
    first, second = make_plan(desk), make_plan(both)
    assert first.scale == second.scale == "desk"
    assert {suite: second.runs[suite] for suite in first.runs} == first.runs
    assert {name: second.variants[name] for name in first.variants} == first.variants
    assert desk["data"] == both["data"]
    assert desk["training"] == both["training"]
    mine, theirs = desk["evaluation"], both["evaluation"]
    assert mine | {"domains": None} == theirs | {"domains": None}
    changed = {
        name: own for name, own in theirs["domains"].items() if mine["domains"].get(name) != own
    }
    assert set(changed) == {"hopper", "halfcheetah", "gamble"}
    assert changed["hopper"] == {"diagnostic_episodes": 20}  # of suites with a diagnostic alone
    assert "sizes" not in second.runs
    shared = set(first.all_runs()) & {
        run for suite in second.runs if suite not in first.runs for run in second.runs[suite]
    }
    assert len(shared) == 86


def test_the_reasons_at_desk_share_the_runs_of_desk() -> None:
    desk, both = (
        make_plan(read_config([ROOT / f"config/{name}.yaml" for name in names]))
        for names in (("desk",), ("desk", "layers/reasons_desk"))
    )
    assert both.scale == "desk"
    assert {suite: both.runs[suite] for suite in desk.runs} == desk.runs
    assert {name: both.variants[name] for name in desk.variants} == desk.variants
    added = set(both.all_runs()) - set(desk.all_runs())
    methods = {run.method for run in added}
    assert methods == {
        "dt-dropout",
        "dt-discount99-scaled",
        "dt-discount95-scaled",
        "cql-longer",
        "dt-critic-longer",
        "dt-episode-less-decay",
    }
    assert len(added) == 41


def test_the_open_questions_for_tests_are_all_small() -> None:
    names = ("open", "smoke", "layers/open_smoke")
    plan = make_plan(read_config([ROOT / f"config/{name}.yaml" for name in names]))
    suites = plan.groups["open_questions"]
    assert len(suites) == 11
    runs = {run for suite in suites for run in plan.runs[suite]}
    assert len(runs) < 80
    assert max(plan.variants[run.method].steps_on(run.task) for run in runs) <= 40
