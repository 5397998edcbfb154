"""The computed cost of a config, by hand."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from bench.report.cost_plan import Cost, cost_of, make, settings_on
from bench.report.step_costs import Record, measured, settings_of
from bench.runs.identity import Identity
from bench.runs.plan import Plan, make_plan
from tests.helpers.costs import record

TASKS = ["hopper-medium", "hopper-medium-replay"]
RUN = Identity("test", "hopper-medium", "dense", 100.0, "bc", 0)


def config(**suites: dict[str, Any]) -> dict[str, Any]:
    axes = {
        "tasks": TASKS,
        "methods": ["bc"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0, 1],
        "baselines": False,
    }
    return {
        "name": "test",
        "device": "cpu",
        "suites": {name: axes | own for name, own in suites.items()},
        "training": {"steps": 1000, "curve": [0.1, 0.5]},
        "evaluation": {
            "episodes": 20,
            "num_envs": 20,
            "curve_episodes": 10,
            "sweep_episodes": 5,
            "sweep_points": 2,
            "domains": {},
        },
        "methods": {"bc": {"module": "bc"}, "bc10": {"module": "percent_bc"}},
    }


@pytest.fixture
def records() -> list[Record]:
    """0.05 s an update, 0.005 s a step, 3 s of start; an episode of hopper-medium takes 200 steps."""
    settings = settings_of("bc", {}, "cpu")
    return [record(settings=settings), record(settings=settings, task="hopper-medium-replay")]


def planned(given: dict[str, Any]) -> Plan:
    return make_plan(given)


def test_a_run_by_hand(records: list[Record]) -> None:
    """An episode costs 200 * 0.005 = 1 s. Two points of ten episodes; nine targets of five."""
    given = config(main={})
    known = measured(records, "bc", {}, "hopper")
    assert known is not None
    cost = cost_of(RUN, planned(given), given, known)
    # 2 targets of the grid, and 7 multiples of the best return
    assert cost == Cost(50.0, 20.0, 20.0, 45.0, pytest.approx(3.0))
    assert cost.total == pytest.approx(138)


def test_a_run_without_a_curve_costs_no_points(records: list[Record]) -> None:
    given = config(main={"curve": False})
    known = measured(records, "bc", {}, "hopper")
    assert known is not None
    assert cost_of(RUN, planned(given), given, known).curve == 0


def test_settings_of_a_domain_come_first(records: list[Record]) -> None:
    given = config(main={})
    given["evaluation"]["domains"] = {"hopper": {"episodes": 2, "max_steps": 50}}
    assert settings_on(given, "hopper-medium")["episodes"] == 2
    assert settings_on(given, "walker2d-medium")["episodes"] == 20
    known = measured(records, "bc", {}, "hopper")
    assert known is not None
    assert cost_of(RUN, planned(given), given, known).evaluation == pytest.approx(2 * 50 * 0.005)


def test_an_unknown_length_is_the_longest(records: list[Record]) -> None:
    given = config(main={"tasks": ["hopper-medium-expert"]})
    known = measured(records, "bc", {}, "hopper")
    assert known is not None
    run = Identity("test", "hopper-medium-expert", "dense", 100.0, "bc", 0)
    assert cost_of(run, planned(given), given, known).evaluation == pytest.approx(20 * 1000 * 0.005)


def test_the_table_counts_a_shared_run_once_and_its_sweep_where_it_is_asked_for(
    records: list[Record],
) -> None:
    given = config(main={}, targets={"tasks": TASKS[:1], "sweep": True}, again={"sweep": True})
    table = make(planned(given), given, records, [2, 8], ["main", "targets", "again"])
    numbers = table.numbers.set_index("suite")
    assert numbers["runs"].to_dict() == {"main": 4, "targets": 2, "again": 4, "total": 4}
    assert numbers["shared"].to_dict() == {"main": 0, "targets": 2, "again": 4, "total": 0}
    # 93 s a run without its sweep of 45 s
    expected = {"main": 4 * 93, "targets": 2 * 45, "again": 2 * 45, "total": 4 * 138}
    assert {k: 3600 * v for k, v in numbers["core_hours"].items()} == pytest.approx(expected)
    assert 3600 * numbers.loc["total", "hours_on_2_cores"] == pytest.approx(4 * 138 / 2)
    assert 3600 * numbers.loc["main", "hours_on_8_cores"] == pytest.approx(93)  # the longest run
    assert table.body[0][-3:] == ["0.10", "3 min", "2 min"]
    assert table.foot == 1


def test_a_method_without_a_measurement_has_a_clear_line(records: list[Record]) -> None:
    given = config(main={"methods": ["bc", "bc10"]})
    table = make(planned(given), given, records, [2], ["main"])
    assert (
        "No measurement: bc10 on hopper; 4 runs are not in the numbers. `bench cost --plan --measure` measures them."
        in table.notes
    )
    assert table.body[-1][3] == "4"
    assert table.body[-1][-2:] == ["at least 0.10", "at least 3 min"]


def test_other_settings_are_named(records: list[Record]) -> None:
    given = copy.deepcopy(config(main={}))
    given["methods"]["bc"]["options"] = {"width": 7}
    table = make(planned(given), given, records, [2], ["main"])
    assert any("bc on hopper (measured with width 256); 4 runs" in note for note in table.notes)
    assert table.numbers["core_hours"].tolist() == [0, 0]


def test_measurements_and_what_is_left_out_are_listed(records: list[Record]) -> None:
    given = config(main={})
    table = make(planned(given), given, records, [2], ["main"])
    assert table.notes[-1] == (
        "bc, milliseconds an update and a step of one environment: hopper 50.00 and 5.00 (2 runs, records of quick)."
    )
    old = [record(settings=settings_of("bc", {}, "cpu"), start=math.nan)]
    table = make(planned(given), given, old, [2], ["main"])
    assert any("counts as 0" in note for note in table.notes)
    assert table.numbers["start_core_hours"].tolist() == [0, 0]


def test_diagnostics_are_said_to_be_missing(records: list[Record]) -> None:
    given = config(main={"diagnostic": "critic"})
    table = make(planned(given), given, records, [2], ["main"])
    assert "Without their diagnostics: main." in table.notes
