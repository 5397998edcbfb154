"""Measure more of a trained policy than its return, and write the record."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

from bench.core.machine import prepare
from bench.methods.contract import BadMethod
from bench.methods.loader import blaming, load_method
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.evaluate import checked_training, write_record
from bench.runs.identity import identity_of
from bench.runs.policies import POLICY
from bench.runs.train import load_data
from bench.tasks.registry import task_by_name


def diagnose_run(folder: Path, data_folder: Path, kind: str, episodes: int, device: str) -> None:
    """Take the measures of a diagnostic; write its record into the run's folder.

    Args:
        folder: the run's folder.
        data_folder: the data set that it learned from.
        kind: a key of `bench.runs.diagnostics.registry.DIAGNOSTICS`.
        episodes: how many episodes, or generated paths, are measured.
        device: a torch device.

    Raises:
        FileNotFoundError: the run was not trained.
        DamagedFile: a file of the training or the data set is damaged.
        BadMethod: the method's policies lack what the diagnostic needs.
    """
    diagnostic = DIAGNOSTICS[kind]
    identity = identity_of(folder.absolute())
    training = checked_training(folder)
    task = task_by_name(identity.task, described=training["task"])
    method = load_method(training["module"])
    prepare(device)
    policy: Any = method.load(folder / POLICY, device)
    if not hasattr(policy, diagnostic.needs):
        raise BadMethod(
            f"method {method.name}: its policy has no `{diagnostic.needs}`, which the diagnostic {kind!r} "
            "needs; leave `diagnostic` out of the suite"
        )
    data = load_data(data_folder, identity)
    with blaming(identity.method):
        module: Any = import_module(diagnostic.module)
        measures = module.measure(policy, task, data, episodes=episodes, seed=identity.seed)
    write_record(
        folder,
        identity,
        training,
        task,
        name=diagnostic.record,
        protocol={"target": None, "episodes": episodes, "num_envs": episodes, "rolled_out": True},
        evaluations=[],
        measures=measures,
    )
