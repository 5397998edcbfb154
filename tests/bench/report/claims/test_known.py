"""bench/report/claims/known.py: the spread and the cost that a forecast assumes."""

from __future__ import annotations

import math
import statistics
from pathlib import Path

import pytest

from bench.core.files import write_json
from bench.report.claims.known import SPREAD, Assumed, Known, assumed, known_of, seconds_of_seed
from bench.report.scores import collect
from bench.runs import archive
from bench.runs.plan import Plan, make_plan
from bench.stats.intervals import ANY, CORRELATION, SHARE
from tests.conftest import write_scores
from tests.helpers.claims import check, config
from tests.helpers.evidence import EXPERT, MEDIUM, REPLAY

CELLS = {
    (EXPERT, "dt"): [60.0, 70.0, 80.0],  # standard deviation 10
    (EXPERT, "cql"): [50.0, 70.0, 90.0],
    (MEDIUM, "dt"): [40.0, 44.0, 48.0],
    (MEDIUM, "cql"): [40.0, 48.0, 56.0],
}


@pytest.fixture
def plan() -> Plan:
    return make_plan(config())


def evenly(*arms: float) -> dict[str, list[float]]:
    """The same spreads on every data set."""
    return {task: list(arms) for task in (EXPERT, MEDIUM, REPLAY)}


def test_recorded_spreads_stand_for_their_data_sets_and_their_mean_for_others(
    plan: Plan, tmp_path: Path
) -> None:
    known = Known("records", frames={"mujoco": collect(write_scores(tmp_path, CELLS), plan)})
    found = assumed(check(), plan, known)
    assert found.spreads[EXPERT] == pytest.approx([10, 20])
    assert found.spreads[MEDIUM] == pytest.approx([4, 8])
    mean = math.sqrt((100 + 16) / 2)  # root mean square
    assert found.spreads[REPLAY] == pytest.approx([mean, 2 * mean])
    assert (found.within, found.measured, found.remark) == (ANY, 2, "")
    assert found.data_sets is None  # the records lack one


def test_a_spread_from_too_few_runs_is_assumed(plan: Plan, tmp_path: Path) -> None:
    """Three degrees of freedom: two runs of CQL on one data set, three on the other."""
    few = CELLS | {(MEDIUM, "cql"): [40.0, 48.0]}
    known = Known("records", frames={"mujoco": collect(write_scores(tmp_path, few), plan)})
    found = assumed(check(), plan, known)
    assert found == Assumed(evenly(SPREAD, SPREAD), ANY, 0, None, 0.0, "")


def test_records_of_all_runs_say_which_numbers_a_rule_is_about(plan: Plan, tmp_path: Path) -> None:
    whole = CELLS | {(REPLAY, name): [1.0, 2.0, 3.0] for name in ("dt", "cql")}
    known = Known("records", frames={"mujoco": collect(write_scores(tmp_path, whole), plan)})
    kinds = {"method": "dt", "against": "cql", "kinds": ["medium"]}
    found = assumed(check(statistic="difference_each", arguments=kinds, every=True), plan, known)
    assert (list(found.spreads), found.data_sets, found.measured) == ([MEDIUM], 1, 0)
    found = assumed(check(), plan, known)
    assert (set(found.spreads), found.data_sets, found.measured) == ({EXPERT, MEDIUM, REPLAY}, 3, 3)


def test_the_spreads_of_a_ratio_have_the_heterogeneity_of_the_records(
    plan: Plan, tmp_path: Path
) -> None:
    whole = CELLS | {(REPLAY, "dt"): [0.0, 50.0, 100.0], (REPLAY, "cql"): [1.0, 2.0, 3.0]}
    frame = collect(write_scores(tmp_path, whole), plan)
    known = Known("records", frames={"mujoco": frame})
    ratio = check(statistic="spread_ratio", rule=("below", (1.0,)), truth=0.5)
    # the ratios are 1/2, 1/2 and 50; trigamma(1) / 2 is the variance of each logarithm
    logs = [math.log(0.5), math.log(0.5), math.log(50)]
    expected = math.sqrt(statistics.variance(logs) - math.pi**2 / 12)
    assert assumed(ratio, plan, known).heterogeneity == pytest.approx(expected)
    assert assumed(check(), plan, known).heterogeneity == 0


