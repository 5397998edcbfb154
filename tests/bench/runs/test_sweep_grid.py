"""The target returns of a sweep."""

from __future__ import annotations

import pytest

from bench.paper import figure4 as printed_figure4
from bench.runs.sweep import grid
from bench.tasks.registry import task_by_name
from tests.helpers.evidence import REPLAY


def test_the_grid_goes_up_to_the_datas_best() -> None:
    reacher = grid(task_by_name("reacher2d-medium-replay"), 0.0, 100.0, None)
    theirs = printed_figure4("reacher2d")
    assert theirs is not None
    assert reacher[:10] == list(theirs.raw_targets)  # 2 to 20
    between = [target for target in reacher if 20 < target <= 100]
    assert between == pytest.approx([100 * step / 9 for step in range(2, 10)], abs=1e-6)
    assert reacher[-6:] == pytest.approx([110, 125, 150, 200, 250, 300])
    hopper = grid(task_by_name(REPLAY), 4.0, 3402.8, None)
    assert len(hopper) == 36 + 7
    assert len(grid(task_by_name(REPLAY), 4.0, 3402.8, 4)) == 4 + 7
    # no multiple of a negative return is more than it
    assert grid(task_by_name("reacher2d-medium-replay"), -9.0, -1.0, 2) == [2.0, 20.0]
