"""bench/report/claims/obstacles.py: what is known before anything runs."""

from __future__ import annotations

from typing import Any

import pytest

from bench.report.claims.gate import Gate
from bench.report.claims.obstacles import all_obstacles, data_sets_of, obstacles, runs_of, seeds_of
from bench.runs.plan import make_plan
from tests.helpers.claims import check, config
from tests.helpers.evidence import MEDIUM, REPLAY


def found(given: dict[str, Any], **changes: Any) -> list[str]:
    return obstacles(check(**changes), make_plan(given), given)


def test_a_check_that_can_be_decided_has_no_obstacle() -> None:
    assert found(config(), gate=Gate(("cql",)), min_data_sets=3) == []
    assert found(config(), statistic="difference_at_equal_cost") == []


@pytest.mark.parametrize(
    ("suites", "changes", "message"),
    [
        ({}, {"suite": "atari"}, "suite `atari` is not in the config"),
        ({"mujoco": {"seeds": [4]}}, {}, "1 seed(s), needs 3"),
        ({"mujoco": {"seeds": [0, 1]}}, {}, "2 seed(s), needs 3"),
        ({}, {"min_data_sets": 6}, "3 data set(s), needs 6"),
        ({"mujoco": {"methods": ["dt", "bc"]}}, {}, "suite `mujoco` does not run cql"),
        (
            {},
            {"statistic": "slope", "arguments": {"method": "dt"}},
            "suite `mujoco` has no `sweep: true`",
        ),
        (
            {},
            {"statistic": "measured", "arguments": {"method": "dt", "measure": "auc", "group": ""}},
            "suite `mujoco` has no `diagnostic`",
        ),
        (
            {},
            {"statistic": "reward_difference", "arguments": {"method": "cql"}},
            "suite `mujoco` does not have both rewards, dense and sparse",
        ),
        (
            {"mujoco": {"curve": False}},
            {"statistic": "difference_at_equal_cost"},
            "suite `mujoco` has `curve: false`",
        ),
        (
            {},
            {
                "statistic": "difference_on_fractions",
                "arguments": {"method": "dt", "against": "cql", "data_percents": [1, 10]},
            },
            "suite `mujoco` has no data set of this check",
        ),
        (
            {"mujoco": {"methods": ["dt", "cql"]}},
            {"gate": Gate(("cql",))},
            "the gate cannot be evaluated: no suite runs behaviour on hopper-medium-expert, hopper-medium, "
            "hopper-medium-replay; add it to the methods of suite `mujoco`",
        ),
        (
            {},
            {"gate": Gate(("cql",), suite="dense_cql")},
            "the gate cannot be evaluated: suite `dense_cql` does not run cql on all of the data",
        ),
        (
            {},
            {"gate": Gate(("cql",), reward="sparse")},
            "the gate cannot be evaluated: suite `mujoco` does not run cql on all of the data",
        ),
        (
            {"mujoco": {"data_percents": [10]}},
            {
                "statistic": "difference_on_fractions",
                "arguments": {"method": "dt", "against": "cql", "data_percents": [10]},
                "gate": Gate(("cql",)),
            },
            "the gate cannot be evaluated: suite `mujoco` does not run cql on all of the data",
        ),
    ],
)
def test_an_obstacle_is_one_line(
    suites: dict[str, Any], changes: dict[str, Any], message: str
) -> None:
    assert found(config(**suites), **changes) == [message]


def test_a_check_at_equal_cost_needs_snapshots() -> None:
    given = config() | {"training": {"steps": 9, "curve": []}}
    [line] = found(given, statistic="difference_at_equal_cost")
    assert "set training.curve and evaluation.curve_episodes" in line


def test_the_behaviour_of_another_suite_opens_a_gate() -> None:
    given = config(sparse={"methods": ["dt", "cql"], "tasks": [REPLAY]})
    assert found(given, suite="sparse", gate=Gate(("cql",))) == []


