"""First half of a run: train a policy on a data set."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from dataclasses import asdict
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from safetensors.numpy import load_file

from bench.core.files import sha256, write_json
from bench.core.machine import machine, peak_memory, prepare
from bench.core.seeds import derive
from bench.datasets import storage
from bench.datasets.trajectories import Trajectories
from bench.methods.context import CHECKPOINT, SNAPSHOTS, Context
from bench.methods.contract import Diverged
from bench.methods.loader import blaming, load_method
from bench.runs.code import training_code
from bench.runs.identity import Identity, identity_of
from bench.tasks.registry import task_by_name

POLICY = "policy.safetensors"
TRAINING = "training.json"
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

    A divergence is an outcome: the last snapshot becomes the run's policy and `training.json`
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
        BadMethod: the method cannot be imported or configured.
        DamagedFile: the data set or a checkpoint is damaged.
    """
    identity = identity_of(folder.absolute())
    task, method = task_by_name(identity.task, folder=data_folder), load_method(module)
    config = method.configure(options)
    if hasattr(config, "on"):
        config = config.on(device)
    data = load_data(data_folder, identity)
    prepare(device)
    folder.mkdir(parents=True, exist_ok=True)
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
    diverged_at: int | None = None
    try:
        with blaming(identity.method):
            policy = method.train(data, config, context)
        policy.save(folder / POLICY)
        if not finite(folder / POLICY):
            raise Diverged(steps, "policy")
    except Diverged as divergence:
        known_finite = int(context.losses[-1]["step"]) if context.losses else 0
        sound = discard_unsound(folder / SNAPSHOTS, known_finite)
        if not sound:
            raise
        print(f"diverged: {divergence}; scored as it was at step {int(sound[-1].stem)}")
        diverged_at = divergence.step
        shutil.copy(sound[-1], folder / POLICY)
    seconds, cpu_seconds = context.spent()
    taken = steps if diverged_at is None else diverged_at
    snapshots = {
        path.name: sha256(path) for path in sorted((folder / SNAPSHOTS).glob("*.safetensors"))
    }
    write_json(
        folder / TRAINING,
        {
            "identity": asdict(identity),
            "module": module,
            **depends,
            "diverged_at": diverged_at,
            "losses": context.losses,
            "curve": list(curve),
            "data_folder": "/".join(data_folder.absolute().parts[-3:]),
            "machine": machine(device),
            "source": storage.read_manifest(data_folder).get("source", "unknown"),
            "policy": sha256(folder / POLICY),
            "snapshots": snapshots,
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
        },
    )
    (folder / CHECKPOINT).unlink(missing_ok=True)


def finite(policy: Path) -> bool:
    """Return whether every number in a policy's file is finite."""
    return all(np.isfinite(array).all() for array in load_file(policy).values())


def discard_unsound(folder: Path, known_finite: int) -> list[Path]:
    """Delete snapshots from after step `known_finite`, or with a value that is not finite.

    Returns:
        The others, oldest first.
    """
    sound = []
    for path in sorted(folder.glob("*.safetensors")):
        if int(path.stem) <= known_finite and finite(path):
            sound.append(path)
        else:
            path.unlink()
    return sound


def load_data(folder: Path, identity: Identity) -> Trajectories:
    """Return the data of a run: cut to its percent, with its reward variant.

    Raises:
        FileNotFoundError: the data set does not exist.
        DamagedFile: it is damaged.
    """
    data = storage.load(folder).take_percent(identity.data_percent, identity.seed)
    return data.sparse() if identity.reward == "sparse" else data
