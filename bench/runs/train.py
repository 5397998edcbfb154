"""First half of a run: train a policy on a data set."""

from __future__ import annotations

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
from bench.runs.code import training_code
from bench.runs.identity import Identity, identity_of
from bench.runs.policies import POLICY, learn
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
    identity = identity_of(folder.absolute())
    task, method = task_by_name(identity.task, folder=data_folder), load_method(module)
    config = method.configure(options)
    if hasattr(config, "on"):
        config = config.on(device)
    data = load_data(data_folder, identity)
    source = storage.read_manifest(data_folder).get("source", "unknown")
    prepare(device)
    started = time.process_time()
    axes = (identity.task, identity.reward, f"{identity.data_percent:g}", identity.method)
    context = Context(
        task=task,
        seed=derive("train", *axes, identity.seed),
        steps=steps,
        device=device,
        folder=folder.absolute(),  # a method may change the working directory
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
    about = {
        "identity": asdict(identity),
        "module": module,
        **depends,
        "curve": list(curve),
        "data_folder": "/".join(data_folder.absolute().parts[-3:]),
        "source": source,
    }
    print(f"{identity}: {data.episodes} episodes, {data.steps} steps; {config}", flush=True)
    with holding(folder / RUNNING, f"training {folder}"):
        for place in (folder, folder / SNAPSHOTS):
            sweep(place, f".*.{TEMPORARY}")
        context.discard_stale()
        diverged_at = learn(replace(method, name=identity.method), data, config, context)
        training = about | {
            "diverged_at": diverged_at,
            "losses": context.losses,
            "machine": machine(device),
            "policy": sha256(folder / POLICY),
            "snapshots": context.snapshots,
            "clock": _clock(context, started, steps if diverged_at is None else diverged_at),
        }
        write_json(folder / TRAINING, training | {"digest": digest(training)})
        checkpoints.remove(folder)


def _clock(context: Context, started: float, taken: int) -> dict[str, Any]:
    """Return the times of a training, and its memory.

    Args:
        context: of the training.
        started: processor time of this process before the training, in seconds.
        taken: the number of updates.
    """
    seconds, cpu_seconds = context.spent()
    snapshots = {str(step): round(time, 3) for step, time in context.snapshot_seconds.items()}
    return {
        "seconds": round(seconds, 2),
        "cpu_seconds": round(cpu_seconds, 2),
        "start_seconds": round(started, 2),
        "steps_per_second": round(taken / max(seconds, 1e-9), 1),
        "peak_memory_mb": peak_memory(),
        "snapshots": snapshots,
    }


def load_data(folder: Path, identity: Identity) -> Trajectories:
    """Return the data of a run: cut to its percent, with its reward variant.

    Raises:
        FileNotFoundError: the data set does not exist.
        DamagedFile: it is damaged.
    """
    data = storage.load(folder).take_percent(identity.data_percent, identity.seed)
    return data.sparse() if identity.reward == "sparse" else data