def test_the_suite_of_a_gate_needs_the_data_sets_of_the_check() -> None:
    given = config(dense_cql={"methods": ["cql"], "tasks": [REPLAY]})
    [line] = found(given, gate=Gate(("cql",), suite="dense_cql"))
    assert line.startswith("the gate cannot be evaluated: suite `dense_cql` has no run on hopper-")
    assert REPLAY not in line.partition(" on ")[2].split(", ")


def test_the_runs_of_a_check() -> None:
    plan = make_plan(config(mujoco={"rewards": ["dense", "sparse"], "data_percents": [1, 10, 100]}))
    runs = runs_of(check(), plan)
    assert {(run.method, run.reward, run.data_percent) for run in runs} == {
        ("dt", "dense", 100.0),
        ("cql", "dense", 100.0),
    }
    assert (seeds_of(check(), runs), data_sets_of(check(), runs)) == ((3, 3), 3)
    medium = check(arguments={"method": "dt", "against": "bc", "kinds": ["medium"]})
    assert {run.task for run in runs_of(medium, plan)} == {MEDIUM}
    few = {"method": "dt", "against": "bc", "data_percents": [1, 10]}
    fractions = check(statistic="difference_on_fractions", arguments=few)
    runs = runs_of(fractions, plan)
    assert {run.data_percent for run in runs} == {1.0, 10.0}
    assert data_sets_of(fractions, runs) == 3
    sparse = check(statistic="reward_difference", arguments={"method": "cql"})
    assert {run.reward for run in runs_of(sparse, plan)} == {"dense", "sparse"}


def test_the_seeds_of_each_arm() -> None:
    given = config(mujoco={"method_seeds": {"cql": [0, 1]}})
    runs = runs_of(check(), make_plan(given))
    assert {run.method: run.seed for run in runs} == {"dt": 2, "cql": 1}
    assert seeds_of(check(), runs) == (3, 2)
    assert seeds_of(check(), []) == (0, 0)
    assert obstacles(check(), make_plan(given), given) == ["2 seed(s), needs 3"]


def test_a_number_of_a_seed_needs_the_seeds_that_all_methods_have() -> None:
    axes = {"data_percents": [1, 10, 100], "method_seeds": {"dt": [0, 1, 2], "bc": [2, 3, 4]}}
    given = config(mujoco=axes)
    arguments = {"method": "dt", "against": "bc", "data_percents": [1, 10]}
    few = check(statistic="difference_on_fractions", arguments=arguments)
    assert seeds_of(few, runs_of(few, make_plan(given))) == (1,)
    assert obstacles(few, make_plan(given), given) == ["1 seed(s), needs 3"]
    lead = {"method": "dt", "against": "bc", "data_percent": 1}
    runs = runs_of(check(statistic="lead_on_few_data", arguments=lead), make_plan(given))
    assert {run.data_percent for run in runs} == {1.0, 100.0}


def test_every_obstacle_of_a_config_is_listed() -> None:
    given = config(mujoco={"seeds": [0]})
    lines = all_obstacles(make_plan(given), given)
    assert "C1, DT - CQL: cannot be decided at scale test: 1 seed(s), needs 3" in lines
    assert any(line.startswith("C2, ") and "suite `atari` is not" in line for line in lines)
    assert len(lines) == len(set(lines))
    assert all("\n" not in line for line in lines)


def test_a_pair_of_data_sets_counts_once_and_others_do_not() -> None:
    pair = ["hopper_positions-medium", "hopper-medium"]
    given = config(mujoco={"tasks": [*pair, "walker2d_positions-medium", "walker2d-medium-replay"]})
    arguments = {"method": "dt", "against": "cql", "family": "positions", "base": "mujoco"}
    changes = {"statistic": "interaction", "arguments": arguments}
    one, plan = check(**changes), make_plan(given)
    assert {run.task for run in runs_of(one, plan)} == set(pair)
    assert data_sets_of(one, runs_of(one, plan)) == 1
    assert found(given, min_data_sets=1, **changes) == []
    assert found(given, min_data_sets=2, **changes) == ["1 data set(s), needs 2"]
    assert found(config(), **changes) == ["suite `mujoco` has no data set of this check"]
