"""Roll a policy out under the protocol that all methods share, episode by episode.

Episode i starts from seed i of the environment's list, whatever the method, so comparisons are
paired. Every episode that starts is finished and counted once. Episodes run in batches of a fixed
number of num_envs: a matrix product gives other last bits for another batch size, and a simulator with
contacts makes other returns of them, so with a fixed size an episode's return does not depend on
which episodes run beside it. A policy may leave envs out whose episodes are over (`Policy.finish`), if
that leaves the others' bits alone.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from gymnasium.spaces import Box, Discrete

from bench.core.seeds import derive
from bench.datasets.trajectories import F32, I64
from bench.environments.vector import VectorEnv, make_vector
from bench.methods.contract import Policy, check_actions
from bench.tasks.registry import Task


@dataclass(frozen=True)
class Outcome:
    """What one policy earned.

    Attributes:
        target: the raw return asked for.
        returns: of each episode, raw, undiscounted, true rewards.
        lengths: steps of each episode.
    """

    target: float
    returns: list[float]
    lengths: list[int]


def episode_seed(environment: str, episode: int) -> int:
    """Return the seed that episode `episode` of every method starts from."""
    return derive("evaluation", environment, episode)


def policy_seed(environment: str, seed: int, episode: int) -> int:
    """Return the seed that a policy of run seed `seed` draws from in an episode."""
    return derive("policy", environment, seed, episode)


def evaluate(
    policy: Policy,
    task: Task,
    *,
    method: str,
    episodes: int,
    targets: list[float],
    num_envs: int,
    seed: int = 0,
    sparse: bool = False,
    first: int = 0,
    max_steps: int | None = None,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Outcome]:
    """Return one outcome per target.

    Args:
        policy: fresh or used; it is reset.
        task: environment and horizon.
        method: for error messages.
        episodes: per target.
        targets: raw returns to ask for.
        num_envs: episodes that run side by side; part of the protocol, see above. VectorEnv without an
            episode idle.
        seed: of the run; a policy that draws at random draws others for another seed.
        sparse: show the policy zero rewards, as in the delayed variant, where all reward comes with
            the last step. The score is the true return all the same.
        first: index of the first episode.
        max_steps: an episode ends after so many steps, with what it has earned; None: only where the
            environment ends it.
        progress: called with finished and total episodes.

    Raises:
        BadMethod: `act` returns the wrong shape or a value that is not finite.
    """
    recorded = getattr(policy, "recorded", None)
    if recorded is not None:
        returns, lengths = ([x.item() for x in column] for column in recorded)
        return [Outcome(target, returns, lengths) for target in targets]
    environments = make_vector(task.domain.environment, num_envs)
    most = math.inf if max_steps is None else max_steps
    last = first + episodes
    outcomes: list[Outcome] = []
    try:
        for target in targets:
            finished: list[tuple[float, int]] = []
            for start in range(first - first % num_envs, last, num_envs):
                wanted = [
                    start + env if first <= start + env < last else None for env in range(num_envs)
                ]
                finished += _batch(
                    policy, task, environments, wanted, target, method, seed, sparse, most
                )
                progress(len(outcomes) * episodes + len(finished), len(targets) * episodes)
            outcomes.append(Outcome(target, [r for r, _ in finished], [n for _, n in finished]))
    finally:
        environments.close()
    return outcomes


def _batch(
    policy: Policy,
    task: Task,
    environments: VectorEnv,
    wanted: list[int | None],
    target: float,
    method: str,
    seed: int,
    sparse: bool,
    most: float,
) -> list[tuple[float, int]]:
    """Return return and length of each wanted episode, of at most so many steps; an env whose episode
    is None idles.
    """
    num_envs = len(wanted)
    space = environments.action_space
    name = task.domain.environment
    played = [episode if episode is not None else env for env, episode in enumerate(wanted)]
    noise = [policy_seed(name, seed, episode) for episode in played]
    policy.reset(np.array(noise, dtype=np.int64), np.full(num_envs, target, dtype=np.float32))
    for env, episode in enumerate(played):
        environments.reset(env, episode_seed(name, episode))
    running = np.array([episode is not None for episode in wanted])
    counted = np.flatnonzero(running).tolist()
    finish: Callable[[I64], None] = getattr(policy, "finish", lambda num_envs: None)
    finish(np.flatnonzero(~running))
    earned, lengths = np.zeros(num_envs), np.zeros(num_envs, dtype=np.int64)
    shown: F32 = np.zeros(num_envs, dtype=np.float32)
    while running.any():
        actions = check_actions(
            policy.act(environments.observations.copy(), shown.copy()),
            (num_envs, *space.shape),
            method,
            n_actions=int(space.n) if isinstance(space, Discrete) else None,
        )
        if isinstance(space, Box):
            actions = np.clip(actions, space.low, space.high)
        acting = np.flatnonzero(running)
        rewards, over = environments.step(acting, actions[acting])
        earned[acting] += rewards
        lengths[acting] += 1
        over |= lengths[acting] >= most
        shown[:] = 0
        if not sparse:
            shown[acting] = rewards
        running[acting] = ~over
        if over.any():
            finish(acting[over])
    return [(float(earned[env]), int(lengths[env])) for env in counted]
