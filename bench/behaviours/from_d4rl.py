"""Read and roll out the behaviour policies in D4RL's medium and expert files.

The files hold the SAC policy that made their data, under `metadata/policy` (Farama-Foundation/D4RL@89141a6
scripts/generation/mujoco/collect_data.py). It has two ReLU layers and two heads.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

from bench.behaviours.actor import F32, Actor
from bench.behaviours.collect import join, roll_out
from bench.core.files import sha256
from bench.datasets import storage
from bench.datasets.readers import hdf5
from bench.datasets.readers.checks import WrongData, numbers
from bench.datasets.readers.imported import check_name
from bench.datasets.readers.spaces import spaces, time_limit
from bench.datasets.trajectories import Trajectories
from bench.environments.vector import simulator_versions
from bench.tasks.families import Domain
from bench.tasks.registry import DOMAINS, IMPORTED, Task, check_domain, write_task

HIDDEN = ("fc0", "fc1")
HEADS = ("last_fc", "last_fc_log_std")
POLICY = "metadata/policy"
KINDS = {"nonlinearity": "relu", "output_distribution": "tanh_gaussian"}


def read_policy(path: Path) -> Actor:
    """Return the policy in a D4RL file.

    Raises:
        FileNotFoundError: there is no such file.
        DamagedFile: the file is truncated, or is not HDF5.
        WrongData: the file has no policy (medium-replay and medium-expert files have none), the policy is of another
            kind, or its weights do not fit each other.
    """
    keys = [f"{name}/{part}" for name in (*HIDDEN, *HEADS) for part in ("weight", "bias")]
    names = [f"{POLICY}/{key}" for key in (*KINDS, *keys)]
    arrays = hdf5.read(path, [*names, "observations"])
    policy = {key.removeprefix(f"{POLICY}/"): arrays[key] for key in names if key in arrays}
    if not policy:
        raise WrongData(
            f"{path} holds no behaviour policy ({POLICY}); use a -v2 medium or expert file of D4RL"
        )
    for name, expected in KINDS.items():
        if name in policy and (found := _text(policy[name])) != expected:
            raise WrongData(
                f"{path}: the policy's {name} is {found!r}; only {expected!r} can be rolled out"
            )
    if "observations" not in arrays:
        raise WrongData(f"{path} has no observations; their size is needed to read the weights")
    if len(shape := arrays["observations"].shape) != 2:
        raise WrongData(f"{path}: observations have shape {shape}, expected (steps, size)")
    layers, inputs = [], shape[1]
    for name in (*HIDDEN, *HEADS):
        if f"{name}/weight" not in policy or f"{name}/bias" not in policy:
            raise WrongData(f"{path}: {POLICY} has no {name}/weight and {name}/bias")
        weight, bias = (
            numbers(str(path), f"{POLICY}/{name}/{part}", policy[f"{name}/{part}"])
            for part in ("weight", "bias")
        )
        layers.append(_oriented(weight, bias, inputs, f"{path}: {POLICY}/{name}"))
        inputs = len(layers[-1][1]) if name in HIDDEN else inputs
    mean, log_std = layers[2], layers[3]
    if len(mean[1]) != len(log_std[1]):
        raise WrongData(
            f"{path}: {POLICY} gives {len(mean[1])} means and {len(log_std[1])} log_stds of actions"
        )
    return Actor(hidden=(layers[0], layers[1]), mean=mean, log_std=log_std)


def roll_out_again(
    path: Path,
    name: str,
    environment: str,
    steps: int,
    seed: int,
    root: Path = IMPORTED,
    progress: Callable[[int], None] = lambda steps: None,
) -> Trajectories:
    """Roll out the policy of a D4RL file, and make a task `name` from the episodes.

    Args:
        path: the HDF5 file.
        name: the name of the task, as `domain-kind`; the domain must be one of the suite.
        environment: Gymnasium id of that domain, or of another version of it.
        steps: the largest number of steps, in whole episodes.
        seed: another seed gives other episodes.
        root: the folder of imported tasks.
        progress: called with the number of steps of each finished episode.

    Raises:
        ValueError: the name is not allowed, the domain is unknown, or the environment is not that of the domain.
        WrongData: the policy does not fit the environment.
    """
    short, _, kind = name.partition("-")
    if short not in DOMAINS or not kind:
        raise ValueError(
            f"task {name!r} must be DOMAIN-KIND; DOMAIN is one of {', '.join(DOMAINS)}"
        )
    check_name(name)
    check_domain(name, environment)
    domain = Domain(**{**vars(DOMAINS[short]), "environment": environment})
    if (steps_of_one := time_limit(environment)) != domain.horizon:
        raise ValueError(
            f"{name}: the time limit of {environment} is {steps_of_one} steps, but that of {short} is "
            f"{domain.horizon:,}; choose a version with the same time limit"
        )
    actor = read_policy(path)
    mine = (actor.hidden[0][0].shape[0], len(actor.mean[1]))
    own = spaces(str(path), environment)
    sizes = (*own.observation, *own.low.shape)
    if not own.unit:
        raise WrongData(
            f"{path}: {environment} takes actions from {own.low.min():g} to {own.high.max():g}, but the policy acts in "
            "-1 to 1; choose another environment"
        )
    if mine != sizes:
        raise WrongData(
            f"{path}: the policy maps {mine[0]} observations to {mine[1]} actions, "
            f"but {environment} has {' and '.join(map(str, sizes))}"
        )
    digest = sha256(path)
    stream = f"d4rl-{digest}-{seed}"
    data = join(roll_out(actor, environment, name=stream, steps=steps, progress=progress))
    about = {
        "source": "rolled out from D4RL's policy",
        "task": name,
        "environment": environment,
        "origin": {"file": path.name, "file_sha256": digest},
        "seed": seed,
        "simulator": simulator_versions(environment),
    }
    with storage.staged(root / name) as folder:
        storage.save(data, folder, about)
        actor.save(folder / "policy.safetensors")
        write_task(Task(domain, kind), folder)
    return data


def _oriented(weight: Any, bias: Any, inputs: int, name: str) -> tuple[F32, F32]:
    """Return weight (in, out) and bias (out,). The file holds weights as (out, in), as PyTorch does."""
    weight, bias = weight.astype(np.float32), bias.astype(np.float32).reshape(-1)
    if weight.shape != (len(bias), inputs):
        raise WrongData(
            f"{name} has weight {weight.shape} and bias {bias.shape}; expected ({len(bias)}, {inputs})"
        )
    if not (np.isfinite(weight).all() and np.isfinite(bias).all()):
        raise WrongData(f"{name} holds a value that is not finite")
    return np.ascontiguousarray(weight.T), bias


def _text(array: Any) -> str:
    value = array.item() if array.ndim == 0 else array.tolist()
    return value.decode(errors="replace") if isinstance(value, bytes) else str(value)
