"""bench/report/claims/interactions.py by hand."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from scipy import stats

from bench.report.claims.interactions import interaction
from bench.report.claims.measure import NotRun
from bench.report.scores import collect
from bench.runs.plan import make_plan
from tests.conftest import write_scores

FULL, PART = "hopper-medium", "hopper_positions-medium"
OTHER = "walker2d-medium"
SCORES = {
    (PART, "long"): [50.0, 54.0],
    (PART, "short"): [20.0, 24.0],
    (FULL, "long"): [60.0, 64.0],
    (FULL, "short"): [55.0, 59.0],
}


def frame(folder: Path, cells: dict[tuple[str, str], list[float]]) -> pd.DataFrame:
    suite = {
        "tasks": sorted({task for task, _ in cells}),
        "methods": ["long", "short"],
        "rewards": ["dense"],
        "data_percents": [100],
        "seeds": [0],
        "baselines": False,
    }
    methods = {name: {"module": "bc", "label": name} for name in ("long", "short")}
    plan = make_plan(
        {"name": "test", "suites": {"s": suite}, "training": {"steps": 9}, "methods": methods}
    )
    return collect(write_scores(folder, cells), plan)


def test_the_difference_of_two_differences(tmp_path: Path) -> None:
    found = interaction(frame(tmp_path, SCORES), "long", "short", "positions", "mujoco")
    assert found.value == pytest.approx(30 - 5)
    # four means of two runs with standard deviation sqrt(8): error sqrt(4 * 8 / 2), 4 degrees of freedom
    half = stats.t.ppf(0.975, 4) * 4
    assert (found.low, found.high) == pytest.approx((25 - half, 25 + half))
    assert found.cells == 1
    assert found.parts[PART].mean == pytest.approx(25)


def test_a_data_set_without_a_partner_is_not_used(tmp_path: Path) -> None:
    more = SCORES | {(OTHER, "long"): [9.0, 9.0], (OTHER, "short"): [1.0, 1.0]}
    found = interaction(frame(tmp_path, more), "long", "short", "positions", "mujoco")
    assert found.value == pytest.approx(25)


def test_data_of_another_kind_are_no_partner(tmp_path: Path) -> None:
    kind = "hopper-medium-replay"
    more = SCORES | {(kind, "long"): [9.0, 9.0], (kind, "short"): [1.0, 1.0]}
    found = interaction(frame(tmp_path, more), "long", "short", "positions", "mujoco")
    assert (found.value, found.cells) == (pytest.approx(25), 1)


def test_two_pairs_are_averaged(tmp_path: Path) -> None:
    more = SCORES | {
        ("walker2d_positions-medium", "long"): [30.0, 30.0],
        ("walker2d_positions-medium", "short"): [20.0, 20.0],
        (OTHER, "long"): [9.0, 9.0],
        (OTHER, "short"): [4.0, 4.0],
    }
    found = interaction(frame(tmp_path, more), "long", "short", "positions", "mujoco")
    assert found.value == pytest.approx((25 + 5) / 2)
    assert found.cells == 2


def test_without_a_pair_it_says_so(tmp_path: Path) -> None:
    scores = {key: runs for key, runs in SCORES.items() if key[0] == FULL}
    with pytest.raises(NotRun, match="no pair of data sets of positions and mujoco"):
        interaction(frame(tmp_path, scores), "long", "short", "positions", "mujoco")
