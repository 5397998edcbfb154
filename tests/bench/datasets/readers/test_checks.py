"""What every reader checks, each check alone."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.datasets.npy import Header
from bench.datasets.readers import checks
from bench.datasets.readers.checks import (
    WrongData,
    complete,
    flags,
    numbers,
    refuse_too_large,
    within_horizon,
)
from bench.datasets.trajectories import Trajectories
from bench.tasks.registry import DOMAINS
from tests.helpers.episodes import of_returns

PATH, HOPPER = Path("my.npz"), DOMAINS["hopper"]


def test_all_arrays_that_are_needed() -> None:
    complete(PATH, ("rewards", "actions"), ["actions", "rewards", "more"])
    with pytest.raises(WrongData, match=r"^my\.npz has no a, b\. Give a, b, c, and") as error:
        complete(PATH, ("a", "b", "c"), ["c", "d"])
    assert str(error.value).endswith("The file has: c, d")


@pytest.mark.parametrize("values", [[1, 2], [0.5], [True], np.array([3], np.uint8)], ids=str)
def test_real_numbers_stay_what_they_are(values: Any) -> None:
    array = numbers("mine", "rewards", values)
    np.testing.assert_array_equal(array, values)
    assert array.dtype == np.asarray(values).dtype


@pytest.mark.parametrize(
    ("values", "dtype"),
    [(["a"], "<U1"), ([None], "object"), ([1j], "complex128"), ([b"a"], r"\|S1")],
)
def test_what_is_no_real_number_is_refused(values: Any, dtype: str) -> None:
    with pytest.raises(WrongData, match=f"^mine: rewards holds {dtype}, not real numbers"):
        numbers("mine", "rewards", values)


def test_flags_become_booleans() -> None:
    for given in ([0, 1, 1], [0.0, 1.0, 1.0], [False, True, True]):
        found = flags("mine", "terminals", given)
        assert (found.dtype, found.tolist()) == (np.bool_, [False, True, True])


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ([0, 1, 2], "holds 2 in row 2"),
        ([0.0, np.nan], "holds nan in row 1"),
        ([[0], [-1]], "holds -1 in row 1"),
        ([0.5, 0.5], "holds 0.5 in row 0"),
    ],
)
def test_another_value_is_no_flag(values: Any, message: str) -> None:
    with pytest.raises(WrongData, match=f"^mine: terminals {message}; a flag must be 0 or 1$"):
        flags("mine", "terminals", values)


@pytest.mark.parametrize(
    ("shapes", "available", "fits"),
    [
        ([(100,)], 1600, True),
        ([(100,)], 1599, False),
        ([(100, 11), (10,)], 2 * 8 * 1110, True),
        ([(2**40, 2**20)], 2**36, False),
        ([], 0, True),
        ([(2**60,)], None, True),  # the system does not say
    ],
)
def test_arrays_that_do_not_fit_into_memory_are_refused(
    shapes: list[tuple[int, ...]],
    available: int | None,
    fits: bool,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(checks, "available_memory", lambda: available)
    arrays = [Header(shape, np.dtype(np.float64)) for shape in shapes]
    if fits:
        refuse_too_large("mine", arrays)
        return
    with pytest.raises(WrongData, match=r"^mine: its arrays need .* bytes of memory"):
        refuse_too_large("mine", arrays)


@pytest.fixture
def data() -> Trajectories:
    """Episodes of 2, 5 and 3 steps."""
    return of_returns([[1.0] * 2, [1.0] * 5, [1.0] * 3])


def test_an_episode_may_last_as_long_as_the_horizon(data: Trajectories) -> None:
    within_horizon("mine", data, replace(HOPPER, horizon=5))
    with pytest.raises(WrongData, match="episode 1 has 5 steps, but Hopper-v4 has at most 4"):
        within_horizon("mine", data, replace(HOPPER, horizon=4))


@pytest.mark.parametrize("marked", [True, False])
def test_the_way_out_of_a_long_episode_depends_on_the_marks(
    data: Trajectories, marked: bool
) -> None:
    """With all ends marked, the episode is as long as it says."""
    with pytest.raises(WrongData) as failure:
        within_horizon("mine", data, replace(HOPPER, horizon=4), marked=marked)
    assert ("--horizon 5" in str(failure.value)) == marked
    assert ("is missing in the data" in str(failure.value)) != marked
