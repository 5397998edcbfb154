"""Roll out a behaviour policy in many envs at the same time, reproducibly."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from bench.behaviours.actor import Actor
from bench.core.seeds import derive, generator
from bench.datasets.build import from_arrays
from bench.datasets.trajectories import F32, Trajectories
from bench.environments.vector import VectorEnv

NUM_ENVS = 32


@dataclass(frozen=True)
class Episode:
    """One finished episode of T steps."""

    observations: F32  # (T, obs)
    actions: F32  # (T, act)
    rewards: F32  # (T,)
    terminal: bool  # whether it terminated; otherwise the time limit ended it
    final_observation: F32  # (obs,), after the last action

    @property
    def steps(self) -> int:
        """Return the number of steps T."""
        return len(self.rewards)


def roll_out(
    actor: Actor,
    environment: str,
    *,
    name: str,
    steps: int | None = None,
    episodes: int | None = None,
    progress: Callable[[int], None] = lambda steps: None,
) -> list[Episode]:
    """Return the episodes 0, 1, 2, ... of `name`, sampled from the policy.

    The start and the action noise of episode i have seeds that depend only on `name` and i. Every episode that starts
    is finished, so short episodes are not preferred.

    Args:
        actor: the policy.
        environment: Gymnasium id.
        name: the name of the sequence of episodes; another name gives other episodes.
        steps: stop before the first episode that would exceed this number of steps. This is like data that are cut
            at N steps, without the unfinished last episode. At least one episode is returned.
        episodes: stop after this number of episodes instead.
        progress: called with the number of steps of each finished episode.

    Raises:
        ValueError: both or neither of `steps` and `episodes` are given, or `steps` is below 0.
    """
    if (steps is None) == (episodes is None):
        raise ValueError("give either steps or episodes")
    if steps is not None and steps < 0:
        raise ValueError(f"steps is {steps}; give 0 or more")
    envs = VectorEnv(environment, NUM_ENVS)
    finished: dict[int, Episode] = {}
    buffers: list[list[tuple[F32, F32, float]]] = [[] for _ in range(NUM_ENVS)]
    index = [-1] * NUM_ENVS
    noises: list[np.random.Generator] = [np.random.default_rng(0)] * NUM_ENVS
    started = 0  # number of started episodes
    whole = taken = (
        0  # number of finished episodes before the first unfinished one, and their steps
    )

    def enough() -> bool:
        nonlocal whole, taken
        while whole in finished:
            taken, whole = taken + finished[whole].steps, whole + 1
        return started >= episodes if episodes is not None else taken > (steps or 0)

    def start(env: int) -> None:
        nonlocal started
        envs.reset(env, derive("reset", name, started))
        index[env], noises[env] = started, generator("noise", name, started)
        started += 1

    try:
        for env in range(NUM_ENVS):
            if not enough():
                start(env)
        width = len(actor.mean[1])
        noise = np.zeros((NUM_ENVS, width), dtype=np.float32)
        while any(i >= 0 for i in index):
            for env in range(NUM_ENVS):
                if index[env] >= 0:
                    noise[env] = noises[env].standard_normal(width, dtype=np.float32)
            actions = actor.act(envs.observations, noise)
            for env in range(NUM_ENVS):
                if index[env] < 0:
                    continue
                observation = envs.observations[env].copy()
                reward, terminal, timeout = envs.step_one(env, actions[env])
                buffers[env].append((observation, actions[env], reward))
                if not (terminal or timeout):
                    continue
                finished[index[env]] = _episode(
                    buffers[env], terminal, envs.observations[env].copy()
                )
                progress(len(buffers[env]))
                buffers[env], index[env] = [], -1
                if not enough():
                    start(env)
    finally:
        envs.close()
    return _within([finished[i] for i in range(started)], steps)


def join(episodes: list[Episode]) -> Trajectories:
    """Return episodes as one data set, in their order."""
    terminal = np.array([episode.terminal for episode in episodes])
    last = np.cumsum([episode.steps for episode in episodes]) - 1
    ends = np.zeros((2, int(last[-1]) + 1), dtype=np.bool_)
    ends[0, last[terminal]] = True
    ends[1, last[~terminal]] = True
    return from_arrays(
        np.concatenate([episode.observations for episode in episodes]),
        np.concatenate([episode.actions for episode in episodes]),
        np.concatenate([episode.rewards for episode in episodes]),
        terminals=ends[0],
        timeouts=ends[1],
        final_observations=np.stack([episode.final_observation for episode in episodes]),
    )


def _episode(buffer: list[tuple[F32, F32, float]], terminal: bool, final: F32) -> Episode:
    observations, actions, rewards = zip(*buffer, strict=True)
    return Episode(
        np.stack(observations),
        np.stack(actions),
        np.array(rewards, dtype=np.float32),
        terminal,
        final,
    )


def _within(episodes: list[Episode], steps: int | None) -> list[Episode]:
    if steps is None:
        return episodes
    total = np.cumsum([episode.steps for episode in episodes])
    return episodes[: max(int((total <= steps).sum()), 1)]
