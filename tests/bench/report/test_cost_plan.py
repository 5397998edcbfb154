"""The computed cost of a config, by hand."""

from __future__ import annotations

import copy
import math
from typing import Any

import pytest

from bench.report.cost_plan import make
from bench.report.step_costs import Record, settings_of
from bench.runs.plan import Plan, make_plan
from tests.helpers.costs import TASKS, config, record


@pytest.fixture
def records() -> list[Record]:
    """0.05 s an update, 0.005 s a step, 3 s of start; an episode of hopper-medium takes 200 steps."""
    settings = settings_of("bc", {}, "cpu")
    return [record(settings=settings), record(settings=settings, task="hopper-medium-replay")]


def planned(given: dict[str, Any]) -> Plan:
    return make_plan(given)


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


def test_a_method_that_learns_online_is_measured_by_a_run_of_the_plan(
    records: list[Record],
) -> None:
    given = copy.deepcopy(config(main={"methods": ["online"]}))
    options = {"environment_steps": 20000}
    given["methods"]["online"] = {"module": "dt_online", "options": options}
    notes = make(planned(given), given, records, [2], ["main"]).notes
    [line] = [note for note in notes if note.startswith("No measurement: online")]
    assert line.endswith("so no short run measures it: one run of the plan does.")


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
