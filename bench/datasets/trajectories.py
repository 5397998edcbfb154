"""Whole episodes in flat arrays: the one container of offline data, and its format on disk.

A data set is a folder of .npy files, memory-mapped read-only, with a manifest that says what they
are and their SHA-256.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from bench.files import DamagedFile, digest, intact, read_json, replacing, sha256, write_json
from bench.seeds import generator

F32 = NDArray[np.float32]
F64 = NDArray[np.float64]
I64 = NDArray[np.int64]
Bools = NDArray[np.bool_]

FORMAT = 1
ARRAYS = ("observations", "actions", "rewards", "terminals", "timeouts")
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Trajectories:
    """Episodes one after the other; N steps, E episodes.

    Attributes:
        observations: (N, obs) float32, the observation before each action.
        actions: (N, act) float32.
        rewards: (N,) float32, the reward of each action (of the reward variant in use).
        terminals: (N,) bool, the action ended the episode for good.
        timeouts: (N,) bool, the time limit ended the episode after the action.
        bounds: (E + 1,) int64; episode e is the steps bounds[e] to bounds[e + 1] - 1.
        observation_mean: (obs,) float32 over the *whole* stored data set. Cuts keep it: the paper's
            code takes these statistics before it drops any trajectory (kzl@e2d82e6
            gym/experiment.py l.83).
        observation_std: (obs,) float32, likewise.
        action_low: smallest action value the environment takes.
        action_high: largest action value the environment takes.
    """

    observations: F32
    actions: F32
    rewards: F32
    terminals: Bools
    timeouts: Bools
    bounds: I64
    observation_mean: F32
    observation_std: F32
    action_low: float
    action_high: float

    @property
    def steps(self) -> int:
        """Return the number of transitions N."""
        return len(self.rewards)

    @property
    def episodes(self) -> int:
        """Return the number of episodes E."""
        return len(self.bounds) - 1

    @property
    def lengths(self) -> I64:
        """Return the steps of each episode, (E,)."""
        return np.diff(self.bounds)

    @property
    def returns(self) -> F64:
        """Return the undiscounted return of each episode, (E,), summed in float64."""
        return np.add.reduceat(self.rewards.astype(np.float64), self.bounds[:-1])

    def returns_to_go(self) -> F32:
        """Return the sum of this and all later rewards of the same episode, (N,) (paper p.4, gamma
        = 1).
        """
        rewards = self.rewards.astype(np.float64)
        result = np.empty(self.steps, dtype=np.float32)
        for start, stop in zip(self.bounds[:-1], self.bounds[1:], strict=True):
            result[start:stop] = np.cumsum(rewards[start:stop][::-1])[::-1]
        return result

    def timesteps(self) -> I64:
        """Return how many steps of its episode came before each step, (N,)."""
        return np.arange(self.steps) - np.repeat(self.bounds[:-1], self.lengths)

    def select(self, episodes: NDArray[np.integer]) -> Trajectories:
        """Return these episodes, in this order; the observation statistics stay those of the whole
        set.
        """
        lengths = self.lengths[episodes]
        bounds = np.concatenate([[0], np.cumsum(lengths)]).astype(np.int64)
        first = np.repeat(self.bounds[:-1][episodes] - bounds[:-1], lengths)
        index = first + np.arange(bounds[-1])
        arrays = {name: getattr(self, name)[index] for name in ARRAYS}
        return replace(self, bounds=bounds, **arrays)

    def percent(self, percent: float, seed: int) -> Trajectories:
        """Return about `percent` % of the steps, as whole episodes drawn at random.

        Subsets of one seed are nested: more data always contains less. Episodes keep their order.
            At least one remains.
        """
        if percent >= 100:
            return self
        order = generator("percent", seed).permutation(self.episodes)
        within = np.cumsum(self.lengths[order]) <= self.steps * percent / 100
        return self.select(np.sort(order[: max(int(within.sum()), 1)]))

    def top_percent(self, percent: float) -> Trajectories:
        """Return the best episodes that together hold at most `percent` % of the *timesteps*, at
        least one.

        The paper's %BC (section 5.1), as its code cuts: from the best return down, stopping at the
        first episode that does not fit (kzl@e2d82e6 gym/experiment.py l.105).
        """
        best_first = np.argsort(self.returns, kind="stable")[::-1]
        budget = max(int(self.steps * percent / 100), 1)
        within = np.cumsum(self.lengths[best_first]) <= budget
        return self.select(np.sort(best_first[: max(int(within.sum()), 1)]))

    def sparse(self) -> Trajectories:
        """Return the same episodes with all reward moved to the last step (paper section 5.6,
        `--mode delayed`).
        """
        rewards = np.zeros_like(self.rewards)
        rewards[self.bounds[1:] - 1] = self.returns
        return replace(self, rewards=rewards)

    def check(self, name: str) -> None:
        """Refuse data that no method could learn from.

        Raises:
            ValueError: a shape is wrong, a value is not finite, or an episode does not end where
                the flags say. The message starts with `name`.
        """
        steps = len(self.rewards)
        for array in ARRAYS:
            if len(getattr(self, array)) != steps:
                raise ValueError(
                    f"{name}: {array} has {len(getattr(self, array))} rows, rewards {steps}"
                )
        for array in ("observations", "actions", "rewards"):
            values = getattr(self, array)
            if not np.isfinite(values).all():
                row = int(np.argwhere(~np.isfinite(values.reshape(steps, -1)).all(axis=1))[0, 0])
                raise ValueError(
                    f"{name}: {array} holds a value that is not finite, first in row {row}"
                )
        if (
            self.episodes < 1
            or self.bounds[0] != 0
            or self.bounds[-1] != steps
            or (self.lengths < 1).any()
        ):
            raise ValueError(f"{name}: episode bounds do not cover the {steps} steps")
        ends = np.flatnonzero(self.terminals | self.timeouts) + 1
        if not np.array_equal(ends, self.bounds[1:]):
            raise ValueError(
                f"{name}: terminals and time-outs do not agree with the episode bounds"
            )


def from_arrays(
    observations: F32,
    actions: F32,
    rewards: F32,
    terminals: Bools,
    timeouts: Bools,
    *,
    action_range: tuple[float, float] = (-1.0, 1.0),
) -> Trajectories:
    """Return the whole episodes in these arrays; steps after the last terminal or time-out are an
    unfinished one and are cut.

    Raises:
        ValueError: no episode ends, or `Trajectories.check` objects.
    """
    given = {
        "observations": (observations, 2),
        "actions": (actions, 2),
        "rewards": (rewards, 1),
        "terminals": (terminals, 1),
        "timeouts": (timeouts, 1),
    }
    for name, (array, dimensions) in given.items():
        if np.ndim(array) != dimensions or len(array) != len(rewards):
            raise ValueError(
                f"these arrays: {name} has shape {np.shape(array)}, expected {dimensions} dimension(s) and "
                f"{len(rewards)} rows"
            )
    bounds = np.concatenate([[0], np.flatnonzero(terminals | timeouts) + 1]).astype(np.int64)
    if len(bounds) == 1:
        raise ValueError("no episode ends in these data: neither a terminal nor a time-out is set")
    stop = int(bounds[-1])
    whole = np.asarray(observations[:stop], dtype=np.float64)
    data = Trajectories(
        observations=np.asarray(observations[:stop], dtype=np.float32),
        actions=np.asarray(actions[:stop], dtype=np.float32),
        rewards=np.asarray(rewards[:stop], dtype=np.float32),
        terminals=np.asarray(terminals[:stop], dtype=np.bool_),
        timeouts=np.asarray(timeouts[:stop], dtype=np.bool_),
        bounds=bounds,
        observation_mean=whole.mean(axis=0).astype(np.float32),
        observation_std=whole.std(axis=0).astype(np.float32),
        action_low=action_range[0],
        action_high=action_range[1],
    )
    data.check("these arrays")
    return data


def save(data: Trajectories, folder: Path, about: dict[str, Any]) -> None:
    """Write a data set; the manifest comes last, so a folder without one is unfinished.

    Args:
        data: the episodes.
        folder: where to; created.
        about: source, task, seeds, versions and whatever else the maker wants recorded.
    """
    folder.mkdir(parents=True, exist_ok=True)
    (folder / MANIFEST).unlink(missing_ok=True)
    arrays = {}
    for name in ARRAYS:
        array = getattr(data, name)
        with replacing(folder / f"{name}.npy") as temporary, temporary.open("wb") as file:
            np.save(file, array, allow_pickle=False)
        arrays[name] = {
            "shape": list(array.shape),
            "dtype": str(array.dtype),
            "sha256": sha256(folder / f"{name}.npy"),
        }
    returns, lengths = data.returns, data.lengths
    manifest = {
        "format": FORMAT,
        **about,
        "arrays": arrays,
        "action_range": [data.action_low, data.action_high],
        "observation_mean": [float(x) for x in data.observation_mean],
        "observation_std": [float(x) for x in data.observation_std],
        "episodes": data.episodes,
        "steps": data.steps,
        "terminals": int(data.terminals.sum()),
        "timeouts": int(data.timeouts.sum()),
        "return": _summary(returns),
        "length": _summary(lengths.astype(np.float64)),
        "returns": [round(float(r), 4) for r in returns],
        "lengths": [int(n) for n in lengths],
    }
    write_json(folder / MANIFEST, manifest | {"digest": digest(manifest)})


def load(folder: Path) -> Trajectories:
    """Map a data set read-only, after checking every file against the manifest.

    Raises:
        FileNotFoundError: no manifest: the data set does not exist or was never finished.
        DamagedFile: a file is missing, truncated or changed.
    """
    manifest = read_manifest(folder)
    arrays = {}
    for name in ARRAYS:
        path, expected = folder / f"{name}.npy", manifest["arrays"][name]
        if not path.exists():
            raise DamagedFile(f"{path} is missing; {_repair(folder)}")
        if sha256(path) != expected["sha256"]:
            raise DamagedFile(
                f"{path} is damaged (its SHA-256 is not the manifest's); {_repair(folder)}"
            )
        arrays[name] = np.load(path, mmap_mode="r", allow_pickle=False)
    ends = np.flatnonzero(np.asarray(arrays["terminals"]) | np.asarray(arrays["timeouts"])) + 1
    return Trajectories(
        **arrays,
        bounds=np.concatenate([[0], ends]).astype(np.int64),
        observation_mean=np.array(manifest["observation_mean"], dtype=np.float32),
        observation_std=np.array(manifest["observation_std"], dtype=np.float32),
        action_low=float(manifest["action_range"][0]),
        action_high=float(manifest["action_range"][1]),
    )


def read_manifest(folder: Path) -> dict[str, Any]:
    """Return a data set's manifest.

    Raises:
        FileNotFoundError: there is none.
        DamagedFile: it is damaged or of another format.
    """
    path = folder / MANIFEST
    if not path.exists():
        raise FileNotFoundError(f"no data set at {folder} (no {MANIFEST}); {_repair(folder)}")
    manifest: Any = read_json(path)
    if not intact(manifest) or manifest.get("format") != FORMAT:
        raise DamagedFile(
            f"{path} is damaged, or not a data set manifest of format {FORMAT}; {_repair(folder)}"
        )
    checked: dict[str, Any] = manifest
    return checked


def _repair(folder: Path) -> str:
    return f"delete the folder {folder} and run again: it will be made anew"


def _summary(values: F64) -> dict[str, float]:
    deviation = values.std(ddof=1) if len(values) > 1 else 0.0
    return {
        "mean": float(values.mean()),
        "std": float(deviation),
        "min": float(values.min()),
        "max": float(values.max()),
    }
