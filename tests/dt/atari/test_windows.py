"""dt/atari/windows.py against windows written by hand."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.build import from_arrays
from bench.datasets.trajectories import Trajectories
from dt.atari.windows import AtariWindows
from tests.helpers.atari import STACK, make_frames

K = 3


def by_hand() -> Trajectories:
    """Two episodes, of 4 and 2 steps; every pixel of a frame is ten times its step's number, from 1."""
    frames = np.broadcast_to(10 * np.arange(1, 7, dtype=np.uint8)[:, None, None], (6, 2, 2)).copy()
    ends = np.array([0, 0, 0, 1, 0, 1], dtype=np.bool_)
    return from_arrays(
        frames,
        np.array([0, 1, 2, 0, 1, 2]),
        np.array([1, 0, -1, 1, 0, 1], dtype=np.float32),
        ends,
        np.zeros(6, dtype=np.bool_),
        action_range=(0, 2),
        discrete=True,
        stack=2,
    )


@pytest.mark.parametrize(
    ("step", "returns", "frames", "actions", "time", "valid"),
    [
        (0, [1, 0, 0], [0, 10, 20, 30], [0, 1, 2], 0, [1, 1, 1]),
        (1, [0, 0, 1], [10, 20, 30, 40], [1, 2, 0], 1, [1, 1, 1]),
        (2, [0, 0, 1], [10, 20, 30, 40], [1, 2, 0], 1, [1, 1, 1]),
        (3, [0, 0, 1], [10, 20, 30, 40], [1, 2, 0], 1, [1, 1, 1]),
        (4, [1, 1, 0], [0, 50, 60, 0], [1, 2, 0], 0, [1, 1, 0]),
        (5, [1, 1, 0], [0, 50, 60, 0], [1, 2, 0], 0, [1, 1, 0]),
    ],
    ids=["start", "middle", "shifted", "last-step", "short-episode", "last-of-all"],
)
def test_windows_by_hand(
    step: int,
    returns: list[float],
    frames: list[int],
    actions: list[int],
    time: int,
    valid: list[int],
) -> None:
    """A window that would pass its episode's end is the last whole one; a short episode is padded."""
    batch = AtariWindows(by_hand(), K, return_scale=2.0, device="cpu").at(np.array([step]))
    assert batch.returns_to_go[0].tolist() == [value / 2 for value in returns]
    assert batch.frames[0, :, 1, 0].tolist() == frames
    assert batch.actions[0].tolist() == actions
    assert batch.times.tolist() == [time]
    assert batch.valid[0].tolist() == [bool(v) for v in valid]


def test_types_and_shapes() -> None:
    batch = AtariWindows(make_frames(), 7, 1.0, "cpu").at(np.array([0, 4, 2]))
    assert (batch.returns_to_go.dtype, batch.returns_to_go.shape) == (torch.float32, (3, 7))
    assert (batch.frames.dtype, batch.frames.shape) == (torch.uint8, (3, STACK - 1 + 7, 36, 36))
    assert (batch.actions.dtype, batch.actions.shape) == (torch.int64, (3, 7))
    assert (batch.times.dtype, batch.times.shape) == (torch.int64, (3,))
    assert (batch.valid.dtype, batch.valid.shape) == (torch.bool, (3, 7))


@given(
    lengths=st.lists(st.integers(1, 8), min_size=1, max_size=5), context_length=st.integers(1, 9)
)
def test_every_step_of_the_data_stands_for_a_window_of_its_episode(
    lengths: list[int], context_length: int
) -> None:
    """As often as in the paper's code: the last whole window K times, every other once."""
    steps = sum(lengths)
    numbers = np.arange(steps)
    ends = np.zeros(steps, dtype=np.bool_)
    ends[np.cumsum(lengths) - 1] = True
    data = from_arrays(
        numbers[:, None, None].astype(np.uint8),
        numbers,
        np.ones(steps, dtype=np.float32),
        ends,
        ~ends & False,
        action_range=(0, steps),
        discrete=True,
        stack=2,
    )
    batch = AtariWindows(data, context_length, 1.0, "cpu").at(numbers)
    first = 0
    for length in lengths:
        inside, real = slice(first, first + length), min(context_length, length)
        begins = Counter((batch.actions[inside, 0] - first).tolist())
        whole = length - real
        assert begins == dict.fromkeys(range(whole), 1) | {whole: real}
        for row in range(first, first + length):
            begin, rest = int(batch.actions[row, 0]), context_length - real
            window = list(range(begin, begin + real))
            assert batch.actions[row].tolist() == window + rest * [0]
            assert batch.valid[row].tolist() == real * [True] + rest * [False]
            assert batch.times[row] == begin - first
            left = [first + length - number for number in window]
            assert batch.returns_to_go[row].tolist() == left + rest * [0]
            before = begin - 1 if begin > first else 0
            assert batch.frames[row, :, 0, 0].tolist() == [before, *window, *rest * [0]]
        first += length


def test_the_generator_alone_decides_and_every_step_is_drawn() -> None:
    windows = AtariWindows(make_frames(), 2, 1.0, "cpu")
    one, same, other = (
        windows.sample(60, np.random.default_rng(seed)).returns_to_go for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    drawn = windows.sample(2000, np.random.default_rng(0)).frames[:, STACK - 1].flatten(1)
    data = make_frames()
    whole = {0, 1, 2, 3, *range(5, 13), 14, 15, *range(17, 23)}  # all that do not end an episode
    seen = {
        int(np.flatnonzero((data.observations[:, 0] == f).all(1))[0]) for f in drawn[:, :36].numpy()
    }
    assert seen == whole


def test_windows_leave_the_data_as_they_are() -> None:
    data = make_frames()
    before = data.observations.copy(), data.actions.copy(), data.rewards.copy()
    batch = AtariWindows(data, 4, 1.0, "cpu").sample(8, np.random.default_rng(0))
    for part in (batch.frames, batch.actions, batch.returns_to_go):
        part.fill_(9)
    for array, copy in zip((data.observations, data.actions, data.rewards), before, strict=True):
        np.testing.assert_array_equal(array, copy)
