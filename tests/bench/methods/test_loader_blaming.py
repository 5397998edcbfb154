"""Whose error it is: that of a method, or that of the environment in which its policy acts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import gymnasium
import numpy as np
import pytest
from gymnasium.spaces import Box

from bench.core.stopping import OverTime
from bench.environments.modules import VARIABLE, UntrustedModule
from bench.environments.vector import UnknownEnvironment, VectorEnv, make
from bench.methods.contract import BadMethod
from bench.methods.loader import blaming
from bench.methods.places import EnvironmentFailed

FAILING = "bench-test/Failing-v0"


class Failing(gymnasium.Env[Any, Any]):
    """Fails where it is told to."""

    observation_space, action_space = Box(-1, 1, (2,)), Box(-1, 1, (1,))
    place = ""
    error: BaseException = ZeroDivisionError("by zero")

    def __init__(self) -> None:
        self._fail("make")

    def reset(self, *, seed: int | None = None, options: Any = None) -> Any:
        self._fail("reset")
        return np.zeros(2, dtype=np.float32), {}

    def step(self, action: Any) -> Any:
        self._fail("step")
        return np.zeros(2, dtype=np.float32), 0.0, True, False, {}

    def _fail(self, place: str) -> None:
        if place == self.place:
            raise self.error


@pytest.fixture(autouse=True)
def registered(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv(VARIABLE, "")
    gymnasium.register(FAILING, entry_point=Failing, max_episode_steps=5)
    yield
    del gymnasium.registry[FAILING]


def an_episode() -> None:
    envs = VectorEnv(FAILING, 1)
    envs.reset(0, 0)
    envs.step(np.array([0]), np.zeros((1, 1)))


@pytest.mark.parametrize("place", ["make", "reset", "step"])
@pytest.mark.parametrize("error", [ZeroDivisionError("by zero"), ValueError("x"), KeyError("x")])
def test_an_environment_that_fails_is_named_with_its_line(
    monkeypatch: pytest.MonkeyPatch, place: str, error: Exception
) -> None:
    monkeypatch.setattr(Failing, "place", place)
    monkeypatch.setattr(Failing, "error", error)
    expected = rf"^the environment: methods/test_loader_blaming\.py:\d+: {type(error).__name__}: "
    with pytest.raises(EnvironmentFailed, match=expected), blaming("mine"):
        an_episode()


def test_an_environment_that_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Failing, "place", "step")
    monkeypatch.setattr(Failing, "error", OverTime(1.0))
    with (
        pytest.raises(
            EnvironmentFailed, match=r"^the environment: .*longer than its time limit of 1 minutes"
        ),
        blaming("mine"),
    ):
        an_episode()


def test_an_environment_that_works_is_nobodys_fault() -> None:
    with blaming("mine"):
        an_episode()


@pytest.mark.parametrize(
    ("environment", "error", "message"),
    [
        ("own:own/Own-v0", UntrustedModule, "needs the Python module 'own'.*bench --import own"),
        ("own/Own-v0", UnknownEnvironment, "name the module: MODULE:own/Own-v0 as --environment"),
        ('Hopper-v4 {"kwargs": {"wings": 2}}', UnknownEnvironment, "with these arguments"),
    ],
)
def test_what_the_suite_explains_stays_as_it_is(
    environment: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=rf"^(?!method).*{message}"), blaming("mine"):
        make(environment)


METHOD = """
def act(call):
    {}
"""


@pytest.mark.parametrize("body", ["call()", "raise KeyError('x')", "[][1]"])
def test_a_method_is_blamed_for_its_own_lines(monkeypatch: pytest.MonkeyPatch, body: str) -> None:
    """Also where it steps an environment, which no method may."""
    monkeypatch.setattr(Failing, "place", "step")
    scope: dict[str, Any] = {}
    exec(compile(METHOD.format(body), "/x/baselines/mine.py", "exec"), scope)
    with pytest.raises(BadMethod, match=r"^method mine: baselines/mine\.py:3: "), blaming("mine"):
        scope["act"](an_episode)
