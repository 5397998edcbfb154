"""Data sets with discrete actions, made from plain arrays."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from bench.datasets.build import from_arrays
from tests.helpers.five_steps import ACTIONS, PIXELS, REWARDS, TERMINALS, TIMEOUTS, five


def test_bytes_stay_bytes_and_actions_become_whole_numbers() -> None:
    data = five(actions=ACTIONS.astype(np.uint8), final_observations=PIXELS[:2])
    assert (data.observations.dtype, data.observations.shape) == (np.uint8, (5, 2, 2))
    assert (data.actions.dtype, data.actions.shape) == (np.int64, (5,))
    assert data.actions.tolist() == [0, 3, 1, 2, 2]
    assert data.final_observations is not None
    assert data.final_observations.dtype == np.uint8
    assert (data.discrete, data.n_actions) == (True, 4)
    assert data.episode_starts.tolist() == [0, 2, 5]


def test_the_choices_are_the_environments_not_those_that_were_taken() -> None:
    assert five(action_range=(0, 9)).n_actions == 10
    data = five(action_range=(np.int64(0), 9))
    assert [type(end) for end in (data.action_low, data.action_high)] == [float, float]


def test_observations_of_other_types_become_float32() -> None:
    for other in (np.int64, np.float64, np.bool_):
        assert five(observations=PIXELS.astype(other)).observations.dtype == np.float32
    assert five(observations=PIXELS[:, 0]).observations.shape == (5, 2)


def test_statistics_of_pixels_by_hand() -> None:
    """The first pixel of the five whole steps is 0, 40, 80, 120, 160: mean 80, variance 3200."""
    data = five()
    assert data.observation_mean.tolist() == [[80, 90], [100, 110]]
    np.testing.assert_allclose(data.observation_std, np.full((2, 2), 3200**0.5), rtol=1e-6)
    assert data.observation_mean.dtype == data.observation_std.dtype == np.float32


def test_bytes_do_not_overflow_in_the_statistics() -> None:
    data = five(observations=np.full_like(PIXELS, 255))
    assert (data.observation_mean == 255).all()
    assert (data.observation_std == 0).all()


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"actions": ACTIONS + 1}, "actions hold 4, but the environment takes 0 to 3"),
        ({"actions": ACTIONS - 1}, "actions hold -1, but the environment takes 0 to 3"),
        (
            {"actions": ACTIONS + 0.5},
            "actions hold 0.5 in row 0, but discrete actions must be whole",
        ),
        (
            {"actions": np.where(ACTIONS == 3, np.nan, 1.0)},
            "actions hold nan in row 1, but discrete actions must be whole numbers",
        ),
        ({"actions": ACTIONS[:, None]}, r"actions has shape \(6, 1\), expected 1 dimension"),
        ({"observations": PIXELS[:, 0, 0]}, r"observations has shape \(6,\), expected 2 dimension"),
        ({"observations": PIXELS[:5]}, r"observations has shape \(5, 2, 2\)"),
        ({"action_range": (-1.0, 3.0)}, "start at 0, but the action range starts at -1"),
        ({"final_observations": PIXELS[:3]}, r"final_observations has shape \(3, 2, 2\)"),
        ({"final_observations": PIXELS[:2, 0]}, r"final_observations has shape \(2, 2\)"),
        ({"rewards": np.full(6, np.nan, np.float32)}, "rewards hold a value that is not finite"),
    ],
    ids=[
        "above",
        "below",
        "fraction",
        "nan",
        "column",
        "flat",
        "rows",
        "range",
        "final-rows",
        "final-shape",
        "reward",
    ],
)
def test_what_is_not_such_data_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"these arrays: .*{message}"):
        five(**changes)


def test_whole_numbers_in_floats_are_taken_as_they_are() -> None:
    assert five(actions=ACTIONS.astype(np.float32)).actions.tolist() == [0, 3, 1, 2, 2]


def test_what_comes_after_the_last_whole_episode_is_not_looked_at() -> None:
    assert five(actions=np.where(np.arange(6) == 5, 77, ACTIONS)).steps == 5


def test_data_with_vectors_are_what_they_were() -> None:
    """Bytes become float32, actions too, whatever their range; three dimensions are refused."""
    given = {"rewards": REWARDS, "terminals": TERMINALS, "timeouts": TIMEOUTS}
    flat = PIXELS.reshape(6, 4)
    data = from_arrays(flat, np.full((6, 1), 1.5), **given)
    assert (data.observations.dtype, data.actions.dtype) == (np.float32, np.float32)
    assert (data.discrete, data.action_low, data.action_high) == (False, -1.0, 1.0)
    assert data.actions.ravel().tolist() == [1.5] * 5
    with pytest.raises(ValueError, match=r"observations has shape \(6, 2, 2\), expected 2"):
        from_arrays(PIXELS, np.zeros((6, 1)), **given)
    with pytest.raises(ValueError, match=r"actions has shape \(6,\), expected 2 dimension"):
        from_arrays(flat, ACTIONS, **given)
