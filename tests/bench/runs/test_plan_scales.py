"""What the configs of the repository plan: methods, options and steps at each scale."""

from __future__ import annotations

import itertools
import json
from dataclasses import asdict
from typing import Any

import pytest

from bench.core.code import OWN
from bench.methods.loader import load_method
from bench.paper import cells
from bench.runs.plan import Plan, found_modules, make_plan
from bench.runs.schema import check_config, remove_null_suites
from bench.tasks.registry import tasks_of
from tests.helpers.plan import GAMES, SCHEMA, read

ATARI, MUJOCO = tasks_of("atari"), tasks_of("mujoco")

# github.com/takuseno/d3rlpy at v2.8.1, reproductions/offline/discrete_cql.py
D3RLPYS_ON_ATARI = {
    "batch_size": 32,
    "learning_rate": 5e-5,
    "adam_epsilon": 1e-2 / 32,
    "conservative_weight": 4,
    "quantiles": 200,
    "target_interval": 2000,
    "epsilon": 0.001,
    "precision": "float32",
    "standardise_frames": False,
}


@pytest.mark.parametrize(
    "names",
    [("config.yaml",), *(("config.yaml", f"{name}.yaml") for name in ("smoke", "desk", "paper"))],
    ids="/".join,
)
def test_every_combination_is_a_run_once(names: tuple[str, ...]) -> None:
    config = read(*names)
    plan = make_plan(config)
    assert plan.scale == config["name"]
    for suite, axes in config["suites"].items():
        axes_of_runs = (axes[key] for key in ("tasks", "rewards", "data_percents", "methods"))
        asked = [
            combination
            for combination in itertools.product(*axes_of_runs, range(100))
            # these two read no rewards, so their dense runs serve for both
            if combination[1] == "dense" or combination[3] not in {"bc", "bc10"}
            if combination[4] in axes.get("method_seeds", {}).get(combination[3], axes["seeds"])
        ]
        runs = [
            (run.task, run.reward, run.data_percent, run.method, run.seed)
            for run in plan.runs[suite]
        ]
        assert runs == asked
        assert {run.scale for run in plan.runs[suite]} == {config["name"]}


def test_the_default_config_compares_the_methods_of_the_paper() -> None:
    variants = make_plan(read("config.yaml")).variants
    assert {"dt", "cql", "bc", "bc10", "uniform", "behaviour"} <= set(variants)
    assert variants["dt"].module == "dt"
    assert variants["bc10"].module == "percent_bc"
    assert variants["uniform"].quoted == ("Table 6", "Random")  # the one table that has it


def test_every_percent_bc_of_table_3_is_declared() -> None:
    config = read("config.yaml")
    for name in ("bc10", "bc25", "bc40", "bc100"):
        variant = make_plan(config).variants[name]
        share = name.removeprefix("bc")
        assert variant.options["top_percent"] == int(share)
        assert variant.quoted == ("Table 3", f"{share}%BC")


def test_declared_methods_stand_beside_columns_that_the_paper_has() -> None:
    printed = {(table, method) for table, _, method in cells()}
    quoted = {
        name: (entry["quoted"]["table"], entry["quoted"]["method"])
        for name, entry in read("config.yaml")["methods"].items()
        if "quoted" in entry
    }
    assert {"dt", "cql", "bc", "bc10", "dt-episode", "dt-atari", "uniform"} <= set(quoted)
    assert {name: column for name, column in quoted.items() if column not in printed} == {}


def configured(plan: Plan, name: str) -> dict[str, Any]:
    """Return every hyperparameter of a method, defaults included."""
    variant = plan.variants[name]
    return asdict(load_method(variant.module).configure(variant.options))


def test_the_methods_of_open_questions_have_the_settings_of_cql_at_desk() -> None:
    config = read("config.yaml", "open.yaml", "desk.yaml", "layers/open_desk.yaml")
    remove_null_suites(config)
    plan = make_plan(config)
    cql = configured(plan, "cql")
    for name in ("cql-rtg", "cql-scaled"):
        own = configured(plan, name)
        assert {key: own[key] for key in cql} == cql
        assert plan.variants[name].steps == plan.variants["cql"].steps


