"""bench/runs/diagnostics/critic.py: its numbers against sums by hand and scikit-learn's."""

from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn.metrics import roc_auc_score, roc_curve

from bench.runs.diagnostics import critic
from bench.runs.diagnostics.critic import _mass, _roc, area_under_roc


@pytest.mark.parametrize("ties", [False, True], ids=["distinct", "ties"])
def test_area_equals_scikit_learns(ties: bool) -> None:
    random = np.random.default_rng(0)
    happened = random.random(300) < 0.1
    chances = random.random(300) * 0.7 + 0.3 * happened
    if ties:
        chances = np.round(chances, 1)
    assert area_under_roc(chances, happened) == pytest.approx(roc_auc_score(happened, chances))


def test_area_by_hand() -> None:
    """Of the six pairs of a success and a failure four are in order, and one is a tie."""
    chances = np.array([0.9, 0.4, 0.4, 0.5, 0.1])
    happened = np.array([True, True, False, False, False])
    assert area_under_roc(chances, happened) == pytest.approx(4.5 / 6)
    assert area_under_roc(-chances, happened) == pytest.approx(1.5 / 6)
    assert math.isnan(area_under_roc(chances, happened | True))
    assert math.isnan(area_under_roc(chances, happened & False))


def test_the_curve_is_scikit_learns_at_its_thresholds() -> None:
    """Each point says what share of failures and of successes lies above some threshold."""
    random = np.random.default_rng(1)
    happened = random.random(1000) < 0.05
    chances = random.random(1000) * 0.6 + 0.4 * happened
    wrong, right = _roc(chances, happened)
    assert len(wrong) == len(right) <= critic.ROC_POINTS + 1
    assert (wrong[0], right[0]) == (0, 0)
    assert (wrong[-1], right[-1]) == (1, 1)
    assert (np.diff(wrong) >= 0).all()
    assert (np.diff(right) >= 0).all()
    every = np.column_stack(roc_curve(happened, chances, drop_intermediate=False)[:2])
    distance = np.abs(np.column_stack([wrong, right])[:, None] - every).sum(axis=2).min(axis=1)
    assert distance.max() < 1e-12
    area = float(np.trapezoid(right, wrong))
    assert area == pytest.approx(area_under_roc(chances, happened), abs=0.02)


@pytest.mark.parametrize("all_alike", [True, False])
def test_the_curve_of_episodes_that_all_end_alike_still_has_its_points(all_alike: bool) -> None:
    wrong, right = _roc(np.array([0.1, 0.2, 0.3]), np.full(3, all_alike))
    assert len(wrong) == len(right)
    assert (wrong.max(), right.max()) == ((0, 1) if all_alike else (1, 0))


def test_mass_by_hand() -> None:
    """An event at step 1 of 6 shows in steps 1 and 2; predictions 3 and 4 know it, 5 is beyond."""
    looks = np.zeros((6, 6), dtype=np.float32)
    looks[3, [0, 1, 2, 3]] = 0.1, 0.2, 0.3, 0.4
    looks[4, [1, 2, 4]] = 0.6, 0.1, 0.3
    looks[5, 1] = looks[2, 1] = 1.0
    found = _mass(looks, 1, 5)
    assert found is not None
    assert found[0] == pytest.approx((0.5 + 0.7) / 2)
    assert found[1] == pytest.approx((2 / 4 + 2 / 5) / 2)
    assert _mass(looks, 1, 3) is None
    assert _mass(looks, 4, 6) is None
    assert _mass(looks, 3, 6) == pytest.approx((0, 2 / 6))
