from __future__ import annotations

import copy
import itertools
import json
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import yaml
from snakemake.utils import update_config

from bench.core.code import OWN, ROOT
from bench.methods.loader import load_method
from bench.paper import cells
from bench.report.artifacts.registry import check_artifacts
from bench.runs.plan import BadConfig, Plan, check_config, found_modules, make_plan
from bench.tasks.registry import FAMILIES, tasks_of
from tests.conftest import CONFIG

ATARI, MUJOCO = tasks_of("atari"), tasks_of("mujoco")
GAMES = tuple(FAMILIES["atari"].domains)


def read(*names: str) -> dict[str, Any]:
    """Merge files of config/ as Snakemake does."""
    config: dict[str, Any] = {}
    for name in names:
        update_config(config, yaml.safe_load((ROOT / "config" / name).read_text()))
    return config


@pytest.fixture
def config() -> dict[str, Any]:
    return copy.deepcopy(CONFIG)


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "baselines").mkdir()
    for name in ("__init__", "_template", "bc", "behaviour"):
        (tmp_path / "baselines" / f"{name}.py").touch()
    return tmp_path


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
        asked = itertools.product(
            axes["tasks"], axes["rewards"], axes["data_percents"], axes["methods"], axes["seeds"]
        )
        runs = [
            (run.task, run.reward, run.data_percent, run.method, run.seed)
            for run in plan.runs[suite]
        ]
        assert runs == list(asked)
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


def configured(plan: Plan, name: str) -> dict[str, Any]:
    """Return every hyperparameter of a method, defaults included."""
    variant = plan.variants[name]
    return asdict(load_method(variant.module).configure(variant.options))


def test_on_atari_desk_leaves_d3rlpys_settings_alone_but_for_the_frames() -> None:
    plan = make_plan(read("config.yaml", "desk.yaml"))
    expected = D3RLPYS_ON_ATARI | {"standardise_frames": True}
    assert configured(plan, "cql-atari").items() >= expected.items()


@pytest.mark.parametrize("scale", ["config.yaml", "desk.yaml"])
def test_on_atari_one_step_of_context_warms_up_as_long_as_many(scale: str) -> None:
    plan = make_plan(read(*dict.fromkeys(("config.yaml", scale))))
    many, one = (plan.variants[name].options for name in ("dt-atari", "dt-atari-k1"))
    assert (one["context_length"], one["batch_size"]) == (1, many["batch_size"])
    assert one["warmup_tokens"] == many["warmup_tokens"] // many["context_length"]


def test_atari_at_the_papers_scale_is_table_8() -> None:
    config = read("config.yaml", "paper.yaml")
    plan = make_plan(config)
    dt, bc, short = (plan.variants[name] for name in ("dt-atari", "bc10-atari", "dt-atari-k1"))
    assert dt.options == {}
    assert bc.options == {"returns": False, "top_percent": 10}
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
    for name, variant in smoke.variants.items():
        assert (variant.label, variant.module, variant.quoted) == (
            quick.variants[name].label,
            quick.variants[name].module,
            quick.variants[name].quoted,
        )


@pytest.mark.parametrize("scale", ["desk.yaml", "paper.yaml"])
def test_reacher_has_a_shorter_context_where_others_have_the_papers(scale: str) -> None:
    dt = make_plan(read("config.yaml", scale)).variants["dt"]
    defaults = {"context_length": 20}
    for domain, expected in {"hopper": 20, "walker2d": 20, "reacher2d": 5}.items():
        assert (defaults | json.loads(dt.options_json(domain)))["context_length"] == expected


def test_the_paper_scale_is_the_authors_settings() -> None:
    plan = make_plan(read("config.yaml", "paper.yaml"))
    assert len(plan.runs["mujoco"]) == 12 * 6 * 3
    assert {run.task for run in plan.runs["mujoco"]} == set(MUJOCO)
    for name in ("dt", "cql", "bc"):
        assert plan.variants[name].options == {}
    assert plan.variants["bc10"].options == {
        "top_percent": 10,
        "learning_rate": 1e-4,
        "warmup_steps": 10_000,
    }
    assert (plan.variants["dt"].steps, plan.variants["bc"].steps) == (100_000, 25_000)
    # the other preset asks for the first target of the authors' code and has its K everywhere
    code = plan.variants["dt-code"]
    assert json.loads(code.options_json("halfcheetah")) == {"target_return": 12_000}
    assert json.loads(code.options_json("hopper")) == {}
    assert json.loads(code.options_json("reacher2d")) == {"context_length": 20, "target_return": 76}
    assert plan.variants["dt-paper"].options == {"warmup_steps": 100_000}


