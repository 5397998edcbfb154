"""Random Key-to-Door episodes per second on one core: all in one batch, compared with one Gymnasium environment."""

import gymnasium
import numpy as np
import pytest

from bench.environments.key_to_door import ID, register
from bench.environments.key_to_door_rooms import HORIZON, Rooms


def batch(episodes, seed):
    """Return the returns of parallel episodes, (episodes,)."""
    random, envs = np.random.default_rng(seed), np.arange(episodes)
    rooms, total = Rooms(episodes), np.zeros(episodes)
    rooms.reset(envs, [np.random.default_rng((seed, env)) for env in envs])
    for _ in range(HORIZON):
        total += rooms.step(envs, random.integers(4, size=episodes))
    return total


def single(episodes, seed):
    """Return the returns of episodes that are played one after the other, (episodes,)."""
    register()
    random, environment = np.random.default_rng(seed), gymnasium.make(ID)
    total = np.zeros(episodes)
    for episode in range(episodes):
        environment.reset(seed=seed + episode)
        for action in random.integers(4, size=HORIZON):
            total[episode] += environment.step(action)[1]
    return total


@pytest.mark.benchmark(group="random Key-to-Door episodes")
@pytest.mark.parametrize(("subject", "episodes"), [(batch, 10_000), (batch, 100), (single, 100)])
def test_random_episodes(benchmark, subject, episodes):
    rewards = benchmark.pedantic(subject, (episodes, 0), rounds=3, warmup_rounds=1)
    benchmark.extra_info["episodes_per_second"] = round(episodes / benchmark.stats["median"])
    assert rewards.mean() < 0.1
