"""The template of a method: ridge regression, and what it refuses."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from baselines import _template
from bench.datasets.trajectories import Trajectories
from tests.helpers.atari import make_frames
from tests.helpers.discrete import make_choices
from tests.helpers.dt import ACT, OBS, make_context, make_data, numbered
from tests.helpers.vectors import NO_REWARD, observations


def test_template_is_ridge_regression() -> None:
    data = make_data()
    policy = _template.train(data, _template.Config(ridge=2.0), make_context())
    x = np.column_stack([data.observations, np.ones(data.steps)]).astype(np.float64)
    stacked = np.vstack([x, np.sqrt(2.0) * np.eye(OBS + 1)])
    wanted = np.vstack([data.actions, np.zeros((OBS + 1, ACT))])
    coefficients = np.linalg.lstsq(stacked, wanted, rcond=None)[0]
    x_new = np.column_stack([observations(), np.ones(5)])
    expected = np.clip(x_new @ coefficients, -1, 1)
    np.testing.assert_allclose(policy.act(observations(), NO_REWARD), expected, atol=1e-5)


def test_actions_stay_in_their_range() -> None:
    policy = _template.Policy(np.array([[2.0], [0.5]], dtype=np.float32))
    shown = np.array([[-3.0], [0.1], [4.0]], dtype=np.float32)
    np.testing.assert_allclose(policy.act(shown, NO_REWARD[:3])[:, 0], [-1, 0.7, 1], rtol=1e-6)


def test_a_policy_is_read_back(tmp_path: Path) -> None:
    policy = _template.train(make_data(), _template.Config(), make_context())
    policy.save(tmp_path / "policy")
    loaded = _template.load(tmp_path / "policy", "cpu")
    expected = policy.act(observations(), NO_REWARD)
    np.testing.assert_array_equal(loaded.act(observations(), NO_REWARD), expected)


def test_the_loss_is_logged_at_the_last_step() -> None:
    """Of actions 0 and 1 at observations 0 and 1, whose fit is exact where nothing is penalised."""
    data = numbered((2,))
    context = make_context(steps=12)
    _template.train(data, _template.Config(ridge=1e-9), context)
    [line] = context.losses
    assert line["step"] == 12
    assert line["loss"] < 1e-12


@pytest.mark.parametrize("make", [make_choices, make_frames])
def test_other_data_are_refused(make: Callable[[], Trajectories]) -> None:
    with pytest.raises(ValueError, match="_template learns continuous actions from vectors"):
        _template.train(make(), _template.Config(), make_context())
