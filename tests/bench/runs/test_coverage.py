"""A few records stand for all runs of a plan."""

from __future__ import annotations

import yaml
from snakemake.utils import update_config

from bench.core.code import ROOT
from bench.runs.coverage import needed
from bench.runs.plan import Plan, make_plan


def test_one_record_stands_for_a_method_and_kind_of_data(plan: Plan) -> None:
    names = [str(path) for path in needed(plan).values()]
    below = "results/test/runs/hopper-medium-expert/dense/100"
    assert names == [f"{below}/{name}/0/result.json" for name in plan.variants]


def test_smoke_has_every_method_and_kind_of_data_of_the_other_scales() -> None:
    def kinds(scale: str) -> set[tuple[str, str, str]]:
        config = yaml.safe_load((ROOT / "config/config.yaml").read_text())
        if scale != "config":
            update_config(config, yaml.safe_load((ROOT / f"config/{scale}.yaml").read_text()))
        plan = make_plan(config)
        return {(plan.variants[key[0]].module, key[1], key[3]) for key in needed(plan)}

    for scale in ("config", "desk", "paper", "speed"):
        assert kinds(scale) <= kinds("smoke")