def test_desk_has_the_settings_of_quick_and_more_updates() -> None:
    """Trials chose the settings of quick; those of desk are no others, but for two of CQL from trials with more
    updates.
    """
    quick, desk = make_plan(read("config.yaml")), make_plan(read("config.yaml", "desk.yaml"))
    changed = {"cql": {"schedule": "cosine", "average_decay": 0.99}}
    for name in ("dt", "cql", "iql", "td3bc", "bc", "bc10"):
        assert configured(desk, name) == configured(quick, name) | changed.get(name, {})
        assert desk.variants[name].steps > quick.variants[name].steps
    for name in ("dt-atari", "cql-atari", "bc-atari", "bc10-atari"):
        assert configured(desk, name) == configured(quick, name)
        assert desk.variants[name].steps > quick.variants[name].steps


@pytest.mark.parametrize("scale", ["config.yaml", "desk.yaml"])
def test_on_atari_one_step_of_context_learns_from_as_many_actions(scale: str) -> None:
    plan = make_plan(read(*dict.fromkeys(("config.yaml", scale))))
    many, one = (plan.variants[name].options for name in ("dt-atari", "dt-atari-k1"))
    assert one["context_length"] == 1
    assert one["batch_size"] == many["batch_size"] * many["context_length"]
    assert one["warmup_tokens"] == many["warmup_tokens"]


def test_atari_at_the_papers_scale_is_table_8() -> None:
    config = read("config.yaml", "paper.yaml")
    plan = make_plan(config)
    dt, bc, short = (plan.variants[name] for name in ("dt-atari", "bc10-atari", "dt-atari-k1"))
    assert dt.options == {}
    assert configured(plan, "bc10-atari") == configured(plan, "dt-atari") | {
        "returns": False,
        "top_percent": 10,
    }
    assert (
        json.loads(bc.options_json("pong-replay")).items()
        >= json.loads(dt.options_json("pong-replay")).items()
    )
    # 5 epochs of 500,000 windows
    for variant in (dt, bc, short):
        assert variant.steps_on("qbert-replay") == round(5 * 500_000 / 128)
        assert variant.steps_on("pong-replay") == round(5 * 500_000 / 512)
    pong = {"context_length": 50, "batch_size": 512}
    assert json.loads(dt.options_json("pong-replay")) == pong
    assert json.loads(dt.options_json("qbert-replay")) == {}
    alike = {"context_length": 1, "warmup_tokens": 10_240}
    assert json.loads(short.options_json("pong-replay")) == pong | alike
    assert configured(plan, "cql-atari").items() >= D3RLPYS_ON_ATARI.items()
    assert plan.artifacts["atari_percent_bc"] == ("table4", "table13")
    for game in GAMES:
        assert config["data"]["domains"][game] == {"source": "dqn_replay", "steps": 500_000}
        assert config["evaluation"]["domains"][game]["max_steps"] is None


@pytest.mark.parametrize("names", [("config.yaml",), ("config.yaml", "smoke.yaml")], ids="/".join)
def test_a_suite_of_games_runs_nothing_else(names: tuple[str, ...]) -> None:
    plan = make_plan(read(*names))
    for suite, runs in plan.runs.items():
        games = {run.task in ATARI for run in runs}
        assert games == {suite.startswith("atari")}


def test_a_scale_changes_what_it_names_and_nothing_else() -> None:
    quick, smoke = make_plan(read("config.yaml")), make_plan(read("config.yaml", "smoke.yaml"))
    assert smoke.scale == "smoke"
    assert smoke.variants["dt"].options["width"] == 32
    assert smoke.variants["dt"].steps < quick.variants["dt"].steps
    assert smoke.variants["bc10"].options["top_percent"] == 10
    desk = make_plan(read("config.yaml", "desk.yaml"))  # it has methods that quick does not run
    for name, variant in smoke.variants.items():
        known = (desk.variants | quick.variants)[name]
        assert (variant.label, variant.module, variant.quoted) == (
            known.label,
            known.module,
            known.quoted,
        )


