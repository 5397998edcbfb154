"""Scale trials: the same number of trials for each method, on what nothing that is reported uses."""

from __future__ import annotations

import itertools

import pandas as pd
import pytest

from bench.core.code import ROOT
from bench.runs.plan import Plan, make_plan
from tests.bench.runs.test_plan_scales import configured
from tests.helpers.plan import read

KEPT = ROOT / "reports/reference/trials"
TRIED = {
    "dt": "dt",
    "cql": "cql",
    "iql": "iql",
    "td3bc": "td3_bc",
    "bc": "bc",
    "bc10": "percent_bc",
}
LATER = {"rvs": "rvs"}  # its trials are a suite of their own
TRIED_ON_ATARI = {"dt-atari": "DT", "cql-atari": "CQL", "bc-atari": "BC", "bc10-atari": "10%BC"}


@pytest.fixture(scope="module")
def trials() -> Plan:
    return make_plan(read("config.yaml", "trials.yaml"))


def test_each_method_has_twenty_different_trials(trials: Plan) -> None:
    names = list(dict.fromkeys(run.method for run in trials.runs["trials"]))
    assert names == [f"{method}-t{n:02d}" for method in TRIED for n in range(1, 21)]
    for method, module in TRIED.items():
        settings = [configured(trials, name) for name in names if name.split("-t")[0] == method]
        assert all(one != other for one, other in itertools.combinations(settings, 2)), method
        assert {trials.variants[f"{method}-t{n:02d}"].module for n in range(1, 21)} == {module}


def test_rvs_has_as_many_trials_as_the_others_and_on_the_same_data(trials: Plan) -> None:
    runs, others = trials.runs["trials_rvs"], trials.runs["trials"]
    names = [f"rvs-t{n:02d}" for n in range(1, 21)]
    assert list(dict.fromkeys(run.method for run in runs)) == names
    settings = [configured(trials, name) for name in names]
    assert all(one != other for one, other in itertools.combinations(settings, 2))
    assert {trials.variants[name].module for name in names} == {"rvs"}
    assert {(run.task, run.reward, run.data_percent, run.seed) for run in runs} == {
        (run.task, run.reward, run.data_percent, run.seed) for run in others
    }


def test_rvs_is_in_table_2_of_desk() -> None:
    for scale in ("config", "smoke", "desk", "paper", "speed"):
        plan = make_plan(read(*dict.fromkeys(("config.yaml", f"{scale}.yaml"))))
        suites = {name for name, runs in plan.runs.items() for run in runs if run.method == "rvs"}
        # smoke has every method that another scale has
        assert suites == ({"mujoco"} if scale in ("desk", "smoke") else set())


def test_on_atari_each_method_has_six_different_trials_in_the_same_games(trials: Plan) -> None:
    runs = trials.runs["trials_atari"]
    assert [run.method for run in runs if run.task == "pong-replay"] == [
        f"{method}-t{n:02d}" for method in TRIED_ON_ATARI for n in range(1, 7)
    ]
    assert {run.task for run in runs} == {"breakout-replay", "pong-replay"}
    for method, label in TRIED_ON_ATARI.items():
        names = [f"{method}-t{n:02d}" for n in range(1, 7)]
        settings = [configured(trials, name) for name in names]
        assert all(one != other for one, other in itertools.combinations(settings, 2)), method
        assert [trials.variants[name].label.split(",")[0] for name in names] == [label] * 6
    # BC is DT's network without returns-to-go, so both are tried with the same settings
    for n in range(1, 7):
        dt, bc = (configured(trials, f"{name}-t{n:02d}") for name in ("dt-atari", "bc-atari"))
        assert dt | {"returns": False} == bc
        assert configured(trials, f"bc10-atari-t{n:02d}") == bc | {"top_percent": 10}


def test_trials_share_nothing_with_the_scales_that_report(trials: Plan) -> None:
    config = read("config.yaml", "trials.yaml")
    assert config["evaluation"]["episode_list"] == "trials"
    for suite in ("trials", "trials_atari"):
        assert {run.seed for run in trials.runs[suite]} == {1000}
        assert trials.tables[suite] == "trials"
    for scale in ("config", "smoke", "desk", "paper", "speed"):
        other = read(*dict.fromkeys(("config.yaml", f"{scale}.yaml")))
        assert other["data"]["seed"] != config["data"]["seed"]
        assert "episode_list" not in other["evaluation"]
        assert max(run.seed for run in make_plan(other).all_runs()) < 1000


