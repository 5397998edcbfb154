"""Which versions of MuJoCo are taken, and the suite's own environments in it."""

from __future__ import annotations

import gymnasium
import pytest

from bench.environments import mujoco, reacher2d
from bench.environments.vector import UnknownEnvironment, make


@pytest.mark.parametrize("installed", ["2.3.2", "3.5.0", "3.10.1", "4.0.0"])
def test_a_simulator_with_other_numbers_is_refused(
    monkeypatch: pytest.MonkeyPatch, installed: str
) -> None:
    monkeypatch.setattr(mujoco, "version", lambda package: installed)
    with pytest.raises(UnknownEnvironment, match=f"mujoco {installed} is installed"):
        make("Hopper-v4")


@pytest.mark.parametrize("installed", ["2.3.3", "3.0.0", "3.4.0"])
def test_simulators_with_the_same_numbers_are_taken(
    monkeypatch: pytest.MonkeyPatch, installed: str
) -> None:
    monkeypatch.setattr(mujoco, "version", lambda package: installed)
    made = make("Hopper-v4")
    assert made.spec.id == "Hopper-v4"
    made.close()


def test_a_refused_simulator_is_told_with_the_environment_and_the_way_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(mujoco, "version", lambda package: {"mujoco": "3.5.0"}[package])
    with pytest.raises(UnknownEnvironment, match=r"but Walker2d-v4 is .* of requirements.lock"):
        mujoco.check("Walker2d-v4")


def test_registering_twice_keeps_one_reacher(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(gymnasium.registry, reacher2d.ID, raising=False)
    mujoco.register()
    first = gymnasium.registry[reacher2d.ID]
    mujoco.register()
    assert gymnasium.registry[reacher2d.ID] is first
    assert first.max_episode_steps == 100
