"""Behaviour policies that D4RL ships inside its medium and expert files: read one, roll it out again.

The files hold the SAC policy that made them under `metadata/policy` (Farama-Foundation/D4RL@89141a6
scripts/generation/mujoco/collect_data.py): two ReLU layers and two heads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours.actor import F32, Actor
from bench.behaviours.rollout import join, roll_out
from bench.datasets import storage
from bench.datasets.d4rl import WrongData, open_file
from bench.datasets.trajectories import Trajectories
from bench.environments import make, simulator_versions
from bench.files import sha256
from bench.tasks import DOMAINS, IMPORTED, Domain, Task, write_task

HIDDEN = ("fc0", "fc1")
HEADS = ("last_fc", "last_fc_log_std")


def read_policy(path: Path) -> Actor:
    """Return the policy inside a D4RL file.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: it is truncated, or not HDF5.
        WrongData: it has no policy (medium-replay and medium-expert have none), one of another
            kind, or weights that do not fit each other.
    """
    with open_file(path) as file:
        if "metadata/policy" not in file:
            raise WrongData(
                f"{path} holds no behaviour policy (metadata/policy); D4RL's -v2 medium and expert files do"
            )
        policy = file["metadata/policy"]
        for name, expected in (("nonlinearity", "relu"), ("output_distribution", "tanh_gaussian")):
            found = _text(policy[name][()]) if name in policy else expected
            if found != expected:
                raise WrongData(
                    f"{path}: the policy's {name} is {found!r}; only {expected!r} can be rolled out"
                )
        layers, inputs = [], int(file["observations"].shape[1])
        for name in (*HIDDEN, *HEADS):
            if f"{name}/weight" not in policy or f"{name}/bias" not in policy:
                raise WrongData(f"{path}: metadata/policy has no {name}/weight and {name}/bias")
            weight, bias = (np.asarray(policy[f"{name}/{part}"][()]) for part in ("weight", "bias"))
            layers.append(_oriented(weight, bias, inputs, f"{path}: metadata/policy/{name}"))
            inputs = len(bias) if name in HIDDEN else inputs
    return Actor(hidden=(layers[0], layers[1]), mean=layers[2], log_std=layers[3])


def roll_out_again(
    path: Path,
    name: str,
    environment: str,
    steps: int,
    seed: int,
    root: Path = IMPORTED,
    progress: Callable[[int], None] = lambda steps: None,
) -> Trajectories:
    """Roll the policy of a D4RL file out and make a task `name` of the episodes.

    Args:
        path: the HDF5 file.
        name: of the task, as `domain-kind`; the domain must be one of the registry's.
        environment: Gymnasium id of that domain, or of another version of it.
        steps: at most so many, as whole episodes.
        seed: another one gives other episodes.
        root: where imported tasks live.
        progress: called with the steps of each finished episode.

    Raises:
        ValueError: the domain is unknown.
        WrongData: the policy does not fit the environment.
    """
    short, _, kind = name.partition("-")
    if short not in DOMAINS or not kind:
        raise ValueError(f"task {name!r} must be DOMAIN-KIND with DOMAIN of {', '.join(DOMAINS)}")
    domain = Domain(**{**vars(DOMAINS[short]), "environment": environment})
    actor = read_policy(path)
    made = make(environment)
    try:
        shapes = (made.observation_space.shape, made.action_space.shape)
    finally:
        made.close()
    mine = (actor.hidden[0][0].shape[:1], actor.mean[1].shape)
    if mine != shapes:
        raise WrongData(
            f"{path}: the policy maps {mine[0][0]} observations to {mine[1][0]} actions, "
            f"{environment} has {shapes[0][0]} and {shapes[1][0]}"
        )
    digest = sha256(path)
    stream = f"d4rl-{digest}-{seed}"
    data = join(roll_out(actor, environment, name=stream, steps=steps, progress=progress))
    folder = root / name
    storage.save(
        data,
        folder,
        {
            "source": "rolled out from D4RL's policy",
            "task": name,
            "environment": environment,
            "origin": {"file": path.name, "file_sha256": digest},
            "seed": seed,
            "simulator": simulator_versions(),
        },
    )
    actor.save(folder / "policy.safetensors")
    write_task(Task(domain, kind), folder)
    return data


def _oriented(weight: Any, bias: Any, inputs: int, name: str) -> tuple[F32, F32]:
    """Return weight (in, out) and bias (out,); rlkit stores (out, in) as PyTorch does."""
    weight, bias = weight.astype(np.float32), bias.astype(np.float32).reshape(-1)
    if weight.shape != (len(bias), inputs):
        raise WrongData(
            f"{name} has weight {weight.shape} and bias {bias.shape}; expected ({len(bias)}, {inputs})"
        )
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise WrongData(f"{name} holds a value that is not finite")
    return np.ascontiguousarray(weight.T), bias


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
