"""Fixtures of the tests of behaviour policies."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import gymnasium
import pytest

from bench.behaviours import collect
from bench.behaviours.actor import Actor
from bench.behaviours.zoo import Snapshot, Zoo
from bench.core.files import sha256

MakeActor = Callable[[int], Actor]


@pytest.fixture
def few_lanes(monkeypatch: pytest.MonkeyPatch) -> None:
    """Roll out 4 episodes side by side instead of 32, all of which would have to end."""
    monkeypatch.setattr(collect, "NUM_ENVS", 4)


@pytest.fixture
def limited_hopper() -> Iterator[Callable[[int], str]]:
    """Return the id of a Hopper with a time limit of so many steps."""
    made: list[str] = []

    def limited(limit: int) -> str:
        name = f"Hopper{limit}Steps-v4"
        entry = "gymnasium.envs.mujoco.hopper_v4:HopperEnv"
        gymnasium.register(name, entry_point=entry, max_episode_steps=limit)
        made.append(name)
        return name

    yield limited
    for name in made:
        gymnasium.registry.pop(name)


@pytest.fixture
def short_hopper(limited_hopper: Callable[[int], str]) -> str:
    """Hopper with a time limit of 5 steps."""
    return limited_hopper(5)


@pytest.fixture
def small_zoo(make_actor: MakeActor, tmp_path: Path, few_lanes: None) -> Zoo:
    """Four untrained policies as a zoo, rolled out in few envs."""

    def keep(seed: int, share: float) -> Snapshot:
        path = tmp_path / f"{seed}.safetensors"
        make_actor(seed).save(path)
        return Snapshot(path.name, seed, share, 1.0, 2.0, 3.0, 4.0, sha256(path))

    replay = tuple(keep(seed, share) for seed, share in [(1, 0.2), (2, 0.3), (3, 0.5)])
    return Zoo(tmp_path, replay, keep(4, 0.0))