def test_every_option_of_every_scale_is_one_that_its_module_takes() -> None:
    for scale in ("smoke", "desk", "paper"):
        for variant in make_plan(read("config.yaml", f"{scale}.yaml")).variants.values():
            method = load_method(variant.module)
            for domain in ("hopper", "reacher2d", "halfcheetah", "pong"):
                options = json.loads(variant.options_json(domain))
                config = method.configure(options)
                assert {name: getattr(config, name) for name in options} == options


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
    for name, change, lack in (
        ("figure4", {"sweep": False}, "`sweep: true`"),
        ("table2", {"rewards": ["sparse"]}, "dense among its rewards"),
        ("table7", {"data_percents": [10]}, "100 among its data_percents"),
    ):
        config["suites"]["targets"] = suite | {"artifacts": [name], "sweep": True} | change
        with pytest.raises(BadConfig, match=f"targets\\.artifacts: {name} needs {lack}"):
            check_artifacts(config)
    config["suites"]["targets"] = suite | {"artifacts": ["figure9"]}
    with pytest.raises(
        BadConfig, match=r"targets\.artifacts: unknown artifact 'figure9'; known: table2, "
    ):
        check_artifacts(config)


def test_a_suite_may_be_closed_to_dropped_modules(config: dict[str, Any], root: Path) -> None:
    config["suites"]["closed"] = config["suites"]["mujoco"] | {"baselines": False}
    (root / "baselines" / "mine.py").touch()
    plan = make_plan(config, root)
    assert "mine" in {run.method for run in plan.runs["mujoco"]}
    assert "mine" not in {run.method for run in plan.runs["closed"]}


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
    ],
    ids=["task", "method"],
)
def test_unknown_names_are_refused_with_the_known_ones(
    config: dict[str, Any], root: Path, key: str, values: list[str], message: str
) -> None:
    known = {"tasks": "hopper-medium-replay", "methods": "dt, bc, bc10, behaviour"}[key]
    config["suites"]["mujoco"][key] = values
    with pytest.raises(BadConfig, match=f"{message}; known: .*{known}"):
        make_plan(config, root)


def test_an_unknown_module_is_refused_with_the_known_ones(
    config: dict[str, Any], root: Path
) -> None:
    config["methods"]["bc"]["module"] = "mlp"
    message = (
        r"methods\.bc\.module: unknown module 'mlp'; known: dt, dt_atari, dt_graph, bc, behaviour"
    )
    with pytest.raises(BadConfig, match=message):
        make_plan(config, root)


def test_a_dropped_module_is_in_every_suite_and_goes_again(
    config: dict[str, Any], root: Path
) -> None:
    config["suites"]["second"] = config["suites"]["mujoco"] | {"tasks": ["hopper-medium-replay"]}
    before = make_plan(config, root)
    (root / "baselines" / "mine.py").write_text("this is not Python")
    after = make_plan(config, root)
    for suite in ("mujoco", "second"):
        assert {run.method for run in after.runs[suite]} >= {"mine", "dt"}
        # nobody else's runs change
        assert [run for run in after.runs[suite] if run.method != "mine"] == list(
            before.runs[suite]
        )
    assert list(after.variants) == ["dt", "bc", "bc10", "behaviour", "mine"]
    mine = after.variants["mine"]
    assert (mine.module, mine.label, mine.steps, mine.options) == ("mine", "mine", 50, {})
    assert mine.quoted is None
    (root / "baselines" / "mine.py").unlink()
    assert make_plan(config, root) == before


