"""Stacks of frames become single frames, and single frames become stacks."""

from __future__ import annotations

import numpy as np
import pytest

from bench.datasets.readers import stacks
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.spaces import Spaces
from bench.datasets.readers.stacks import single_frames, stacks_of
from bench.datasets.trajectories import Trajectories
from tests.helpers.atari import SIDE, STACK, make_frames

SPACE = Spaces("Own-v0", (STACK, SIDE, SIDE), True, 3, np.empty(0), np.empty(0))


@pytest.fixture
def data() -> Trajectories:
    return make_frames((5, 1, 7))


def stacked(data: Trajectories) -> tuple[np.ndarray, np.ndarray]:
    """Return all stacks of the data, (N, S, H, W), and those after the last actions."""
    assert data.final_observations is not None
    ends = zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True)
    whole = [
        stacks_of(data.observations[a:b], data.final_observations[index], STACK)
        for index, (a, b) in enumerate(ends)
    ]
    return np.concatenate([each[:-1] for each in whole]), np.stack([each[-1] for each in whole])


def test_stacks_are_those_that_a_network_sees(data: Trajectories) -> None:
    shown, _ = stacked(data)
    np.testing.assert_array_equal(shown, data.stacked(np.arange(data.steps)))


@pytest.mark.parametrize("piece", [2, 1024])
def test_stacks_become_the_frames_they_were(
    data: Trajectories, piece: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stacks, "PIECE", piece)
    frames, final = single_frames("mine", SPACE, *stacked(data), data.terminals | data.timeouts)
    np.testing.assert_array_equal(frames, data.observations)
    assert data.final_observations is not None
    assert final is not None
    np.testing.assert_array_equal(final, data.final_observations)


def test_single_frames_stay(data: Trajectories) -> None:
    frames, final = single_frames("mine", SPACE, data.observations, None, data.terminals)
    assert frames is data.observations
    assert final is None


@pytest.mark.parametrize(("row", "frame"), [(0, 0), (3, 1), (5, 2), (12, 0)])
def test_a_stack_of_other_frames_is_refused(data: Trajectories, row: int, frame: int) -> None:
    shown, final = stacked(data)
    shown[row, frame] += 1
    with pytest.raises(WrongData, match=f"the observation of row {row} is not the stack"):
        single_frames("mine", SPACE, shown, final, data.terminals | data.timeouts)


def test_stacks_that_begin_with_copies_of_the_first_frame_are_refused(data: Trajectories) -> None:
    """As some wrappers make them. A network of this suite would see zeros there."""
    shown, final = stacked(data)
    shown[0] = shown[0, -1]
    with pytest.raises(WrongData, match=r"with zeros before the first one\. Give single frames"):
        single_frames("mine", SPACE, shown, final, data.terminals | data.timeouts)
