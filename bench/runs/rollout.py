"""Roll a policy out under the evaluation protocol that all methods share.

- Episode i starts from seed i of the environment's list. The list is the same for every method, so
  comparisons are paired.
- Every episode that starts is finished and counted once.
- Episodes run in batches of a fixed size, `num_envs`. The last bits of a matrix product depend on the
  batch size, and a simulator with contacts turns them into different returns. With a fixed batch size
  an episode's return does not depend on the episodes that run beside it.
- A policy may skip envs whose episodes are finished (`Policy.finish`), if the results of the other
  envs stay equal bit for bit.
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
from bench.methods.contract import BadMethod, Policy, check_actions
from bench.tasks.registry import Task


@dataclass(frozen=True)
class Outcome:
    """The returns of one policy at one target return.

    Attributes:
        target: the target return, raw.
        returns: of each episode; raw, undiscounted, of the true rewards.
        lengths: of each episode, in steps.
    """

    target: float
    returns: list[float]
    lengths: list[int]


def episode_seed(environment: str, episode: int, episode_list: str = "") -> int:
    """Return the seed of the environment in episode `episode` of a list; it is the same for every method.

    The list without a name is that of reported scores. A named one has other seeds, so that settings can be
    chosen on episodes that no reported score is measured on.
    """
    own = (episode_list,) if episode_list else ()
    return derive("evaluation", *own, environment, episode)


def policy_seed(environment: str, seed: int, episode: int) -> int:
    """Return the seed of the policy's own random numbers in an episode of run seed `seed`."""
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
    episode_list: str = "",
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Outcome]:
    """Return one outcome per target return.

    Args:
        policy: new or used; it is reset.
        task: gives the environment and the horizon.
        method: name of the method, for error messages.
        episodes: number of episodes per target.
        targets: target returns, raw.
        num_envs: how many episodes run side by side. It is part of the protocol, see above. An env
            without an episode stays idle.
        seed: of the run. A policy with random actions draws different ones for another seed.
        sparse: show the policy rewards of zero, as in the sparse variant, where all reward comes with
            the last step. The score is the true return in both variants.
        first: index of the first episode.
        max_steps: end an episode after this many steps and keep the return earned so far; None: only
            the environment ends an episode.
        episode_list: name of the list of episode seeds; empty: that of reported scores.
        progress: called with the number of finished episodes and of all episodes.

    Raises:
        BadMethod: `act` returns an array of the wrong shape, or a value that is not finite.
    """
    recorded = getattr(policy, "recorded", None)
    if recorded is not None:
        returns, lengths = ([x.item() for x in column] for column in recorded)
        return [Outcome(target, returns, lengths) for target in targets]
    environments = make_vector(task.domain.environment, num_envs)
    limit = math.inf if max_steps is None else max_steps
    last = first + episodes
    outcomes: list[Outcome] = []
    try:
        for target in targets:
            finished: list[tuple[float, int]] = []
            for start in range(first - first % num_envs, last, num_envs):
                assigned = [
                    start + env if first <= start + env < last else None for env in range(num_envs)
                ]
                finished += _batch(
                    policy,
                    task,
                    environments,
                    assigned,
                    target,
                    method,
                    seed,
                    sparse,
                    limit,
                    episode_list,
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
    assigned: list[int | None],
    target: float,
    method: str,
    seed: int,
    sparse: bool,
    limit: float,
    episode_list: str,
) -> list[tuple[float, int]]:
    """Return the return and the length of each assigned episode, at most `limit` steps long. An env
    whose episode is None stays idle.
    """
    num_envs = len(assigned)
    space = environments.action_space
    name = task.domain.environment
    started = [episode if episode is not None else env for env, episode in enumerate(assigned)]
    policy_seeds = [policy_seed(name, seed, episode) for episode in started]
    policy.reset(
        np.array(policy_seeds, dtype=np.int64), np.full(num_envs, target, dtype=np.float32)
    )
    for env, episode in enumerate(started):
        environments.reset(env, episode_seed(name, episode, episode_list))
    running = np.array([episode is not None for episode in assigned])
    counted = np.flatnonzero(running).tolist()
    finish: Callable[[I64], None] = getattr(policy, "finish", lambda envs: None)
    finish(np.flatnonzero(~running))
    earned, lengths = np.zeros(num_envs), np.zeros(num_envs, dtype=np.int64)
    shown: F32 = np.zeros(num_envs, dtype=np.float32)
    while running.any():
        acted = policy.act(environments.observations.copy(), shown.copy())
        try:
            actions = check_actions(
                acted,
                (num_envs, *space.shape),
                method,
                n_actions=int(space.n) if isinstance(space, Discrete) else None,
            )
        except BadMethod as error:
            raise BadMethod(f"{error}, in step {lengths.max()} of an episode") from error
        if isinstance(space, Box):
            actions = np.clip(actions, space.low, space.high)
        acting = np.flatnonzero(running)
        rewards, over = environments.step(acting, actions[acting])
        earned[acting] += rewards
        lengths[acting] += 1
        over |= lengths[acting] >= limit
        shown[:] = 0
        if not sparse:
            shown[acting] = rewards
        running[acting] = ~over
        if over.any():
            finish(acting[over])
    return [(float(earned[env]), int(lengths[env])) for env in counted]