def test_a_dropped_module_may_be_named_by_a_suite(config: dict[str, Any], root: Path) -> None:
    (root / "baselines" / "mine.py").touch()
    config["suites"]["mujoco"]["methods"] = ["mine", "dt"]
    plan = make_plan(config, root)
    assert list(plan.variants) == ["mine", "dt"]
    assert len(plan.runs["mujoco"]) == 8


def test_a_file_with_the_name_of_a_variant_is_refused(config: dict[str, Any], root: Path) -> None:
    (root / "baselines" / "mine.py").touch()
    config["methods"]["mine"] = {"module": "bc", "label": "Mine"}
    with pytest.raises(
        BadConfig, match=r"methods\.mine: .* has the same name as baselines/mine\.py"
    ):
        make_plan(config, root)


def test_null_options_are_the_modules_defaults() -> None:
    config = read("config.yaml")
    assert make_plan(config).variants["dt"].options
    config["methods"]["dt"]["options"] = None
    check_config(config, SCHEMA)
    assert make_plan(config).variants["dt"].options == {}


SCHEMA = ROOT / "workflow/schemas/config.schema.yaml"


@pytest.mark.parametrize(
    "names",
    [("config.yaml",), *(("config.yaml", f"{name}.yaml") for name in ("smoke", "desk", "paper"))],
    ids="/".join,
)
def test_the_configs_here_pass_the_schema(names: tuple[str, ...]) -> None:
    check_config(read(*names), SCHEMA)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda c: c.update(seeds=[1]), r"unknown key 'seeds' at top level; known: .*suites"),
        (lambda c: c["data"].update(size=1), r"unknown key 'size' in data; known: source, steps"),
        (lambda c: c.pop("device"), r"top level: 'device' is a required property"),
        (lambda c: c.update(device="tpu"), r"device: 'tpu'"),
        (lambda c: c["data"].update(steps="many"), r"data\.steps: 'many' is not of type 'integer'"),
        (
            lambda c: c["suites"]["mujoco"].update(data_percents=[0]),
            r"suites\.mujoco\.data_percents\.0: 0 is",
        ),
        (lambda c: c["suites"]["mujoco"].update(rewards=["x"]), r"suites\.mujoco\.rewards\.0: 'x'"),
        (lambda c: c["methods"]["dt"].update(step=1), r"unknown key 'step' in methods\.dt; known:"),
    ],
    ids=["key", "inner-key", "missing", "device", "type", "percent", "reward", "method-key"],
)
def test_a_config_against_the_schema_is_refused_with_the_place(
    change: Callable[[dict[str, Any]], Any], message: str
) -> None:
    wrong = read("config.yaml")
    change(wrong)
    with pytest.raises(BadConfig, match=f"config: {message}") as caught:
        check_config(wrong, SCHEMA)
    assert "\n" not in str(caught.value)


def test_a_declared_module_joins_no_suite_by_itself(config: dict[str, Any], root: Path) -> None:
    config["suites"]["mujoco"]["methods"] = ["dt"]
    assert list(make_plan(config, root).variants) == ["dt"]


@pytest.mark.parametrize("scale", ["config", "smoke", "desk", "paper", "speed"])
def test_every_module_of_this_suite_is_mentioned_and_joins_no_suite_by_itself(scale: str) -> None:
    config = read(*dict.fromkeys(("config.yaml", f"{scale}.yaml")))
    plan = make_plan(config)
    assert set(plan.variants) <= set(config["methods"])
    declared = {entry["module"] for entry in config["methods"].values() if "module" in entry}
    assert declared == {*OWN, *found_modules()}


def test_private_modules_are_no_methods(root: Path) -> None:
    assert found_modules(root) == ["dt", "bc", "behaviour"]


def test_the_repository_has_the_methods_of_the_paper() -> None:
    assert {"dt", "bc", "percent_bc", "cql", "discrete_cql", "uniform", "behaviour"} <= set(
        found_modules()
    )


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
    config = read("config.yaml")
    del config["suites"]["critic"]["diagnostic"]
    with pytest.raises(
        BadConfig, match=r"suites\.critic\.artifacts: figure5 needs `diagnostic: critic`"
    ):
        check_artifacts(config)
