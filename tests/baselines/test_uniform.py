"""Actions drawn evenly from the whole range."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from scipy.stats import kstest

from baselines import uniform
from tests.helpers.discrete import SHAPE, make_choices
from tests.helpers.dt import ACT, OBS, make_context, make_data


@pytest.mark.parametrize(("low", "high"), [(-1.0, 1.0), (-0.4, 0.4)], ids=["usual", "narrow"])
def test_uniform_covers_the_whole_range_evenly(low: float, high: float) -> None:
    data = replace(make_data(), action_low=low, action_high=high)
    policy = uniform.train(data, uniform.Config(), make_context())
    policy.reset(np.arange(20), np.zeros(20, np.float32))
    actions = np.stack([policy.act(np.zeros((20, OBS)), np.zeros(20)) for _ in range(100)])
    assert actions.shape == (100, 20, ACT)
    assert actions.min() >= low
    assert actions.max() <= high
    width, count = high - low, actions.size
    assert abs(actions.mean()) < 4 * width / math.sqrt(12 * count)
    assert actions.min() < low + 0.01 * width
    assert actions.max() > high - 0.01 * width
    assert kstest(actions.ravel(), "uniform", args=(low, width)).pvalue > 0.01
    assert abs(np.corrcoef(actions[..., 0].ravel(), actions[..., 1].ravel())[0, 1]) < 0.1


def test_uniform_draws_from_the_envs_seed() -> None:
    policy = uniform.train(make_data(), uniform.Config(), make_context())
    policy.reset(np.array([4, 5, 4]), np.zeros(3, np.float32))
    first, second, third = policy.act(np.zeros((3, OBS)), np.zeros(3))
    assert first.tolist() == third.tolist() != second.tolist()


def test_uniform_draws_every_choice_equally_often() -> None:
    policy = uniform.train(make_choices(n_actions=7), uniform.Config(), make_context())
    policy.reset(np.arange(50), np.zeros(50, dtype=np.float32))
    nothing = np.zeros((50, *SHAPE), dtype=np.uint8), np.zeros(50, dtype=np.float32)
    drawn = np.stack([policy.act(*nothing) for _ in range(140)])
    counts = np.bincount(drawn.ravel(), minlength=7)
    assert len(counts) == 7
    assert (np.abs(counts - 1000) < 4 * np.sqrt(1000 * 6 / 7)).all()
    between = np.bincount((drawn[:-1] * 7 + drawn[1:]).ravel(), minlength=49)
    assert (np.abs(between - 6950 / 49) < 5 * np.sqrt(6950 / 49)).all()
