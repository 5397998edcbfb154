"""From a config to the plan of its runs."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from snakemake.utils import update_config

from bench.runs.plan import make_plan
from bench.runs.schema import BadConfig, check_config
from bench.tasks.registry import tasks_of
from tests.helpers.plan import SCHEMA, read

ATARI, MUJOCO = tasks_of("atari"), tasks_of("mujoco")


def test_a_variant_differs_from_its_base_in_what_it_names(
    config: dict[str, Any], root: Path
) -> None:
    config["suites"]["mujoco"]["methods"] = ["dt", "dt-wide"]
    config["methods"]["dt"] |= {
        "steps": 70,
        "reason": "r",
        "options": {"width": 8, "layers": 2},
        "domains": {"hopper": {"width": 4, "heads": 2}, "reacher2d": {"layers": 1}},
    }
    config["methods"]["dt-wide"] = {
        "base": "dt",
        "options": {"width": 64},
        "domains": {"reacher2d": {"heads": 4}},
    }
    variant = make_plan(config, root).variants["dt-wide"]
    assert (variant.module, variant.steps, variant.reason) == ("dt", 70, "r")
    assert (variant.label, variant.quoted) == ("dt-wide", None)  # the base's are its own
    # what the variant names counts in every domain
    assert json.loads(variant.options_json("hopper")) == {"width": 64, "layers": 2, "heads": 2}
    assert json.loads(variant.options_json("reacher2d")) == {"width": 64, "layers": 1, "heads": 4}
    assert json.loads(variant.options_json("walker2d")) == {"width": 64, "layers": 2}


def test_steps_of_a_domain_or_task_are_its_own_and_inherited(
    config: dict[str, Any], root: Path
) -> None:
    config["methods"]["dt"] |= {"steps": 70, "domain_steps": {"hopper": 5, "hopper-medium": 6}}
    config["methods"]["dt-more"] = {"base": "dt", "steps": 80}
    config["suites"]["mujoco"]["methods"] = ["dt", "dt-more"]
    variants = make_plan(config, root).variants
    for name, other in (("dt", 70), ("dt-more", 80)):
        tasks = ("hopper-medium", "hopper-medium-expert", "walker2d-medium")
        assert [variants[name].steps_on(task) for task in tasks] == [6, 5, other]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (
            {"methods": {"dt": {"domain_steps": {"ping": 1}}}},
            r"methods\.dt\.domain_steps: .*'ping'",
        ),
        ({"data": {"domains": {"ping": {}}}}, r"data\.domains: unknown domain 'ping'; known: half"),
        ({"evaluation": {"domains": {"ping": {}}}}, r"evaluation\.domains: unknown domain 'ping'"),
        (
            {"data": {"domains": {"hopper": {"source": "dqn_replay"}}}},
            r"data\.domains\.hopper\.source: dqn_replay has no data for hopper, only for breakout, pong, qbert",
        ),
        (
            {"data": {"domains": {"reacher2d": {"source": "d4rl"}}}},
            r"d4rl has no data for reacher2d, only for halfcheetah, hopper, walker2d",
        ),
    ],
    ids=["steps", "data", "evaluation", "logs", "d4rl"],
)
def test_settings_of_a_domain_that_has_none_are_refused(
    config: dict[str, Any], root: Path, change: dict[str, Any], message: str
) -> None:
    update_config(config, change)
    with pytest.raises(BadConfig, match=message):
        make_plan(config, root)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"label": "x"}, r"methods\.x: has neither `module` nor `base`"),
        ({"base": "dd"}, r"methods\.x\.base: unknown base 'dd'; known: dt, bc, bc10, behaviour"),
        ({"base": "x"}, r"methods\.x\.base: unknown base 'x'"),
        (
            {"base": "dt", "module": "dt"},
            r"methods\.x: has both `base` and `module`; remove `module`",
        ),
    ],
    ids=["neither", "unknown", "itself", "both"],
)
def test_a_crooked_base_is_refused(
    config: dict[str, Any], root: Path, entry: dict[str, Any], message: str
) -> None:
    config["methods"]["x"] = entry
    with pytest.raises(BadConfig, match=message):
        make_plan(config, root)


def test_a_suite_has_its_artifacts_and_perhaps_a_sweep(config: dict[str, Any], root: Path) -> None:
    suite = config["suites"]["mujoco"]
    config["suites"]["targets"] = suite | {"artifacts": ["figure4"], "sweep": True}
    plan = make_plan(config, root)
    assert plan.artifacts == {"mujoco": ("table2",), "targets": ("figure4",)}
    assert [path.name for path in plan.records("mujoco")] == ["result.json"] * 16
    records = [path.name for path in plan.records("targets")]
    assert records == ["result.json"] * 16 + ["sweep.json"] * 16


def test_options_of_an_unknown_domain_are_refused(config: dict[str, Any], root: Path) -> None:
    config["methods"]["bc"]["domains"] = {"reacher": {"width": 8}}
    with pytest.raises(
        BadConfig, match=r"methods\.bc\.domains: unknown domain 'reacher'; known: half"
    ):
        make_plan(config, root)


def test_order_of_runs_by_hand(config: dict[str, Any], root: Path) -> None:
    axes = {"tasks": ["hopper-medium"], "methods": ["bc", "dt"], "rewards": ["sparse", "dense"]}
    config["suites"] = {"mujoco": axes | {"data_percents": [100, 10], "seeds": [3, 1]}}
    config["methods"] = {name: {"module": name} for name in ("dt", "bc", "behaviour")}
    folders = [str(run.folder()) for run in make_plan(config, root).runs["mujoco"]]
    below = "results/test/runs/hopper-medium"
    assert folders[:5] == [
        f"{below}/sparse/100/bc/3",
        f"{below}/sparse/100/bc/1",
        f"{below}/sparse/100/dt/3",
        f"{below}/sparse/100/dt/1",
        f"{below}/sparse/10/bc/3",
    ]
    assert folders[8] == f"{below}/dense/100/bc/3"
    assert len(folders) == len(set(folders)) == 16


@pytest.mark.parametrize(
    ("rewards", "runs"),
    [
        (["dense", "sparse"], [("dense", "dt"), ("dense", "bc"), ("sparse", "dt")]),
        (["sparse"], [("sparse", "dt"), ("sparse", "bc")]),
    ],
    ids=["both", "sparse-alone"],
)
def test_a_method_that_reads_no_rewards_runs_once_for_dense_and_sparse(
    config: dict[str, Any], root: Path, rewards: list[str], runs: list[tuple[str, str]]
) -> None:
    config["methods"]["bc"]["reads_rewards"] = False
    suite = config["suites"]["mujoco"]
    suite |= {"tasks": ["hopper-medium"], "methods": ["dt", "bc"], "seeds": [0]}
    suite |= {"rewards": rewards, "baselines": False}
    planned = make_plan(config, root).runs["mujoco"]
    assert [(run.reward, run.method) for run in planned] == runs


def test_a_variant_inherits_that_it_reads_no_rewards() -> None:
    planned = make_plan(read("config.yaml")).runs["sparse"]
    assert {run.method for run in planned if run.reward == "sparse"} == {"dt", "cql"}


def test_methods_stand_in_the_order_that_the_suite_names_them(
    config: dict[str, Any], root: Path
) -> None:
    config["suites"]["mujoco"]["methods"] = ["behaviour", "dt"]
    assert list(make_plan(config, root).variants) == ["behaviour", "dt"]


def test_steps_and_labels_have_defaults(config: dict[str, Any], root: Path) -> None:
    config["methods"]["bc"] = {"module": "bc"}
    variants = make_plan(config, root).variants
    assert (variants["bc"].steps, variants["bc"].label, variants["bc"].options) == (50, "bc", {})
    assert variants["behaviour"].steps == 0


@pytest.mark.parametrize(
    ("key", "values", "message"),
    [
        ("tasks", ["hopper-medium", "hoper"], r"suites\.mujoco\.tasks: unknown task 'hoper'"),
        ("methods", ["dt", "td3"], r"suites\.mujoco\.methods: unknown method 'td3'"),
        ("table", "trial", r"suites\.mujoco\.table: unknown table 'trial'"),
        (
            "method_seeds",
            {"cql": [0]},
            r"suites\.mujoco\.method_seeds: unknown method of the suite 'cql'",
        ),
    ],
    ids=["task", "method", "table", "seeds of a method"],
)
def test_unknown_names_are_refused_with_the_known_ones(
    config: dict[str, Any], root: Path, key: str, values: Any, message: str
) -> None:
    known = {
        "tasks": "hopper-medium-replay",
        "methods": "dt, bc, bc10, behaviour",
        "table": "time_to_score, trials",
        "method_seeds": "dt, bc, bc10, behaviour",
    }[key]
    config["suites"]["mujoco"][key] = values
    with pytest.raises(BadConfig, match=f"{message}; known: .*{known}"):
        make_plan(config, root)


def test_a_method_can_have_its_own_seeds() -> None:
    config = read("config.yaml")
    config["suites"]["mujoco"]["method_seeds"] = {"bc": [5], "dt": [0, 1, 2, 3]}
    check_config(config, SCHEMA)
    seeds: dict[str, set[int]] = {}
    for run in make_plan(config).runs["mujoco"]:
        seeds.setdefault(run.method, set()).add(run.seed)
    assert seeds["bc"] == {5}
    assert seeds["dt"] == {0, 1, 2, 3}
    assert seeds["cql"] == {0, 1, 2}


def test_null_options_are_the_modules_defaults() -> None:
    config = read("config.yaml")
    assert make_plan(config).variants["dt"].options
    config["methods"]["dt"]["options"] = None
    check_config(config, SCHEMA)
    assert make_plan(config).variants["dt"].options == {}


def test_a_run_of_two_suites_is_run_once(config: dict[str, Any], root: Path) -> None:
    config["suites"]["again"] = config["suites"]["mujoco"] | {"seeds": [1, 2]}
    plan = make_plan(config, root)
    runs = plan.all_runs()
    assert len(runs) == len(set(runs)) == 2 * 4 * 3
    assert runs[:16] == plan.runs["mujoco"]


def test_options_are_spelt_the_same_in_any_order(config: dict[str, Any], root: Path) -> None:
    texts = []
    for options in ({"width": 8, "layers": 2}, {"layers": 2, "width": 8}):
        config["methods"]["bc"]["options"] = options
        texts.append(make_plan(config, root).variants["bc"].options_json("hopper"))
    assert texts == ['{"layers": 2, "width": 8}'] * 2


def test_the_same_config_gives_the_same_plan(config: dict[str, Any], root: Path) -> None:
    assert make_plan(config, root) == make_plan(copy.deepcopy(config), root)


def test_a_task_may_have_options_of_its_own() -> None:
    dt = make_plan(read("config.yaml")).variants["dt-episode"]
    small, large = (json.loads(dt.options_json(f"key_to_door-{kind}")) for kind in ("1k", "10k"))
    assert (small["dropout"], small["weight_decay"]) == (0.1, 0.5)
    assert (large["dropout"], large["weight_decay"]) == (0.0, 0.1)
    assert small | {"dropout": 0.0, "weight_decay": 0.1} == large


def test_a_suite_with_a_diagnostic_has_its_records() -> None:
    plan = make_plan(read("config.yaml"))
    names = [path.name for path in plan.records("critic")]
    assert names == ["result.json"] * 3 + ["critic.json"] * 3
