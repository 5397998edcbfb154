"""Make a task from a user's own data: `bench data import`.

The data go to data/imported/TASK, beside a file that describes the task: its environment, horizon, target return
and scales. After that, configs can name the task like any other.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import sha256
from bench.datasets import storage
from bench.datasets.readers import d4rl, minari, npz
from bench.datasets.readers.checks import time_limit
from bench.datasets.trajectories import Trajectories
from bench.tasks.families import Domain
from bench.tasks.registry import DOMAINS, IMPORTED, TASKS, Task, write_task

NAME = re.compile(r"[a-z][a-z0-9_]*(-[a-z0-9_]+)+")


@dataclass(frozen=True)
class Constants:
    """Constants of a task that a user may set. For None, the constant is that of the domain with the same
    environment, or comes from the data.

    Attributes:
        environment: Gymnasium id.
        target_return: the target return of DT, raw; from the data it is the best return.
        return_scale: the divisor of returns-to-go; from the data it is the largest power of ten that is not
            above the largest absolute return.
        reference: the returns with the scores 0 and 100.
    """

    environment: str | None = None
    target_return: float | None = None
    return_scale: float | None = None
    reference: tuple[float, float] | None = None


def import_data(
    source: str, name: str, constants: Constants, root: Path = IMPORTED
) -> Trajectories:
    """Read data from a .npz or .hdf5 file in D4RL's layout, or from Minari, and make a task from them.

    Args:
        source: a path, or a Minari id such as `mujoco/hopper/medium-v0`.
        name: the name of the task, as `domain-kind`: `hopper-mine`.
        constants: the constants that the user sets.
        root: the folder of imported tasks.

    Raises:
        ValueError: the name is not allowed, or a constant of the task is unknown.
        FileNotFoundError: there is neither such a file nor such a Minari data set.
        WrongData: the arrays do not fit each other or the environment.
        DamagedFile: the file is truncated or has another format.
    """
    check_name(name)
    path = Path(source)
    if path.suffix in (".npz", ".hdf5", ".h5"):
        domain = _domain(name, constants, constants.environment, {})
        if path.suffix == ".npz":
            data = d4rl.from_flat(npz.read(path, d4rl.ARRAYS, d4rl.NEEDED), domain, source)
        else:
            data = d4rl.read(path, domain)
        origin = {"file": path.name, "file_sha256": sha256(path)}
    elif path.exists():
        raise ValueError(
            f"{source}: give a .npz, .hdf5 or .h5 file, or the id of a Minari data set"
        )
    else:
        dataset = minari.open_dataset(source)
        facts = minari.facts(dataset)
        domain = _domain(name, constants, constants.environment or facts.get("environment"), facts)
        data = minari.read(dataset, domain)
        origin = {"minari_id": source, "minari_version": str(dataset.spec.minari_version)}
    domain = _completed(domain, constants, data)
    task = Task(domain, name.split("-", 1)[1])
    about = {"source": "imported", "task": name, "environment": domain.environment}
    with storage.staged(root / name) as folder:
        storage.save(data, folder, about | {"origin": origin})
        write_task(task, folder)
    return data


def check_name(name: str) -> None:
    """Refuse a name that an imported task cannot have. The name is also that of a folder.

    Raises:
        ValueError: the name has another form, or the suite has a task of this name.
    """
    if not NAME.fullmatch(name):
        raise ValueError(
            f"{name!r} cannot be the name of a task: use DOMAIN-KIND with small letters, digits and _, like hopper-mine"
        )
    if name in TASKS:
        raise ValueError(f"the suite already has a task {name!r}; choose another name")


def check_domain(name: str, environment: str) -> None:
    """Refuse a task name that begins with a domain of the suite if the data are from another environment.

    Tables show such a task under the label of the domain. Another version of the environment is allowed.

    Raises:
        ValueError: the environment is not that of the domain.
    """
    short = name.partition("-")[0]
    if short in DOMAINS and _family(environment) != _family(DOMAINS[short].environment):
        raise ValueError(
            f"{name}: {short} means {DOMAINS[short].environment}, but the data are from {environment}; "
            "begin the name with another word"
        )


def _family(environment: str) -> str:
    """Return a Gymnasium id without its module and its version."""
    return re.sub(r"-v\d+$", "", environment.rpartition(":")[2])


def _domain(
    name: str, constants: Constants, environment: str | None, facts: dict[str, Any]
) -> Domain:
    """Return the domain with the constants that are known before the data are read; the others are NaN."""
    if environment is None:
        raise ValueError(
            f"{name}: the environment of these data is unknown; give --environment, like Hopper-v4"
        )
    known = next((d for d in DOMAINS.values() if d.environment == environment), None)
    horizon = time_limit(environment)
    check_domain(name, environment)
    reference = constants.reference or facts.get("reference")
    if reference is None and known is not None:
        reference = (known.reference_min, known.reference_max)
    if reference is None:
        raise ValueError(
            f"{name}: the reference scores of {environment} are unknown; give the returns with the scores 0 and 100: "
            "--reference RANDOM EXPERT"
        )
    if not (reference[0] < reference[1] and all(map(math.isfinite, reference))):
        raise ValueError(
            f"{name}: the reference scores {reference} must be finite, and the second must be the larger one"
        )
    short = name.split("-", 1)[0]
    return Domain(
        name=short,
        label=DOMAINS[short].label if short in DOMAINS else short,
        environment=environment,
        horizon=horizon,
        target_return=known.target_return if known else math.nan,
        return_scale=known.return_scale if known else math.nan,
        reference_min=float(reference[0]),
        reference_max=float(reference[1]),
    )


def _completed(domain: Domain, constants: Constants, data: Trajectories) -> Domain:
    best = float(data.returns.max())
    target = domain.target_return if constants.target_return is None else constants.target_return
    scale = domain.return_scale if constants.return_scale is None else constants.return_scale
    if math.isnan(target):
        target = best
    if math.isnan(scale):
        largest = float(np.abs(data.returns).max())
        scale = 10.0 ** math.floor(math.log10(largest)) if largest > 0 else 1.0
    if not (math.isfinite(target) and math.isfinite(scale) and scale > 0):
        raise ValueError(
            f"target return {target} and return scale {scale} must be finite, and the scale must be above 0"
        )
    return replace(domain, target_return=target, return_scale=scale)
