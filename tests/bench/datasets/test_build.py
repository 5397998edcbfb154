"""Data sets made from plain arrays: what is cut, counted and refused."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import ARRAYS, Trajectories
from tests.helpers.episodes import arrays


def test_an_unfinished_last_episode_is_cut(ten: Trajectories) -> None:
    assert (ten.steps, ten.episodes) == (9, 3)
    assert ten.episode_starts.tolist() == [0, 3, 5, 9]
    assert ten.lengths.tolist() == [3, 2, 4]
    assert all(len(getattr(ten, name)) == 9 for name in ARRAYS)


def test_observation_statistics_by_hand(ten: Trajectories) -> None:
    # 0, 2, ..., 16: mean 8, variance 4 (9^2 - 1) / 12
    np.testing.assert_allclose(ten.observation_mean, [8, 9])
    np.testing.assert_allclose(ten.observation_std, np.sqrt([80 / 3, 80 / 3]), rtol=1e-6)


def test_no_whole_episode_is_refused() -> None:
    never = np.zeros(10, dtype=np.bool_)
    with pytest.raises(ValueError, match="no episode ends"):
        from_arrays(**arrays(terminals=never, timeouts=never))


@pytest.mark.parametrize("name", ["observations", "actions", "rewards"])
def test_numbers_too_large_for_float32_are_refused_without_a_warning(name: str) -> None:
    values = arrays()[name].astype(np.float64)
    values[4] = 1e300
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        with pytest.raises(ValueError, match=f"{name} .* not finite, first in row 4"):
            from_arrays(**arrays(**{name: values}))


@pytest.mark.parametrize("name", ["observations", "actions"])
def test_a_row_too_many_is_refused_even_with_an_unfinished_episode(name: str) -> None:
    longer = np.concatenate([arrays()[name], arrays()[name][:1]])
    with pytest.raises(ValueError, match=name):
        from_arrays(**arrays(**{name: longer}))


@pytest.mark.parametrize("name", ["rewards", "terminals", "timeouts"])
def test_a_column_instead_of_a_row_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="these arrays"):
        from_arrays(**arrays(**{name: arrays()[name][:, None]}))
