"""A few records stand for all runs of a plan."""

from __future__ import annotations

import yaml
from snakemake.utils import update_config

from bench.core.code import ROOT
from bench.runs.coverage import key_of, needed
from bench.runs.identity import Identity
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


def test_each_reward_and_each_kind_of_record_has_a_record_of_its_own() -> None:
    def suite(reward: str, seed: int, *tasks: str) -> dict[str, object]:
        runs = {"tasks": list(tasks), "methods": ["bc"], "rewards": [reward]}
        return runs | {"data_percents": [100], "seeds": [seed], "baselines": False}

    swept = suite("dense", 4, "key_to_door-1k") | {"sweep": True}
    plan = make_plan(
        {
            "name": "test",
            "suites": {
                "first": suite("dense", 2, "hopper-medium", "walker2d-medium"),
                "second": suite("sparse", 3, "hopper-medium"),
                "third": suite("dense", 4, "hopper-medium"),  # nothing new
                "fourth": swept,
            },
            "training": {"steps": 1},
            "methods": {"bc": {"module": "bc", "label": "BC"}},
        }
    )
    below = "results/test/runs"
    assert {key: str(path) for key, path in needed(plan).items()} == {
        (
            "bc",
            "mujoco",
            "dense",
            "result.json",
        ): f"{below}/hopper-medium/dense/100/bc/2/result.json",
        (
            "bc",
            "mujoco",
            "sparse",
            "result.json",
        ): f"{below}/hopper-medium/sparse/100/bc/3/result.json",
        (
            "bc",
            "key_to_door",
            "dense",
            "result.json",
        ): f"{below}/key_to_door-1k/dense/100/bc/4/result.json",
        (
            "bc",
            "key_to_door",
            "dense",
            "sweep.json",
        ): f"{below}/key_to_door-1k/dense/100/bc/4/sweep.json",
    }
    run = Identity("other", "walker2d-medium", "sparse", 10.0, "bc", 7)
    assert key_of(run, "result.json") == ("bc", "mujoco", "sparse", "result.json")
