"""What every reader checks, each check alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict

from bench.datasets.readers.checks import (
    WrongData,
    complete,
    fit,
    flags,
    numbers,
    spaces,
    time_limit,
    within_horizon,
)
from bench.datasets.trajectories import Trajectories
from bench.environments.vector import UnknownEnvironment
from bench.tasks.registry import DOMAINS
from tests.helpers.episodes import of_returns

PATH, HOPPER = Path("my.npz"), DOMAINS["hopper"]


class Other(gymnasium.Env[Any, Any]):
    """An environment that is only looked at: it has these spaces."""

    def __init__(self, observation: Any, action: Any) -> None:
        self.observation_space, self.action_space = observation, action


VECTOR, UNIT = Box(-1, 1, (4,)), Box(-1, 1, (2,))


@pytest.fixture
def other(request: pytest.FixtureRequest) -> Iterator[str]:
    """The id of an environment with the spaces of the test's parameter, and no time limit."""
    observation, action = getattr(request, "param", (VECTOR, UNIT))
    name = "checked/Other-v0"
    gymnasium.register(name, entry_point=lambda: Other(observation, action))
    yield name
    gymnasium.registry.pop(name)


# --- arrays ---------------------------------------------------------------------------------------


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


# --- the environment ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "limit"),
    [("Hopper-v4", 1000), ("bench/Reacher2d-v0", 100), ("gymnasium:Swimmer-v5", 1000)],
)
def test_time_limits(environment: str, limit: int) -> None:
    assert time_limit(environment) == limit


def test_an_environment_without_a_time_limit_is_refused(other: str) -> None:
    with pytest.raises(UnknownEnvironment, match=r"no time limit, .*with max_episode_steps"):
        time_limit(other)


def test_an_open_version_is_refused() -> None:
    with pytest.raises(UnknownEnvironment, match=r"'Hopper' has no version.* like Hopper-v5"):
        time_limit("Hopper")


def test_sizes_and_range_of_an_environment(other: str) -> None:
    assert spaces("mine", "Hopper-v4") == ((11, 3), (-1, 1))
    assert spaces("mine", other) == ((4, 2), (-1, 1))


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ((Box(0, 1, (2, 2)), UNIT), r"observations of checked/Other-v0 are Box.*only vectors"),
        ((Dict(a=VECTOR), UNIT), "observations of checked/Other-v0 are Dict.*only vectors"),
        ((VECTOR, gymnasium.spaces.Discrete(3)), r"actions .* are Discrete\(3\); only vectors"),
        (
            (VECTOR, Box(-2, 2, (1,))),
            "takes actions from -2 to 2, but methods act in .*RescaleAction",
        ),
        ((VECTOR, Box(0, 1, (1,))), "takes actions from 0 to 1, but methods act in"),
    ],
    indirect=["other"],
    ids=["picture", "dict", "discrete", "wide", "half"],
)
def test_environments_that_no_method_could_act_in(other: str, message: str) -> None:
    with pytest.raises(WrongData, match=f"^mine: .*{message}"):
        spaces("mine", other)


# --- both -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("beyond", [0.0, 0.0009])
def test_data_that_fit_give_the_range_of_actions(beyond: float) -> None:
    actions = np.full((5, 3), 1 + beyond)
    assert fit("mine", HOPPER, np.zeros((5, 11)), actions) == (-1, 1)


@pytest.mark.parametrize(
    ("observations", "actions", "message"),
    [
        ((5, 12), (5, 3), r"observations have shape \(5, 12\), but Hopper-v4 needs \(steps, 11\)"),
        ((5,), (5, 3), r"observations have shape \(5,\)"),
        ((5, 11), (5, 1), r"actions have shape \(5, 1\), but Hopper-v4 needs \(steps, 3\)"),
    ],
)
def test_data_that_do_not_fit(
    observations: tuple[int, ...], actions: tuple[int, ...], message: str
) -> None:
    with pytest.raises(WrongData, match=f"^mine: {message}"):
        fit("mine", HOPPER, np.zeros(observations), np.zeros(actions))


def test_actions_outside_the_range_are_counted_by_rows() -> None:
    actions = np.zeros((2000, 3))
    actions[7, 1], actions[100:1300] = -1.002, 5
    with pytest.raises(WrongData, match="range of -1 to 1 in 1,201 rows, first in row 7: clip"):
        fit("mine", HOPPER, np.zeros((2000, 11)), actions)


@pytest.fixture
def data() -> Trajectories:
    """Episodes of 2, 5 and 3 steps."""
    return of_returns([[1.0] * 2, [1.0] * 5, [1.0] * 3])


def test_an_episode_may_last_as_long_as_the_horizon(data: Trajectories) -> None:
    within_horizon("mine", data, replace(HOPPER, horizon=5))
    with pytest.raises(WrongData, match="episode 1 has 5 steps, but Hopper-v4 has at most 4"):
        within_horizon("mine", data, replace(HOPPER, horizon=4))
