"""The computed cost of one run, by hand."""

from __future__ import annotations

from typing import Any

import pytest

from bench.report.run_cost import Cost, cost_of, settings_on
from bench.report.step_costs import Record, measured, settings_of
from bench.runs.identity import Identity
from bench.runs.plan import Plan, make_plan
from tests.helpers.costs import RUN, config, record


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
