"""A trained policy asked for a grid of target returns."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from bench.datasets import storage
from bench.runs import record
from bench.runs.sweep import grid, sweep_run
from bench.runs.train import train_run
from bench.tasks.registry import task_by_name
from tests.helpers.dt import make_data

RUN = Path("results/tiny/runs/hopper-medium/dense/100/bc/0")
OPTIONS = {"width": 8, "layers": 1, "batch_size": 4}


def test_a_sweep_knows_the_games_scores_where_the_data_hold_them(tmp_path: Path) -> None:
    data = make_data(observation_size=11, action_size=3)
    scores = np.arange(data.episodes, dtype=np.float64) * 50
    storage.save(replace(data, scores=scores), tmp_path / "data", {"source": "generated"})
    train_run(tmp_path / RUN, tmp_path / "data", "bc", OPTIONS, 5, (), "cpu")
    sweep_run(tmp_path / RUN, tmp_path / "data", 1, 1, 2, "cpu", max_steps=3)
    protocol = record.read(tmp_path / RUN / "sweep.json")["protocol"]
    assert protocol["data_scores"] == {"minimum": 0, "maximum": scores[-1]}
    assert protocol["data_returns"]["maximum"] == pytest.approx(float(data.returns.max()))
    assert protocol["max_steps"] == 3


def test_every_target_of_the_grid_is_asked_for(hopper_data: Path, tmp_path: Path) -> None:
    """Two of the paper's targets, the first and the last, and multiples of the best return, 24.75."""
    data = storage.load(hopper_data)
    best = float(data.returns.max())
    train_run(tmp_path / RUN, hopper_data, "bc", OPTIONS, 5, (), "cpu")
    sweep_run(tmp_path / RUN, hopper_data, 3, 2, 2, "cpu", max_steps=4)
    swept = record.read(tmp_path / RUN / "sweep.json")
    expected = sorted([100, 3600, *(share * best for share in (1, 1.1, 1.25, 1.5, 2, 2.5, 3))])
    assert [each["target"] for each in swept["evaluations"]] == pytest.approx(expected)
    assert {(each["step"], each["final"]) for each in swept["evaluations"]} == {(5, False)}
    assert all(each["lengths"] == [4, 4, 4] for each in swept["evaluations"])
    protocol = swept["protocol"]
    assert (protocol["episodes"], protocol["num_envs"], protocol["points"]) == (3, 2, 2)
    assert protocol["target"] is None
    assert "data_scores" not in protocol


# --- the grid -----------------------------------------------------------------------------------

HOPPER = list(range(100, 3601, 100))  # the paper's own


def test_the_grid_is_the_papers_and_multiples_of_the_best_return() -> None:
    """1, 1.1, 1.25, 1.5, 2, 2.5 and 3 times 1000: all but 1250 are the paper's too."""
    found = grid(task_by_name("hopper-medium"), 0.0, 1000.0, None)
    assert found == sorted([*HOPPER, 1250])


def test_the_grid_goes_on_to_the_best_return_of_the_data() -> None:
    """Ten even steps from 0 to 4500: those above the paper's last target are 4000 and 4500."""
    found = grid(task_by_name("hopper-medium"), 0.0, 4500.0, None)
    assert found == [*HOPPER, 4000, 4500, 4950, 5625, 6750, 9000, 11250, 13500]


def test_a_limit_on_points_leaves_the_multiples() -> None:
    """36 targets: the first, the one at 17.5, which rounds to 18, and the last."""
    found = grid(task_by_name("hopper-medium"), 0.0, 1000.0, 3)
    assert found == [100, 1000, 1100, 1250, 1500, 1900, 2000, 2500, 3000, 3600]
    assert grid(task_by_name("hopper-medium"), 0.0, 10.0, 99)[-36:] == HOPPER


def test_without_a_figure_of_the_paper_the_grid_is_even() -> None:
    found = grid(task_by_name("key_to_door-1k"), 0.0, 0.9, None)
    assert found == [
        0,
        0.1,
        0.2,
        0.3,
        0.4,
        0.5,
        0.6,
        0.7,
        0.8,
        0.9,
        0.99,
        1.125,
        1.35,
        1.8,
        2.25,
        2.7,
    ]


def test_there_are_no_multiples_of_a_return_below_0() -> None:
    found = grid(task_by_name("graph1-walks"), -10.0, -1.0, None)
    assert found == [-10, -9, -8, -7, -6, -5, -4, -3, -2, -1]