def test_without_records_a_spread_is_assumed(plan: Plan) -> None:
    nothing = (0, None, 0.0, "")
    assert assumed(check(), plan, Known("", 4.0)) == Assumed(evenly(4.0, 4.0), ANY, *nothing)
    share = check(statistic="measured", arguments={"method": "dt", "measure": "auc", "group": ""})
    assert assumed(share, plan, Known("", 4.0)) == Assumed(evenly(0.1), SHARE, *nothing)
    trend = check(statistic="rank_correlation", arguments={"method": "dt"})
    assert assumed(trend, plan, Known("", 4.0)) == Assumed(evenly(0.15), CORRELATION, *nothing)


def test_without_records_a_mean_over_fractions_has_one_number_for_each_data_set() -> None:
    plan = make_plan(config(mujoco={"data_percents": [1, 10, 100]}))
    arguments = {"method": "dt", "against": "cql", "data_percents": [1, 10]}
    few = check(statistic="difference_on_fractions", arguments=arguments)
    # the mean of two differences of two runs: the root of (16 + 16 + 16 + 16) / 4
    [[one], *others] = assumed(few, plan, Known("", 4.0)).spreads.values()
    assert one == pytest.approx(4.0)
    assert len(others) == 2


def test_a_given_spread_stands_above_the_records(plan: Plan, tmp_path: Path) -> None:
    frames = {"mujoco": collect(write_scores(tmp_path, CELLS), plan)}
    known = Known("given", 4.0, always=True, frames=frames)
    assert assumed(check(), plan, known).spreads == evenly(4.0, 4.0)


def test_a_check_that_the_records_cannot_compute_is_named(plan: Plan, tmp_path: Path) -> None:
    """Only if all of its runs are recorded: a new method is no obstacle."""
    whole = CELLS | {(REPLAY, name): [1.0, 2.0] for name in ("dt", "cql")}
    frames = {"mujoco": collect(write_scores(tmp_path, whole), plan)}
    equal = check(statistic="difference_at_equal_cost")
    found = assumed(equal, plan, Known("", frames=frames))
    assert found.spreads == evenly(SPREAD, SPREAD)
    assert found.remark == "in the records: no data set with times and snapshots of dt and cql"
    few = {"mujoco": collect(write_scores(tmp_path / "few", CELLS), plan)}
    assert assumed(equal, plan, Known("", frames=few)).remark == ""


def test_the_cost_of_a_seed_follows_the_number_of_updates(plan: Plan, tmp_path: Path) -> None:
    """Recorded runs have 20 updates, the plan 9."""
    frame = collect(write_scores(tmp_path, CELLS), plan)
    frame["core_seconds"] = frame["method"].map({"dt": 40.0, "cql": 60.0})
    frame["run_core_seconds"] = frame["core_seconds"] + 5
    found = seconds_of_seed(check(), plan, frame)
    assert found == pytest.approx(3 * (40 * 9 / 20 + 5) + 3 * (60 * 9 / 20 + 5))
    assert math.isnan(seconds_of_seed(check(), plan, None))
    without = frame[frame["method"] == "dt"]
    assert math.isnan(seconds_of_seed(check(), plan, without))


def test_packed_records_of_the_runs_of_a_plan(
    plan: Plan, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archive, "ARCHIVES", tmp_path / "packed")
    with pytest.raises(FileNotFoundError, match="no packed records"):
        known_of(plan, "test", None)
    for path in write_scores(tmp_path, CELLS):
        times = {"cpu_seconds": 8.0}
        write_json(path.with_name("run.json"), {"training": times, "evaluation": times})
    archive.pack(tmp_path / "results/test/runs", archive.archive_of("test"))
    known = known_of(plan, "test", None)
    assert known.source == "the packed records of scale test"
    assert set(known.frames["mujoco"]["task"]) == {EXPERT, MEDIUM}
    assert set(known.frames["mujoco"]["run_core_seconds"]) == {16.0}
    given = known_of(plan, "test", 3.0)
    assert (given.points, given.always) == (3.0, True)
    assert known_of(plan, None, None).points == SPREAD
    assert known_of(plan, None, 2.0).points == 2.0
