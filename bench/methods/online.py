"""The environment of a method that goes on learning in it: it counts steps, and refuses more than the budget.

`bench.methods.online_training` gives it to such methods; no other training sees an environment.

Episodes are recorded with the rewards that they earned, whatever return was asked for. So returns-to-go of
collected episodes are hindsight, as those of the data are (Zheng, Zhang & Grover 2022, "Online Decision
Transformer", arXiv 2202.05607, section 4). Their seeds are of a list of their own: no episode of an
evaluation is ever played here.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from gymnasium.spaces import Box, Discrete

from bench.core.seeds import derive
from bench.datasets.trajectories import F64, Array, Trajectories
from bench.environments.vector import VectorEnv, make_vector
from bench.methods.contract import BadMethod, Policy, check_actions
from bench.tasks.registry import Task

PREFIX = "online/"  # of the tensors of an environment in a checkpoint
COLUMNS = ("observations", "actions", "rewards", "terminals", "timeouts", "final_observations")


class NotFinite(BadMethod):
    """A policy that acts in its environment returned an action that is not finite."""


@dataclass(frozen=True)
class Round:
    """Episodes that ran side by side with one policy.

    Attributes:
        target: the target return that all of them were asked for, raw.
        episodes: those that ended within the budget; None if none did.
    """

    target: float
    episodes: Trajectories | None

    @property
    def returns(self) -> F64:
        """Return the undiscounted return of each episode, (E,)."""
        return np.zeros(0) if self.episodes is None else self.episodes.returns


class Environment:
    """The environment of a task, with a budget of steps.

    Attributes:
        budget: the number of steps of all episodes together that may be taken.
        taken: the number that was taken.
        exhausted: whether the rest of the budget is too small for one more step of each running episode.
        rounds: what was collected, oldest first.
    """

    def __init__(
        self, task: Task, like: Trajectories, *, budget: int, seed: int, method: str, num_envs: int
    ) -> None:
        """Make the envs.

        Args:
            task: gives the environment.
            like: the offline data: collected episodes have its statistics, and sparse rewards if it has.
            budget: steps of all episodes together.
            seed: of the run.
            method: name of the method, for error messages.
            num_envs: episodes that run side by side.

        Raises:
            ValueError: there is no budget, or observations are stacks of frames.
        """
        if budget < 1 or num_envs < 1:
            raise ValueError(
                f"an environment needs a budget of at least one step and at least one episode at a time, not {budget} "
                f"and {num_envs}"
            )
        if like.stack > 1:
            raise ValueError(
                f"episodes are collected as vectors, and these observations are stacks of {like.stack} frames: learn "
                "offline from them"
            )
        self.budget, self.taken, self.exhausted = budget, 0, False
        self.rounds: list[Round] = []
        self._like, self._sparse = like, is_sparse(like)
        self._name, self._seed, self._method, self._begun = (
            task.domain.environment,
            seed,
            method,
            0,
        )
        self._envs: VectorEnv = make_vector(self._name, num_envs)
        self._num_envs = num_envs

    def collect(self, policy: Policy, target: float) -> Round:
        """Play one episode in each env, and keep those that end within the budget.

        Args:
            policy: acts; it is reset. If rewards are sparse it is shown rewards of 0.
            target: the target return of every episode, raw.

        Raises:
            ValueError: the budget is used up.
            NotFinite: `act` returns a value that is not finite.
            BadMethod: it returns an array of the wrong shape.
        """
        if self.exhausted:
            raise ValueError(
                f"{self.taken} of {self.budget} environment steps are taken, and the rest is too small for another "
                "round: collect no more, or raise the budget"
            )
        count, space = self._num_envs, self._envs.action_space
        numbers = range(self._begun, self._begun + count)
        self._begun += count
        seeds = [derive("online", "policy", self._name, self._seed, number) for number in numbers]
        policy.reset(np.array(seeds, dtype=np.int64), np.full(count, target, dtype=np.float32))
        for env, number in enumerate(numbers):
            self._envs.reset(env, episode_seed(self._name, self._seed, number))
        running, shown = np.ones(count, dtype=np.bool_), np.zeros(count, dtype=np.float32)
        steps: list[list[tuple[Any, ...]]] = [[] for _ in range(count)]
        finals: dict[int, Array] = {}
        finish = getattr(policy, "finish", lambda envs: None)
        while running.any():
            if self.taken + int(running.sum()) > self.budget:
                self.exhausted = True
                break
            observations = self._envs.observations.copy()
            n_actions = int(space.n) if isinstance(space, Discrete) else None
            acted = policy.act(observations.copy(), shown.copy())
            if not np.isfinite(acted).all():
                raise NotFinite(
                    f"method {self._method}: act returned a value that is not a finite number"
                )
            actions = check_actions(acted, (count, *space.shape), self._method, n_actions)
            if isinstance(space, Box):
                actions = np.clip(actions, space.low, space.high)
            shown[:] = 0
            for env in np.flatnonzero(running).tolist():
                reward, terminal, timeout = self._envs.step_one(env, actions[env])
                steps[env].append((observations[env], actions[env], reward, terminal, timeout))
                shown[env] = 0 if self._sparse else reward
                if terminal or timeout:
                    finals[env] = self._envs.observations[env].copy()
            self.taken += int(running.sum())
            over = [env for env in finals if running[env]]
            if over:
                running[over] = False
                finish(np.array(over, dtype=np.int64))
        self.exhausted = self.exhausted or self.taken + count > self.budget
        kept = sorted(finals)
        self.rounds.append(
            Round(target, self._episodes([steps[env] for env in kept], [finals[e] for e in kept]))
        )
        return self.rounds[-1]

    def collected(self) -> Trajectories | None:
        """Return all episodes so far, oldest first; None if there is none."""
        return joined([each.episodes for each in self.rounds if each.episodes is not None])

    def state(self) -> dict[str, Any]:
        """Return everything that was collected, as named tensors for a checkpoint."""
        import torch

        state = {
            "counts": torch.tensor([self.taken, self._begun, int(self.exhausted)]),
            "targets": torch.tensor([each.target for each in self.rounds], dtype=torch.float64),
            "episodes": torch.tensor([len(each.returns) for each in self.rounds]),
        }
        if (collected := self.collected()) is not None:
            state["starts"] = torch.from_numpy(collected.episode_starts.copy())
            for name in COLUMNS:
                state[name] = torch.from_numpy(np.ascontiguousarray(getattr(collected, name)))
        return {f"{PREFIX}{name}": tensor for name, tensor in state.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Restore what `state` returned."""
        own = {name: state[f"{PREFIX}{name}"] for name in ("counts", "targets", "episodes")}
        self.taken, self._begun, exhausted = own["counts"].tolist()
        self.exhausted = bool(exhausted)
        collected = None
        if f"{PREFIX}starts" in state:
            arrays = {name: state[f"{PREFIX}{name}"].numpy().copy() for name in COLUMNS}
            starts = state[f"{PREFIX}starts"].numpy().copy()
            collected = replace(self._blank(), episode_starts=starts, **arrays)
        self.rounds, first = [], 0
        for target, count in zip(own["targets"].tolist(), own["episodes"].tolist(), strict=True):
            part = None
            if collected is not None and count:
                part = collected.select(np.arange(first, first + count))
            self.rounds.append(Round(target, part))
            first += count

    def close(self) -> None:
        """Close the envs."""
        self._envs.close()

    def _blank(self) -> Trajectories:
        return replace(self._like, final_observations=None, frame_index=None, scores=None)

    def _episodes(
        self, steps: list[list[tuple[Any, ...]]], finals: list[Array]
    ) -> Trajectories | None:
        if not steps:
            return None
        observations, actions, rewards, terminals, timeouts = zip(
            *(step for episode in steps for step in episode), strict=True
        )
        data = replace(
            self._blank(),
            observations=np.stack(observations).astype(self._like.observations.dtype),
            actions=np.stack(actions).astype(self._like.actions.dtype),
            rewards=np.array(rewards, dtype=np.float32),
            terminals=np.array(terminals, dtype=np.bool_),
            timeouts=np.array(timeouts, dtype=np.bool_),
            episode_starts=np.cumsum([0, *map(len, steps)]).astype(np.int64),
            final_observations=np.stack(finals).astype(self._like.observations.dtype),
        )
        return data.sparse() if self._sparse else data


def episode_seed(environment: str, seed: int, episode: int) -> int:
    """Return the seed of the environment in collected episode `episode` of a run with this seed. It is of another
    list than every evaluation's (`bench.runs.rollout.episode_seed`).
    """
    return derive("online", environment, seed, episode)


def is_sparse(data: Trajectories) -> bool:
    """Return whether all reward of each episode comes with its last step."""
    before = np.ones(data.steps, dtype=np.bool_)
    before[data.episode_starts[1:] - 1] = False
    return not data.rewards[before].any()


def joined(parts: list[Trajectories]) -> Trajectories | None:
    """Return the episodes of several collections, one after the other; None if there is none."""
    if not parts:
        return None
    arrays: dict[str, Any] = {
        name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS
    }
    lengths = np.concatenate([part.lengths for part in parts])
    starts = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
    return replace(parts[0], episode_starts=starts, **arrays)
