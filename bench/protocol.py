"""Roll a policy out under the protocol that all methods share, episode by episode.

Episode i starts from seed i of the environment's list, whatever the method, so comparisons are
paired. Every episode that starts is finished and counted once. Episodes run in batches of a fixed
number of lanes: a matrix product gives other last bits for another batch size, and a simulator with
contacts makes other returns of them, so with a fixed size an episode's return does not depend on
which episodes run beside it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.datasets.trajectories import F32
from bench.environments import Lanes
from bench.method import Policy, check_actions
from bench.seeds import derive
from bench.tasks import Task


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


def evaluate(
    policy: Policy,
    task: Task,
    *,
    method: str,
    episodes: int,
    targets: list[float],
    lanes: int,
    seed: int = 0,
    sparse: bool = False,
    first: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> list[Outcome]:
    """Return one outcome per target.

    Args:
        policy: fresh or used; it is reset.
        task: environment and horizon.
        method: for error messages.
        episodes: per target.
        targets: raw returns to ask for.
        lanes: episodes that run side by side; part of the protocol, see above. Lanes without an
            episode idle.
        seed: of the run; a policy that draws at random draws others for another seed.
        sparse: show the policy zero rewards, as in the delayed variant, where all reward comes with
            the last step. The score is the true return all the same.
        first: index of the first episode.
        progress: called with finished and total episodes.

    Raises:
        BadMethod: `act` returns the wrong shape or a value that is not finite.
    """
    recorded = getattr(policy, "recorded", None)
    if recorded is not None:
        returns, lengths = ([x.item() for x in column] for column in recorded)
        return [Outcome(target, returns, lengths) for target in targets]
    wanted = [(target, first + i) for target in targets for i in range(episodes)]
    environments = Lanes(task.domain.environment, lanes)
    finished: list[tuple[float, int]] = []
    try:
        for start in range(0, len(wanted), lanes):
            finished += _batch(
                policy, task, environments, wanted[start : start + lanes], method, seed, sparse
            )
            progress(len(finished), len(wanted))
    finally:
        environments.close()
    outcomes = []
    for number, target in enumerate(targets):
        mine = finished[number * episodes : (number + 1) * episodes]
        outcomes.append(Outcome(target, [r for r, _ in mine], [n for _, n in mine]))
    return outcomes


def _batch(
    policy: Policy,
    task: Task,
    environments: Lanes,
    wanted: list[tuple[float, int]],
    method: str,
    seed: int,
    sparse: bool,
) -> list[tuple[float, int]]:
    lanes = len(environments.environments)
    space = environments.environments[0].action_space
    padded = wanted + [wanted[0]] * (lanes - len(wanted))
    name = task.domain.environment
    noise = [derive("policy", name, seed, episode) for _, episode in padded]
    targets = np.array([target for target, _ in padded], dtype=np.float32)
    policy.reset(np.array(noise, dtype=np.int64), targets)
    for lane, (_, episode) in enumerate(padded):
        environments.reset(lane, episode_seed(name, episode))
    running = np.zeros(lanes, dtype=np.bool_)
    running[: len(wanted)] = True
    earned, lengths = np.zeros(lanes), np.zeros(lanes, dtype=np.int64)
    shown: F32 = np.zeros(lanes, dtype=np.float32)
    while running.any():
        actions = check_actions(
            policy.act(environments.observations.copy(), shown.copy()),
            (lanes, *space.shape),
            method,
        )
        actions = _inside(actions, space)
        shown[:] = 0
        for lane in np.flatnonzero(running).tolist():
            reward, terminal, timeout = environments.step(lane, actions[lane])
            earned[lane] += reward
            lengths[lane] += 1
            shown[lane] = 0 if sparse else reward
            running[lane] = not (terminal or timeout)
    return [(float(earned[lane]), int(lengths[lane])) for lane in range(len(wanted))]


def _inside(actions: F32, space: Any) -> NDArray[np.float32]:
    return np.clip(actions, space.low, space.high)