def test_the_page_counts_the_trials_that_ran(trials: Plan) -> None:
    """Of those that the config has. Tables of a suite are kept once it has run."""
    page = (ROOT / "docs/trials.md").read_text()
    labels = dict(zip(TRIED, ("DT", "CQL", "IQL", "TD3+BC", "BC", "10%BC"), strict=True))
    for suite, methods, family in (
        ("trials", labels, "MuJoCo"),
        ("trials_rvs", {"rvs": "RvS-R"}, "MuJoCo"),
        ("trials_atari", TRIED_ON_ATARI, "Atari"),
    ):
        ran = (KEPT / suite / "trials.md").exists()
        names = {run.method for run in trials.runs[suite]}
        for method, label in methods.items():
            count = sum(name.rpartition("-t")[0] == method for name in names)
            assert f"| {label}, {family} | {count if ran else 0} of {count} |" in page


def test_the_finalists_are_the_five_best_of_each_method(trials: Plan) -> None:
    kept = pd.read_csv(KEPT / "trials/trials.csv")
    every = pd.concat([kept, pd.read_csv(KEPT / "trials_rvs/trials.csv")])
    best = [
        name
        for method in dict.fromkeys(every["method"])
        for name in every[every["method"] == method]
        .sort_values(["score", "trial"], ascending=[False, True])["trial"]
        .head(5)
    ]
    assert list(dict.fromkeys(run.method for run in trials.runs["finals"])) == best
    assert {run.seed for run in trials.runs["finals"]} == {1000, 1001}
    assert {run.task for run in trials.runs["finals"]} == {
        run.task for run in trials.runs["trials"]
    }


def test_quick_has_the_settings_of_the_best_finalist(trials: Plan) -> None:
    kept = pd.read_csv(KEPT / "finals/trials.csv")
    quick = make_plan(read("config.yaml"))
    desk = make_plan(read("config.yaml", "desk.yaml"))
    for method in TRIED | LATER:
        chosen = desk if method in LATER else quick
        own = kept[kept["trial"].str.rpartition("-t")[0] == method]
        best = own.loc[own["score"].idxmax(), "trial"]
        assert configured(chosen, method) == configured(trials, best), method
        if method in TRIED:  # desk has the settings of quick, and more updates
            assert quick.variants[method].steps == trials.variants[best].steps, method
        label, score, std = own.loc[own["trial"] == best, ["method", "score", "std"]].iloc[0]
        row = f"| {label} | {best} | {score:.1f} | {std:.1f} |"
        assert row in (ROOT / "docs/trials.md").read_text()


def test_quick_has_the_settings_of_the_best_trial_on_atari(trials: Plan) -> None:
    kept = pd.read_csv(KEPT / "trials_atari/trials.csv")
    quick = make_plan(read("config.yaml"))
    for method in TRIED_ON_ATARI:
        own = kept[kept["trial"].str.rpartition("-t")[0] == method]
        best = own.loc[own["score"].idxmax(), "trial"]
        assert configured(quick, method) == configured(trials, best), method
        assert quick.variants[method].steps == trials.variants[best].steps, method
        label, score = own.loc[own["trial"] == best, ["method", "score"]].iloc[0]
        assert f"| {label} | {best} | {score:.1f} |" in (ROOT / "docs/trials.md").read_text()


def test_the_runs_with_more_updates_differ_from_quick_in_nothing_else(trials: Plan) -> None:
    quick = make_plan(read("config.yaml"))
    updates = {
        name: trials.variants[name].steps
        for name in dict.fromkeys(run.method for run in trials.runs["updates"])
    }
    steps = quick.variants["dt"].steps
    assert updates == {"dt-t05": steps, "dt-x2": 2 * steps, "dt-x4": 4 * steps}
    assert all(configured(trials, name) == configured(quick, "dt") for name in updates)
    assert {run.seed for run in trials.runs["updates"]} == {1000, 1001, 1002}
    assert {run.task for run in trials.runs["updates"]} == {
        run.task for run in quick.runs["variants"]
    }
