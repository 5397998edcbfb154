"""What must hold of the arrays of a data set."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from bench.datasets.consistency import check
from bench.datasets.trajectories import ARRAYS, Trajectories
from tests.helpers.five_steps import five
from tests.helpers.frames import filled, make_frames


@pytest.mark.parametrize("name", ["observations", "actions", "rewards"])
@pytest.mark.parametrize("value", [np.nan, np.inf], ids=["nan", "inf"])
def test_numbers_that_are_not_finite_are_refused(
    ten: Trajectories, name: str, value: float
) -> None:
    values = getattr(ten, name).copy()
    values[4] = value
    with pytest.raises(ValueError, match=f"hopper: {name} .* not finite, first in row 4"):
        check(replace(ten, **{name: values}), "hopper")


@pytest.mark.parametrize("name", [name for name in ARRAYS if name != "rewards"])
def test_a_row_too_few_is_refused(ten: Trajectories, name: str) -> None:
    with pytest.raises(ValueError, match=f"hopper: {name} has 8 rows, rewards 9"):
        check(replace(ten, **{name: getattr(ten, name)[:-1]}), "hopper")


@pytest.mark.parametrize(
    ("terminals", "timeouts"),
    [([2], [4]), ([2, 6, 8], [4]), ([3, 8], [4]), ([2], [4, 7])],
    ids=["end-missing", "end-too-many", "end-moved", "end-early"],
)
def test_flags_that_disagree_with_the_bounds_are_refused(
    ten: Trajectories, terminals: list[int], timeouts: list[int]
) -> None:
    flags = np.zeros((2, 9), dtype=np.bool_)
    flags[0, terminals], flags[1, timeouts] = True, True
    with pytest.raises(ValueError, match="hopper: terminals and time-outs do not agree"):
        check(replace(ten, terminals=flags[0], timeouts=flags[1]), "hopper")


@pytest.mark.parametrize(
    "bounds", [[0], [0, 3, 5], [1, 5, 9], [0, 5, 5, 9]], ids=["none", "short", "late", "empty"]
)
def test_bounds_that_do_not_cover_the_steps_are_refused(
    ten: Trajectories, bounds: list[int]
) -> None:
    with pytest.raises(ValueError, match="hopper: episode_starts do not cover the 9 steps"):
        check(replace(ten, episode_starts=np.array(bounds)), "hopper")


@pytest.mark.parametrize("shape", [(2, 2), (3, 3), (3,)])
def test_final_observations_of_another_shape_are_refused(
    ten: Trajectories, shape: tuple[int, ...]
) -> None:
    wrong = replace(ten, final_observations=np.zeros(shape, dtype=np.float32))
    with pytest.raises(ValueError, match="final_observations has shape"):
        check(wrong, "these")


def test_a_final_observation_that_is_not_finite_is_refused(with_ends: Trajectories) -> None:
    assert with_ends.final_observations is not None
    with_ends.final_observations[1, 0] = np.nan
    with pytest.raises(ValueError, match=r"final_observations hold .* first in row 1"):
        check(with_ends, "these")


def test_an_action_that_was_changed_is_found_by_check() -> None:
    data = five()
    with pytest.raises(ValueError, match="mine: actions hold 4"):
        check(replace(data, actions=data.actions + (data.actions == 3)), "mine")
    with pytest.raises(ValueError, match="mine: episode_starts do not cover"):
        check(replace(data, episode_starts=np.array([0, 2, 4])), "mine")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"observations": np.zeros((14, 3), np.uint8)}, r"stacks need frames .* \(14, 3\)"),
        ({"observations": np.zeros((14, 3, 3), np.float32)}, "observations are .* float32"),
        (
            {"frame_index": np.arange(13)},
            "frame_index must give one of 14 frames for each of 14 steps",
        ),
        ({"frame_index": np.arange(1, 15)}, "frame_index must give one of 14 frames"),
        ({"frame_index": np.arange(-1, 13)}, "frame_index must give one of 14 frames"),
        (
            {"frame_index": np.arange(14), "stack": 1},
            "frame_index is for stacks of frames, but stack is 1 here",
        ),
        ({"stack": 0}, "stack is 0, but an observation needs at least 1 frame"),
        ({"scores": np.zeros(2)}, r"scores has shape \(2,\), expected one for each of 3 episodes"),
        ({"scores": np.array([0, np.nan, 1])}, "scores hold a value that is not finite"),
        ({"observations": filled(np.arange(13))}, "observations has 13 rows, rewards 14"),
        ({"final_observations": filled([1, 2])}, "expected one for each of 3 episodes"),
    ],
)
def test_arrays_that_do_not_fit_are_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValueError, match=f"these: .*{message}"):
        check(replace(make_frames(), **changes), "these")


def test_more_frames_than_steps_are_fine_where_rows_say_which() -> None:
    check(
        replace(make_frames(), observations=filled(range(99)), frame_index=np.arange(14)), "these"
    )
