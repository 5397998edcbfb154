"""dt/windows.py against windows written by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import chisquare

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from dt.windows import Windows
from tests.helpers.dt import make_data, numbered

# Two episodes, of 3 and 2 steps. Mean of the first observation 10, standard deviation 2; the second
# is constant.
NORMALISED = [-1.5, -0.5, 0.0, 0.5, 1.5]
ACTIONS = [0.1, 0.2, 0.3, 0.4, 0.5]


def by_hand() -> Trajectories:
    return from_arrays(
        np.array([[7, 5], [9, 5], [10, 5], [11, 5], [13, 5]], dtype=np.float32),
        np.array(ACTIONS, dtype=np.float32)[:, None],
        np.array([1, 2, 3, 4, 8], dtype=np.float32),
        np.array([False, False, True, False, False]),
        np.array([False, False, False, False, True]),
    )


@pytest.mark.parametrize(
    ("start", "returns", "states", "actions", "timesteps", "valid"),
    [
        (0, [3, 2.5, 1.5], NORMALISED[:3], ACTIONS[:3], [0, 1, 2], [1, 1, 1]),
        (1, [2.5, 1.5, 0], [-0.5, 0, 0], [0.2, 0.3, 0], [1, 2, 0], [1, 1, 0]),
        (2, [1.5, 0, 0], [0, 0, 0], [0.3, 0, 0], [2, 0, 0], [1, 0, 0]),
        (3, [6, 4, 0], [0.5, 1.5, 0], [0.4, 0.5, 0], [0, 1, 0], [1, 1, 0]),
        (4, [4, 0, 0], [1.5, 0, 0], [0.5, 0, 0], [1, 0, 0], [1, 0, 0]),
    ],
    ids=["whole", "cut-by-one", "last-step", "second-episode", "last-of-all"],
)
def test_windows_by_hand(
    start: int,
    returns: list[float],
    states: list[float],
    actions: list[float],
    timesteps: list[int],
    valid: list[int],
) -> None:
    batch = Windows(by_hand(), 3, return_scale=2.0, device="cpu").at(np.array([start]))
    assert batch.returns_to_go[0].tolist() == returns
    np.testing.assert_allclose(batch.states[0, :, 0], states, atol=1e-5)
    assert batch.states[0, :, 1].tolist() == [0, 0, 0]  # a constant observation says nothing
    np.testing.assert_allclose(batch.actions[0, :, 0], actions, atol=1e-7)
    assert batch.timesteps[0].tolist() == timesteps
    assert batch.valid[0].tolist() == [bool(v) for v in valid]


def test_types_and_shapes() -> None:
    batch = Windows(by_hand(), 7, return_scale=2.0, device="cpu").at(np.array([0, 4, 2]))
    assert (batch.returns_to_go.dtype, batch.returns_to_go.shape) == (torch.float32, (3, 7))
    assert (batch.states.dtype, batch.states.shape) == (torch.float32, (3, 7, 2))
    assert (batch.actions.dtype, batch.actions.shape) == (torch.float32, (3, 7, 1))
    assert (batch.timesteps.dtype, batch.timesteps.shape) == (torch.int64, (3, 7))
    assert (batch.valid.dtype, batch.valid.shape) == (torch.bool, (3, 7))


def test_statistics_of_the_whole_set_survive_a_cut() -> None:
    data = by_hand()
    whole = Windows(data, 2, 1.0, "cpu").at(np.array([3]))
    cut = Windows(data.select(np.array([1])), 2, 1.0, "cpu").at(np.array([0]))
    assert torch.equal(whole.states, cut.states)
    assert torch.equal(whole.timesteps, cut.timesteps)


def test_an_observation_that_never_changed_in_the_data_is_divided_by_the_floor() -> None:
    data = by_hand()
    moved = replace(data, observations=data.observations + np.float32([0, 1]))
    batch = Windows(moved, 1, 1.0, "cpu").at(np.array([0]))
    assert batch.states[0, 0, 1].item() == pytest.approx(1e6, rel=1e-6)  # 1 / (0 + 1e-6)


def test_in_the_sparse_variant_every_return_to_go_is_the_episodes_return() -> None:
    batch = Windows(by_hand().sparse(), 3, 2.0, "cpu").at(np.array([0, 1, 3]))
    assert batch.returns_to_go.tolist() == [[3, 3, 3], [3, 3, 0], [6, 6, 0]]


# --- how windows are drawn ----------------------------------------------------------------------

LENGTHS = (1, 2, 3, 10)


def drawn(count: int, context_length: int, seed: int = 0) -> tuple[torch.Tensor, torch.Tensor]:
    """Return step and episode number (count, K, 2) of many windows, and which steps are real."""
    windows = Windows(numbered(LENGTHS), context_length, 1.0, "cpu")
    batch = windows.sample(count, np.random.default_rng(seed))
    return batch.actions.long(), batch.valid


def test_episodes_are_drawn_in_proportion_to_their_length() -> None:
    numbers, _ = drawn(16_000, 4)
    counts = np.bincount(numbers[:, 0, 1], minlength=len(LENGTHS))
    expected = 16_000 * np.array(LENGTHS) / sum(LENGTHS)
    assert chisquare(counts, expected).pvalue > 0.01
    assert chisquare(counts).pvalue < 1e-9, "this sample could not tell one weighting from another"


def test_starts_are_uniform_over_all_steps() -> None:
    numbers, _ = drawn(16_000, 4)
    counts = np.bincount(numbers[:, 0, 0], minlength=sum(LENGTHS))
    assert chisquare(counts).pvalue > 0.01


@pytest.mark.parametrize("context_length", [1, 3, 20])
def test_every_step_of_the_data_is_trained_on(context_length: int) -> None:
    numbers, valid = drawn(2000, context_length)
    assert set(numbers[..., 0][valid].tolist()) == set(range(sum(LENGTHS)))
    assert set(numbers[:, 0, 0].tolist()) == set(range(sum(LENGTHS))), "a start is never drawn"


def test_the_generator_alone_decides() -> None:
    assert torch.equal(drawn(50, 4, seed=1)[0], drawn(50, 4, seed=1)[0])
    assert not torch.equal(drawn(50, 4, seed=1)[0], drawn(50, 4, seed=2)[0])


@given(
    lengths=st.lists(st.integers(1, 8), min_size=1, max_size=6),
    context_length=st.integers(1, 12),
)
def test_a_window_never_leaves_its_episode(lengths: list[int], context_length: int) -> None:
    data = numbered(tuple(lengths))
    batch = Windows(data, context_length, 1.0, "cpu").at(np.arange(data.steps))
    start = 0
    for episode, length in enumerate(lengths):
        for step in range(length):
            real = min(context_length, length - step)
            window = slice(0, real)
            row = start + step
            assert batch.valid[row].tolist() == [True] * real + [False] * (context_length - real)
            assert batch.actions[row, window, 0].tolist() == list(range(row, row + real))
            assert (batch.actions[row, window, 1] == episode).all()
            assert batch.timesteps[row, window].tolist() == list(range(step, step + real))
            left = [length - t for t in range(step, step + real)]  # every reward is 1
            assert batch.returns_to_go[row, window].tolist() == left
            for part in (batch.returns_to_go, batch.states, batch.actions, batch.timesteps):
                assert (part[row, real:] == 0).all()
        start += length


def test_windows_leave_the_data_as_they_are() -> None:
    data = make_data()
    before = data.observations.copy(), data.actions.copy(), data.rewards.copy()
    batch = Windows(data, 4, 1000.0, "cpu").sample(8, np.random.default_rng(0))
    for part in (batch.states, batch.actions, batch.returns_to_go):
        part.fill_(9)
    for array, copy in zip((data.observations, data.actions, data.rewards), before, strict=True):
        np.testing.assert_array_equal(array, copy)
