"""What environments show and take, and data that fit them or do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box, Dict, Discrete, MultiDiscrete

from bench.datasets.npy import Header
from bench.datasets.readers.checks import WrongData
from bench.datasets.readers.spaces import (
    Spaces,
    fit_shapes,
    fitted_actions,
    fitted_observations,
    from_unit,
    spaces,
    time_limit,
    to_unit,
)
from bench.environments.vector import UnknownEnvironment


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


# --- the environment ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("environment", "limit"),
    [
        ("Hopper-v4", 1000),
        ("bench/Reacher2d-v0", 100),
        ('Hopper-v4 {"max_episode_steps": 7}', 7),
        ("bench/KeyToDoor-v0", None),
    ],
)
def test_time_limits(environment: str, limit: int | None) -> None:
    assert time_limit(environment) == limit


def test_an_open_version_is_refused() -> None:
    with pytest.raises(UnknownEnvironment, match=r"'Hopper' has no version.* like Hopper-v5"):
        time_limit("Hopper")


@pytest.mark.parametrize(
    ("environment", "observation", "pixels", "n_actions", "stack"),
    [
        ("Hopper-v4", (11,), False, None, 1),
        ("CartPole-v1", (4,), False, 2, 1),
        ("bench/KeyToDoor-v0", (5, 5, 3), True, 4, 1),
        ("bench/ShortestPath1-v0", (1,), True, 20, 1),
        ("bench/Pong-v0", (4, 84, 84), True, 6, 4),
    ],
)
def test_spaces_of_every_kind(
    environment: str, observation: tuple[int, ...], pixels: bool, n_actions: int | None, stack: int
) -> None:
    found = spaces("mine", environment)
    assert (found.observation, found.pixels) == (observation, pixels)
    assert (found.n_actions, found.stack, found.unit) == (n_actions, stack, True)


@pytest.mark.parametrize(
    ("environment", "low", "high", "unit"),
    [
        ("Hopper-v4", [-1] * 3, [1] * 3, True),
        ("Pendulum-v1", [-2], [2], False),
        ('Pendulum-v1 {"rescale_actions": true}', [-2], [2], False),
        ("Humanoid-v4", [-0.4] * 17, [0.4] * 17, False),
    ],
)
def test_bounds_are_those_of_the_environment_itself(
    environment: str, low: list[float], high: list[float], unit: bool
) -> None:
    found = spaces("mine", environment)
    np.testing.assert_allclose(found.low, low)
    np.testing.assert_allclose(found.high, high)
    assert found.unit == unit
    assert found.action_range == (-1, 1)


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ((Box(0, 1, (2, 2)), UNIT), r"observations of checked/Other-v0 are Box.*only vectors"),
        ((Dict(a=VECTOR), UNIT), "observations of checked/Other-v0 are Dict.*only vectors"),
        ((Box(0, 255, (8, 8, 3), np.uint8), UNIT), "observations .* bytes if actions are discrete"),
        ((Dict(a=VECTOR), Discrete(2)), "observations of checked/Other-v0 are Dict"),
        ((VECTOR, Discrete(3, start=1)), "discrete actions must start at 0"),
        ((VECTOR, MultiDiscrete([2, 2])), "only discrete actions and vectors of real numbers"),
        ((VECTOR, Box(-1, 1, (2, 2))), "only discrete actions and vectors of real numbers"),
        ((VECTOR, Box(-np.inf, np.inf, (1,))), "without finite bounds"),
        ((VECTOR, Box(np.array([-1, -np.inf]), np.array([1, 1]), dtype=np.float64)), "finite"),
    ],
    indirect=["other"],
    ids=["picture", "dict", "pixels", "goal", "start", "several", "matrix", "open", "half"],
)
def test_environments_that_no_method_could_act_in(other: str, message: str) -> None:
    with pytest.raises(WrongData, match=f"^mine: .*{message}"):
        spaces("mine", other)


# --- data -----------------------------------------------------------------------------------------

F8, U1 = np.dtype(np.float64), np.dtype(np.uint8)


@pytest.mark.parametrize(
    ("environment", "observations", "actions"),
    [
        ("Hopper-v4", (5, 11), (5, 3)),
        ("CartPole-v1", (5, 4), (5,)),
        ("bench/KeyToDoor-v0", (5, 5, 5, 3), (5,)),
        ("bench/Pong-v0", (5, 84, 84), (5,)),
        ("bench/Pong-v0", (5, 4, 84, 84), (5,)),
    ],
)
def test_shapes_that_fit(
    environment: str, observations: tuple[int, ...], actions: tuple[int, ...]
) -> None:
    fit_shapes("mine", spaces("mine", environment), Header(observations, U1), Header(actions, F8))


@pytest.mark.parametrize(
    ("environment", "observations", "actions", "message"),
    [
        ("Hopper-v4", (5, 12), (5, 3), r"observations have shape \(5, 12\), but Hopper-v4 needs"),
        ("Hopper-v4", (5,), (5, 3), r"observations have shape \(5,\)"),
        ("Hopper-v4", (), (5, 3), r"observations have shape \(\)"),
        ("Hopper-v4", (5, 11), (5, 1), r"actions have shape \(5, 1\).*needs \(steps, 3\)"),
        ("CartPole-v1", (5, 4), (5, 2), r"actions have shape \(5, 2\).*needs \(steps\)"),
        ("bench/KeyToDoor-v0", (5, 75), (5,), r"needs \(steps, 5, 5, 3\)"),
        ("bench/Pong-v0", (5, 3, 84, 84), (5,), r"\(steps, 4, 84, 84\) or \(steps, 84, 84\)"),
    ],
)
def test_shapes_that_do_not_fit(
    environment: str, observations: tuple[int, ...], actions: tuple[int, ...], message: str
) -> None:
    own = spaces("mine", environment)
    with pytest.raises(WrongData, match=f"^mine: .*{message}"):
        fit_shapes("mine", own, Header(observations, F8), Header(actions, F8))


@pytest.mark.parametrize("dtype", ["<U3", "O", "c16", "V8"])
def test_types_that_are_no_real_numbers(dtype: str) -> None:
    own = spaces("mine", "Hopper-v4")
    with pytest.raises(WrongData, match="not real numbers"):
        fit_shapes("mine", own, Header((5, 11), np.dtype(dtype)), Header((5, 3), F8))


def box(low: list[float], high: list[float]) -> Spaces:
    return Spaces("Own-v0", (4,), False, None, np.array(low), np.array(high))


CHOICES = Spaces("Own-v0", (4,), True, 3, np.empty(0), np.empty(0))


@pytest.mark.parametrize("beyond", [0.0, 0.0009])
def test_actions_within_the_bounds_stay_as_they_are(beyond: float) -> None:
    actions = np.full((5, 2), 1 + beyond)
    assert fitted_actions("mine", box([-1, -1], [1, 1]), actions) is actions


def test_actions_outside_the_range_are_counted_by_rows() -> None:
    actions = np.zeros((2000, 2))
    actions[7, 1], actions[100:1300] = -1.002, 5
    with pytest.raises(WrongData, match="range of -1 to 1 in 1,201 rows, first in row 7: clip"):
        fitted_actions("mine", box([-1, -1], [1, 1]), actions)


@pytest.mark.parametrize(
    ("low", "high"),
    [([-2.0, -2.0], [2.0, 2.0]), ([0.0, -0.4], [1.0, 0.4]), ([-1.0, 3.0], [1.0, 300.0])],
)
def test_other_bounds_are_mapped_and_back(low: list[float], high: list[float]) -> None:
    own = box(low, high)
    ends = np.array([low, high, [(a + b) / 2 for a, b in zip(low, high, strict=True)]])
    mapped = fitted_actions("mine", own, ends)
    np.testing.assert_allclose(mapped, [[-1, -1], [1, 1], [0, 0]], atol=1e-12)
    np.testing.assert_allclose(from_unit(mapped, own.low, own.high), ends)
    random = np.random.default_rng(0).uniform(low, high, (100, 2))
    np.testing.assert_allclose(
        from_unit(to_unit(random, *map(np.array, (low, high))), own.low, own.high), random
    )


def test_actions_beyond_other_bounds_are_refused() -> None:
    with pytest.raises(WrongData, match=r"range of -2 to 2 in 1 rows, first in row 1"):
        fitted_actions("mine", box([-2.0], [2.0]), np.array([[1.9], [2.1]]))


@pytest.mark.parametrize(("value", "row"), [(-1, 2), (3, 2), (1e9, 2)])
def test_discrete_actions_that_do_not_exist(value: float, row: int) -> None:
    with pytest.raises(WrongData, match=f"in row {row}, but Own-v0 takes 0 to 2"):
        fitted_actions("mine", CHOICES, np.array([0, 2, value]))


def test_whole_numbers_become_bytes() -> None:
    found = fitted_observations("mine", CHOICES, np.array([[0.0, 255.0]]))
    assert (found.dtype, found.tolist()) == (np.uint8, [[0, 255]])


@pytest.mark.parametrize("value", [-1, 256, 0.5, 1e9])
def test_what_is_no_byte_is_refused(value: float) -> None:
    with pytest.raises(WrongData, match="in row 1, but Own-v0 shows whole numbers from 0 to 255"):
        fitted_observations("mine", CHOICES, np.array([[0.0], [value]]))
