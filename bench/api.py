"""The public Python interface: read what runs wrote, and train and score methods on data of your own.

    from bench import api

    policy = api.load_policy("results/quick/runs/hopper-medium/dense/100/dt/0")
    dataset = api.load_dataset("hopper-medium")
    records = api.load_records("results/quick")

docs/tutorial.md is a tour. A training here is the same as one of the workflow: it writes the same files into
`results/SCALE/runs/...`, and every command of `bench` works on them.

No other file of the suite imports this one, so a change here plans no run again.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from bench.api_checks import (
    check_module,
    folder_of,
    refuse_other_settings,
    refuse_other_task,
)
from bench.core.files import DamagedFile
from bench.core.machine import prepare
from bench.datasets import storage
from bench.datasets.readers.imported import Constants, import_data
from bench.datasets.trajectories import Trajectories
from bench.environments.modules import allow_module_of
from bench.methods.contract import BadMethod, Policy
from bench.methods.loader import load_method
from bench.report.episodes import table
from bench.runs.evaluate import checked_training, evaluate_run
from bench.runs.identity import RESULT, Identity
from bench.runs.policies import POLICY
from bench.runs.train import train_run
from bench.tasks.registry import IMPORTED, Task, task_by_name

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "BadMethod",
    "DamagedFile",
    "Dataset",
    "Policy",
    "Task",
    "Trajectories",
    "evaluate",
    "import_arrays",
    "load_dataset",
    "load_policy",
    "load_records",
    "train",
]

Place = str | os.PathLike[str]
DATA = "data"  # folder of data sets, below the working directory, as results are


@dataclass(frozen=True)
class Dataset:
    """A data set and what it is for.

    Attributes:
        task: its environment, target return and reference returns (`task.domain`).
        episodes: the data; `Trajectories` names its arrays, which are read-only.
        folder: where it lies.
    """

    task: Task
    episodes: Trajectories
    folder: Path


def load_policy(run: Place, device: str = "cpu") -> Policy:
    """Return the trained policy of a run.

    Args:
        run: the folder of the run, `results/SCALE/runs/TASK/REWARD/PERCENT/METHOD/SEED`.
        device: a torch device.

    Returns:
        A policy that acts in many episodes at once: `policy.reset(seeds, targets)` begins L episodes, and
        `policy.act(observations, rewards)` returns L actions. See `bench.methods.contract.Policy`.

    Raises:
        FileNotFoundError: no run was trained in this folder.
        DamagedFile: the policy is not the one that was trained, or the folder is not that of its run.
    """
    folder = Path(run)
    training = checked_training(folder)
    policy = load_method(training["module"]).load(folder / POLICY, device)
    prepare(device)
    return policy


def load_dataset(where: Place) -> Dataset:
    """Return a data set of the suite, checked and mapped read-only.

    Args:
        where: the folder of a data set, or the name of a task whose data lie in `data/` below the working directory.

    Raises:
        FileNotFoundError: the task has no data here.
        ValueError: this is neither a data set nor a task, or the task has several data sets.
        DamagedFile: a file of the data set is damaged.
    """
    folder = folder_of(where, Path(DATA))
    name = str(storage.read_manifest(folder).get("task"))
    task = task_by_name(name, folder=folder)
    return Dataset(task, storage.load(folder), folder)


def load_records(where: Place) -> pd.DataFrame:
    """Return the evaluated episodes of all records in a place: a row for each episode.

    Args:
        where: `results/SCALE`, the folder of a run, or a file of packed records
            (`reports/reference/records/quick.jsonl.gz`).

    Returns:
        The columns that docs/records.md explains, among them task, method, seed, kind, target, episode, return, length
        and score. Rows whose kind is `score` are those behind a table.

    Raises:
        FileNotFoundError: there is no such place, or no record in it.
        DamagedFile: a record is damaged.
    """
    return table(Path(where))


def import_arrays(
    task: str,
    arrays: Mapping[str, ArrayLike],
    *,
    environment: str,
    reference: tuple[float, float] | None = None,
    target_return: float | None = None,
    return_scale: float | None = None,
    horizon: int | None = None,
    label: str | None = None,
    replace: bool = False,
) -> Dataset:
    """Make a task of episodes of your own; `bench data import` does the same with a file.

    Args:
        task: its name, as DOMAIN-KIND: `cartpole-mine`.
        arrays: `observations` (N, *obs), `actions` (N, act) or (N,) whole numbers, `rewards` (N,), `terminals` (N,),
            and, if a time limit ended episodes, `timeouts` (N,); one episode after the other. `next_observations` is
            optional.
        environment: Gymnasium id. The code of `MODULE:ID` is imported.
        reference: the returns with the scores 0 and 100; an environment of the suite has its own.
        target_return: what DT is asked for in an evaluation; None: the best return of the data.
        return_scale: divisor of returns-to-go; None: the largest power of ten not above the largest return.
        horizon: the largest number of steps of an episode; None: the time limit of the environment.
        label: name in tables; None: that of the domain.
        replace: whether an imported task of this name that differs may be replaced. Its runs then belong to other data.

    Returns:
        The data set, which lies in `data/imported/TASK` now. Actions are brought to [-1, 1].

    Raises:
        ValueError: the name is not allowed, an array is missing or unknown, the arrays do not fit each other or the
            environment, a reference is missing, or there is another task of this name.
    """
    given = {name: np.asarray(array) for name, array in arrays.items()}
    for name, array in given.items():
        if array.dtype.kind not in "biuf":
            raise ValueError(f"{task}: {name} holds {array.dtype}, not real numbers")
    allow_module_of(environment)
    constants = Constants(environment, target_return, return_scale, reference, horizon, label)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "arrays.npz")
        np.savez(path, **given)  # type: ignore[arg-type] # the stubs take them for its option
        if not replace and (IMPORTED / task / storage.MANIFEST).is_file():
            import_data(str(path), task, constants, Path(folder))
            refuse_other_task(Path(folder, task), IMPORTED / task)
        import_data(str(path), task, constants)
    return load_dataset(IMPORTED / task)


def train(
    dataset: Dataset | Place,
    method: str = "dt",
    *,
    steps: int,
    options: Mapping[str, Any] | None = None,
    seed: int = 0,
    reward: str = "dense",
    data_percent: float = 100.0,
    name: str | None = None,
    scale: str = "own",
    curve: tuple[float, ...] = (),
    device: str = "cpu",
) -> Path:
    """Train a method, as a run of the workflow does, and return the folder of the run.

    A training that was stopped continues when it is called again with the same arguments. One that ended is kept: the
    same name with other settings is refused, because its score would stand beside another policy.

    Args:
        dataset: a data set, or what `load_dataset` takes.
        method: its module: `dt`, `dt_atari`, `dt_graph`, or a file of baselines/.
        steps: gradient steps.
        options: hyperparameters, fields of the module's `Config`; the others have their defaults, which are the
            authors' and may need many steps.
        seed: of the training.
        reward: `dense`, or `sparse`: all reward of an episode comes with its last step.
        data_percent: the part of the episodes to learn from, in per cent.
        name: of the method in records; None: that of the module. Each set of options needs a name of its own.
        scale: the first folder of the results.
        curve: fractions of the training at which a snapshot is kept.
        device: a torch device. On a CPU a training uses one thread, and so does torch in this process from then on.

    Raises:
        BadMethod: the method or an option is unknown, or the method cannot learn from these data.
        ValueError: an argument has no meaning, the data set cannot be found, or the run is there with other settings.
        DamagedFile: the data set is damaged.
    """
    check_module(method)
    if not isinstance(dataset, Dataset):
        dataset = load_dataset(dataset)
    if steps < 1:
        raise ValueError(f"steps must be at least 1, not {steps}")
    if reward not in ("dense", "sparse"):
        raise ValueError(f"reward must be dense or sparse, not {reward!r}")
    if not 0 < data_percent <= 100:
        raise ValueError(f"data_percent must be above 0 and at most 100, not {data_percent:g}")
    own = method if name is None else name
    for what, word in (("scale", scale), ("name", own)):
        if not word or word.startswith(".") or Path(word).name != word:
            raise ValueError(f"{what} must be a name of one folder, not {word!r}")
    run = Identity(scale, dataset.task.name, reward, data_percent, own, seed).folder()
    refuse_other_settings(run, dataset.folder, method, dict(options or {}), steps, device)
    train_run(run, dataset.folder, method, dict(options or {}), steps, curve, device)
    return run


def evaluate(
    run: Place,
    *,
    episodes: int = 20,
    num_envs: int | None = None,
    curve_episodes: int = 0,
    device: str = "cpu",
) -> pd.DataFrame:
    """Score the policy of a run by the suite's protocol, write its record, and return its episodes.

    Args:
        run: the folder of the run.
        episodes: behind the score.
        num_envs: episodes that run side by side; None: all. It is part of the protocol (docs/protocol.md).
        curve_episodes: for each snapshot of the training.
        device: a torch device.

    Returns:
        A row for each episode, as `load_records`; its column `score` is the normalised return.

    Raises:
        FileNotFoundError: no run was trained in this folder.
        DamagedFile: a file of the training is damaged.
        BadMethod: the actions of the policy cannot be used.
        ValueError: a number of episodes is below its least value.
    """
    side_by_side = episodes if num_envs is None else num_envs
    for what, value, least in (
        ("episodes", episodes, 1),
        ("num_envs", side_by_side, 1),
        ("curve_episodes", curve_episodes, 0),
    ):
        if value < least:
            raise ValueError(f"{what} must be at least {least}, not {value}")
    folder = Path(run)
    evaluate_run(folder, episodes, side_by_side, curve_episodes, device)
    return table(folder / RESULT)
