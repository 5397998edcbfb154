"""First half of a run: train a policy on a data set."""

from __future__ import annotations

import contextlib
import hashlib
import json
import time
from dataclasses import asdict, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any

from bench.core.files import TEMPORARY, digest, sha256, write_json
from bench.core.holding import holding, sweep
from bench.core.machine import machine, peak_memory, prepare
from bench.core.seeds import derive
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods import checkpoints
from bench.methods.context import SNAPSHOTS, Context
from bench.methods.loader import load_method
from bench.runs import policies
from bench.runs.code import training_code
from bench.runs.identity import Identity, identity_of
from bench.runs.policies import POLICY
from bench.tasks.registry import task_by_name

TRAINING = "training.json"
RUNNING = ".running"  # exists while a process trains the run
VERSIONS = ("numpy", "torch", "gymnasium", "mujoco", "d3rlpy", "safetensors")


def train_run(
    folder: Path,
    data_folder: Path,
    module: str,
    options: dict[str, Any],
    steps: int,
    curve: tuple[float, ...],
    device: str,
) -> None:
    """Train one run and write `policy.safetensors`, `snapshots/` and `training.json` into its folder.

    A divergence is an outcome: the last sound snapshot becomes the run's policy and `training.json`
    says so.

    Args:
        folder: results/{scale}/runs/{task}/{reward}/{percent}/{method}/{seed}; spells the identity.
        data_folder: the data set.
        module: the method's module; several methods may be variants of one.
        options: values for the method's Config.
        steps: gradient steps.
        curve: fractions of the training at which a snapshot is written for the learning curve.
        device: a torch device.

    Raises:
        BadMethod: the method cannot be imported or configured, or its code fails.
        DamagedFile: the data set or a checkpoint is damaged.
        BlockingIOError: another process trains this run at this moment.
        Stopped: a signal stopped the run. It resumes from its checkpoint.
    """
    # absolute: a method may change the working directory
    folder, data_folder = folder.absolute(), data_folder.absolute()
    with holding(folder / RUNNING, f"training {folder}"), contextlib.chdir(Path.cwd()):
        sweep(folder, f".*.{TEMPORARY}")
        sweep(folder / SNAPSHOTS, f".*.{TEMPORARY}")
        _train(folder, data_folder, module, options, steps, curve, device)


def _train(
    folder: Path,
    data_folder: Path,
    module: str,
    options: dict[str, Any],
    steps: int,
    curve: tuple[float, ...],
    device: str,
) -> None:
    identity = identity_of(folder)
    task, method = task_by_name(identity.task), load_method(module)
    config = method.configure(options)
    if hasattr(config, "on"):
        config = config.on(device)
    data = load_data(data_folder, identity)
    prepare(device)
    started = time.process_time()
    context = Context(
        task=task,
        seed=derive(
            "train",
            identity.task,
            identity.reward,
            f"{identity.data_percent:g}",
            identity.method,
            identity.seed,
        ),
        steps=steps,
        device=device,
        folder=folder,
        snapshot_steps=tuple(sorted({round(fraction * steps) for fraction in curve})),
    )
    # what the policy depends on, as it is now: the record must not name code of a later moment
    depends = {
        "config": asdict(config),
        "task": asdict(task),
        "steps": steps,
        "device": device,
        "data": sha256(data_folder / storage.MANIFEST),
        "code": training_code(module),
        "versions": {name: version(name) for name in VERSIONS},
    }
    whole = [asdict(identity), module, context.snapshot_steps, depends]
    context.stamp = hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()
    print(f"{identity}: {data.episodes} episodes, {data.steps} steps; {config}", flush=True)
    context.discard_stale()
    diverged_at = policies.learn(replace(method, name=identity.method), data, config, context)
    seconds, cpu_seconds = context.spent()
    taken = steps if diverged_at is None else diverged_at
    training = {
        "identity": asdict(identity),
        "module": module,
        **depends,
        "diverged_at": diverged_at,
        "losses": context.losses,
        "curve": list(curve),
        "data_folder": "/".join(data_folder.parts[-3:]),
        "machine": machine(device),
        "source": storage.read_manifest(data_folder).get("source", "unknown"),
        "policy": sha256(folder / POLICY),
        "snapshots": context.snapshots,
        "clock": {
            "seconds": round(seconds, 2),
            "cpu_seconds": round(cpu_seconds, 2),
            "start_seconds": round(started, 2),
            "steps_per_second": round(taken / max(seconds, 1e-9), 1),
            "peak_memory_mb": peak_memory(),
            "snapshots": {
                str(step): round(time, 3) for step, time in context.snapshot_seconds.items()
            },
        },
    }
    write_json(folder / TRAINING, training | {"digest": digest(training)})
    checkpoints.remove(folder)


def load_data(folder: Path, identity: Identity) -> Trajectories:
    """Return the data of a run: cut to its percent, with its reward variant.

    Raises:
        FileNotFoundError: the data set does not exist.
        DamagedFile: it is damaged.
    """
    data = storage.load(folder).take_percent(identity.data_percent, identity.seed)
    return data.sparse() if identity.reward == "sparse" else data