@pytest.mark.parametrize(("scale", "method"), [("desk", "dt-large"), ("paper", "dt")])
def test_reacher_has_a_shorter_context_where_others_have_the_papers(
    scale: str, method: str
) -> None:
    dt = make_plan(read("config.yaml", f"{scale}.yaml")).variants[method]
    defaults = {"context_length": 20}
    for domain, expected in {"hopper": 20, "walker2d": 20, "reacher2d": 5}.items():
        assert (defaults | json.loads(dt.options_json(domain)))["context_length"] == expected


def test_the_paper_scale_is_the_authors_settings() -> None:
    plan = make_plan(read("config.yaml", "paper.yaml"))
    assert len(plan.runs["mujoco"]) == 12 * 8 * 3
    assert {run.task for run in plan.runs["mujoco"]} == set(MUJOCO)
    for name in ("dt", "cql", "iql", "td3bc", "bc", "bc10"):
        assert plan.variants[name].options == {}
    assert load_method("percent_bc").config().top_percent == 10
    assert (plan.variants["dt"].steps, plan.variants["bc"].steps) == (100_000, 25_000)
    # the other preset asks for the first target of the authors' code and has its K everywhere
    code = plan.variants["dt-code"]
    assert json.loads(code.options_json("halfcheetah")) == {"target_return": 12_000}
    assert json.loads(code.options_json("hopper")) == {}
    assert json.loads(code.options_json("reacher2d")) == {"context_length": 20, "target_return": 76}
    assert plan.variants["dt-warmup"].options == {"warmup_steps": 100_000}


def test_quick_and_desk_have_the_optimisation_of_dt_fast() -> None:
    fast = make_plan(read("config.yaml", "speed.yaml")).variants["dt-fast"].options
    optimisation = ("learning_rate", "warmup_steps", "schedule", "time_std", "average_decay")
    for scale in ("config", "desk"):
        plan = make_plan(read(*dict.fromkeys(("config.yaml", f"{scale}.yaml"))))
        options = plan.variants["dt"].options
        assert {name: options[name] for name in optimisation} == {
            name: fast[name] for name in optimisation
        }


def test_at_desk_a_variant_has_the_authors_optimisation_and_the_same_network() -> None:
    plan = make_plan(read("config.yaml", "desk.yaml"))
    authors, ours = configured(plan, "dt-paper"), configured(plan, "dt-large")
    defaults = asdict(load_method("dt").config())
    for name in ("schedule", "time_std", "average_decay"):
        assert authors[name] == defaults[name] != ours[name]
    for name in ("context_length", "layers", "heads", "width", "dropout", "batch_size"):
        assert authors[name] == defaults[name] == ours[name]
    assert {"dt-paper", "dt-large"} <= {run.method for run in plan.runs["presets"]}


def test_every_option_of_every_scale_is_one_that_its_module_takes() -> None:
    for scale in ("smoke", "desk", "paper", "speed", "trials"):
        for variant in make_plan(read("config.yaml", f"{scale}.yaml")).variants.values():
            method = load_method(variant.module)
            for domain in ("hopper", "reacher2d", "halfcheetah", "pong"):
                options = json.loads(variant.options_json(domain))
                config = method.configure(options)
                assert {name: getattr(config, name) for name in options} == options


@pytest.mark.parametrize(
    "names",
    [
        ("config.yaml",),
        *(
            ("config.yaml", f"{name}.yaml")
            for name in ("smoke", "desk", "paper", "speed", "trials")
        ),
    ],
    ids="/".join,
)
def test_the_configs_here_pass_the_schema(names: tuple[str, ...]) -> None:
    check_config(read(*names), SCHEMA)


@pytest.mark.parametrize("scale", ["config", "smoke", "desk", "paper", "speed", "trials"])
def test_every_module_of_this_suite_is_mentioned_and_joins_no_suite_by_itself(scale: str) -> None:
    config = read(*dict.fromkeys(("config.yaml", f"{scale}.yaml")))
    plan = make_plan(config)
    assert set(plan.variants) <= set(config["methods"])
    declared = {entry["module"] for entry in config["methods"].values() if "module" in entry}
    assert declared == {*OWN, *found_modules()}


def test_the_repository_has_the_methods_of_the_paper() -> None:
    assert {"dt", "bc", "percent_bc", "cql", "discrete_cql", "uniform", "behaviour"} <= set(
        found_modules()
    )
    assert {"iql", "td3_bc", "rvs"} <= set(found_modules())
