"""Stacks and windows of frames, each stored once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.datasets.consistency import check
from bench.datasets.frames import statistics
from bench.datasets.trajectories import Trajectories
from tests.helpers.frames import STACK, make_frames, numbers

LENGTHS = st.lists(st.integers(1, 9), min_size=1, max_size=6)


def naive(data: Trajectories, step: int, stack: int) -> list[int]:
    """The numbers of a step's stack, by the definition, one frame after the other."""
    episode = next(e for e in range(data.episodes) if step < data.episode_starts[e + 1])
    result = []
    for past in range(step - stack + 1, step + 1):
        row = past if data.frame_index is None else data.frame_index[past]
        seen = past >= data.episode_starts[episode]
        result.append(int(data.observations[row, 0, 0]) if seen else 0)
    return result


def test_stacks_by_hand() -> None:
    """Episodes of 5, 2 and 7 steps; frames are numbered from 1."""
    stacks = make_frames().stacked(np.array([0, 2, 3, 4, 5, 6, 7, 13]))
    assert stacks.shape == (8, 4, 3, 3)
    assert stacks.dtype == np.uint8
    assert numbers(stacks) == [
        [0, 0, 0, 1],
        [0, 1, 2, 3],
        [1, 2, 3, 4],
        [2, 3, 4, 5],
        [0, 0, 0, 6],
        [0, 0, 6, 7],
        [0, 0, 0, 8],
        [11, 12, 13, 14],
    ]


def test_windows_by_hand() -> None:
    windows = make_frames().frames(np.array([0, 3, 5, 9]), 3)
    assert numbers(windows) == [
        [0, 0, 0, 1, 2, 3],
        [1, 2, 3, 4, 5, 0],  # the episode ends
        [0, 0, 0, 6, 7, 0],
        [0, 8, 9, 10, 11, 12],
    ]


@given(LENGTHS, st.integers(1, 5), st.integers(2, 5), st.randoms(use_true_random=False))
def test_a_window_holds_the_stacks_of_its_steps(
    lengths: list[int], length: int, stack: int, random: Any
) -> None:
    data = make_frames(tuple(lengths), stack=stack)
    episodes = [random.randrange(data.episodes) for _ in range(4)]
    data = data.select(np.array(episodes))
    starts = np.array([random.randrange(data.steps) for _ in range(5)])
    windows = data.frames(starts, length)
    assert windows.shape == (5, stack - 1 + length, 3, 3)
    for start, window in zip(starts.tolist(), windows, strict=True):
        end = next(int(b) for b in data.episode_starts if b > start)
        for i in range(min(length, end - start)):
            expected = naive(data, start + i, stack)
            assert numbers(window[i : i + stack]) == expected
            assert numbers(data.stacked(np.array([start + i]))[0]) == expected
        assert not window[stack - 1 + end - start :].any()


@pytest.mark.parametrize("start", [-1, 14])
def test_a_step_that_is_not_there_is_refused(start: int) -> None:
    with pytest.raises(IndexError, match=f"there is no step {start} in data of 14 steps"):
        make_frames().frames(np.array([0, start]), 2)


def test_no_windows_at_all() -> None:
    assert make_frames().frames(np.array([], dtype=np.int64), 2).shape == (0, 5, 3, 3)


# --- cuts -----------------------------------------------------------------------------------------


def test_selected_episodes_keep_their_frames_by_hand() -> None:
    chosen = make_frames().select(np.array([2, 1, 1]))
    assert chosen.episode_starts.tolist() == [0, 7, 9, 11]
    assert chosen.frame_index is not None
    assert chosen.frame_index.tolist() == [*range(7, 14), 5, 6, 5, 6]
    assert numbers(chosen.stacked(np.array([0, 6, 7, 8, 10]))) == [
        [0, 0, 0, 8],
        [11, 12, 13, 14],
        [0, 0, 0, 6],
        [0, 0, 6, 7],
        [0, 0, 6, 7],
    ]
    assert chosen.final_observations is not None
    assert numbers(chosen.final_observations) == [202, 201, 201]
    assert chosen.scores is not None
    assert chosen.scores.tolist() == [20, 10, 10]
    check(chosen, "chosen")
    again = chosen.select(np.array([1]))
    assert numbers(again.stacked(np.array([1]))) == [[0, 0, 6, 7]]


@pytest.mark.parametrize(
    "cut",
    [
        lambda data: data.take_percent(50, 0),
        lambda data: data.top_percent(40),
        lambda data: data.sparse(),
        lambda data: data.take_percent(80, 1).top_percent(60).sparse(),
    ],
    ids=["percent", "top", "sparse", "all"],
)
def test_a_cut_copies_no_frame(cut: Any) -> None:
    data = make_frames((5, 2, 7, 4, 4, 9))
    part = cut(data)
    assert part.observations is data.observations
    assert part.stack == STACK
    assert part.observation_std.tolist() == [[[255]]]
    check(part, "part")
    for episode, (start, stop) in enumerate(
        zip(part.episode_starts[:-1], part.episode_starts[1:], strict=True)
    ):
        shown = np.array(numbers(part.stacked(np.arange(start, stop))))[:, -1]
        assert shown.tolist() == list(range(shown[0], shown[0] + stop - start))
        whole = int(np.searchsorted(data.episode_starts, shown[0] - 1))
        assert part.scores[episode] == 10 * whole


def test_bytes_are_brought_to_one_by_the_same_formula_as_other_observations() -> None:
    data = make_frames()
    stacks = data.stacked(np.arange(data.steps))
    expected = stacks / 255
    np.testing.assert_allclose((stacks - data.observation_mean) / data.observation_std, expected)
    assert data.observation_mean.shape == data.observation_std.shape == (1, 1, 1)


# --- statistics ---------------------------------------------------------------------------------


def test_statistics_by_hand() -> None:
    """A picture of 100 and 200; in every second frame the first pixel is 110."""
    frames = np.full((4, 1, 2), [100, 200], dtype=np.uint8)
    frames[::2, 0, 0] = 110
    mean, std = statistics(frames)
    assert mean.tolist() == [[105, 200]]
    assert std == np.float32(np.sqrt((5**2 + 0) / 2))
    assert (mean.dtype, std.dtype) == (np.float32, np.float32)


def test_statistics_are_of_frames_spread_evenly(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.datasets.frames.SAMPLE", 3)
    frames = np.arange(9, dtype=np.uint8).reshape(9, 1, 1)
    mean, std = statistics(frames)  # of 0, 4 and 8
    assert (mean.tolist(), std) == ([[4]], np.float32(np.sqrt(32 / 3)))


def test_the_mean_is_in_whole_levels_of_brightness() -> None:
    """bfloat16 holds these and their differences from bytes exactly."""
    mean, std = statistics(np.array([0, 0, 1], dtype=np.uint8).reshape(3, 1, 1))
    assert (mean.tolist(), std) == ([[0]], 1)
    mean, std = statistics(np.array([0, 20, 41], dtype=np.uint8).reshape(3, 1, 1))
    assert (mean.tolist(), std) == ([[20]], np.float32(np.sqrt((400 + 0 + 441) / 3)))


def test_a_picture_that_never_changes_is_divided_by_one() -> None:
    mean, std = statistics(np.full((3, 2, 2), 7, dtype=np.uint8))
    assert (mean == 7).all()
    assert std == 1
