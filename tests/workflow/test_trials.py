"""Scale trials, shrunk to seconds: from the config to the table."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from bench.core.code import ROOT
from tests.helpers.pipeline import checkout, merged, snakemake
from tests.helpers.tables import rows_of

pytestmark = pytest.mark.slow
METHODS = ["bc10-t01", "iql-t01", "iql-t02", "td3bc-t17"]


@pytest.mark.long
def test_one_command_makes_the_table_of_trials(tmp_path: Path) -> None:
    folder = checkout(tmp_path / "clone")
    config: dict[str, Any] = yaml.safe_load((ROOT / "config/trials.yaml").read_text())
    for entry in (config["methods"][name] for name in METHODS):
        entry["steps"] = 5
        entry["options"] |= {"width": 8, "batch_size": 8}
    suite = config["suites"]["trials"] | {"tasks": ["hopper-medium"], "methods": METHODS}
    config["suites"] = {
        "trials": suite,
        "finals": suite | {"methods": METHODS[:2], "seeds": [1000, 1001]},
    }
    small = {
        "data": {"steps": 1500},
        "evaluation": {"episodes": 2, "num_envs": 2, "max_steps": 20},
    }
    (folder / "config/small.yaml").write_text(yaml.safe_dump(merged(config, small)))
    snakemake(folder, "all_trials", "all_finals", config="config/small.yaml")

    page = (folder / "reports/trials/trials/trials.md").read_text()
    table = [row for row in rows_of(page) if row[0] in ("10%BC", "IQL", "TD3+BC")]
    assert sorted(row[1] for row in table) == METHODS
    assert all("width 8" in row[-1] for row in table)
    assert (
        "Trials: 10%BC 1, IQL 2, TD3+BC 1. Training seeds 1000; 2 episodes in 2 environments, "
        "at most 20 steps, list trials." in page
    )
    finals = (folder / "reports/trials/finals/trials.md").read_text()
    assert "Trials: 10%BC 1, IQL 1. Training seeds 1000, 1001; " in finals
    record = folder / "results/trials/runs/hopper-medium/dense/100/iql-t02/1000/result.json"
    result = json.loads(record.read_text())
    assert result["protocol"]["episode_list"] == "trials"
    assert result["config"]["expectile"] == 0.6
    assert result["training"]["data_folder"] == "generated/hopper-medium/1500-1"
