"""Make a task from a user's own data: `bench data import`.

The data go to data/imported/TASK, beside a file that describes the task: its environment, horizon, target return
and scales. After that, configs can name the task like any other.
"""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from bench.core.files import sha256
from bench.datasets import storage
from bench.datasets.readers import d4rl, minari
from bench.datasets.readers.minari_facts import Facts, facts
from bench.datasets.readers.remarks import Remarks
from bench.datasets.readers.spaces import spaces, time_limit
from bench.datasets.trajectories import Trajectories
from bench.environments.vector import UnknownEnvironment
from bench.tasks.environment_id import gymnasium_id, settings_of, spell
from bench.tasks.families import Domain
from bench.tasks.registry import (
    DOMAINS,
    IMPORTED,
    TASKS,
    Task,
    check_domain,
    check_label,
    registered_domain,
    write_task,
)

NAME = re.compile(r"[a-z][a-z0-9_]*(-[a-z0-9_]+)+")
AVERAGE = "average-"  # rows of the paper's tables
FILES = (".npz", ".hdf5", ".h5")


@dataclass(frozen=True)
class Constants:
    """Constants of a task that a user may set. For None, the constant is that of the domain with the same
    environment, or comes from the data.

    Attributes:
        environment: Gymnasium id, which may have settings (`bench.tasks.environment_id`).
        target_return: the target return of DT, raw; from the data it is the best return.
        return_scale: the divisor of returns-to-go; from the data it is the largest power of ten that is not
            above the largest absolute return.
        reference: the returns with the scores 0 and 100.
        horizon: the largest number of steps of an episode in the data; None: the time limit of the environment.
        label: the name of the domain in tables; None: that of the domain of this name, or the name itself.
    """

    environment: str | None = None
    target_return: float | None = None
    return_scale: float | None = None
    reference: tuple[float, float] | None = None
    horizon: int | None = None
    label: str | None = None


def import_data(
    source: str,
    name: str,
    constants: Constants,
    root: Path = IMPORTED,
    ignore: Sequence[str] = (),
    remarks: Remarks | None = None,
) -> Trajectories:
    """Read data from a .npz or .hdf5 file in D4RL's layout, or from Minari, and make a task from them.

    Args:
        source: a path, or a Minari id such as `mujoco/hopper/medium-v0`.
        name: the name of the task, as `domain-kind`: `hopper-mine`.
        constants: the constants that the user sets.
        root: the folder of imported tasks.
        ignore: names of arrays of a file to leave out.
        remarks: gets what was left out, counted or changed.

    Raises:
        ValueError: the name is not allowed, or a constant of the task is unknown.
        FileNotFoundError: there is neither such a file nor such a Minari data set.
        WrongData: the arrays do not fit each other or the environment, or most of the data would be left out.
        DamagedFile: the file is truncated or has another format.
    """
    check_name(name)
    remarks, path = Remarks() if remarks is None else remarks, Path(source)
    if path.suffix in FILES:
        domain = _domain(name, constants, Facts(environment=constants.environment))
        data = d4rl.read(path, domain, ignore=ignore, remarks=remarks)
        origin = {"file": path.name, "file_sha256": sha256(path)}
    elif path.exists():
        raise ValueError(
            f"{source}: give a .npz, .hdf5 or .h5 file, or the id of a Minari data set"
        )
    else:
        if ignore:
            raise ValueError(
                "--ignore is for arrays of a file; a Minari data set has a fixed list of arrays"
            )
        dataset = minari.open_dataset(source)
        about = minari.metadata_of(dataset)
        known = facts(f"Minari data set {source}", about, constants.environment)
        remarks.environment += known.remarks
        domain = _domain(name, constants, known)
        remarks.environment += _other_reference(domain, known)
        data = minari.read(dataset, domain, remarks, known.own)
        origin = {"minari_id": source, "minari_version": str(dataset.spec.minari_version)}
    domain = _completed(domain, constants, data)
    task = Task(domain, name.split("-", 1)[1])
    entries = {"source": "imported", "task": name, "environment": domain.environment}
    with storage.staged(root / name) as folder:
        storage.save(data, folder, entries | {"origin": origin | remarks.record()})
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
    if name.startswith(AVERAGE):
        raise ValueError(
            f"{name!r} is the name of a row in the paper's tables; choose another name"
        )


def _domain(name: str, constants: Constants, known: Facts) -> Domain:
    """Return the domain with the constants that are known before the data are read; the others are NaN."""
    if known.environment is None:
        raise ValueError(
            f"{name}: the environment of these data is unknown; give --environment, like Hopper-v4"
        )
    environment, horizon = _environment(name, constants, known)
    check_domain(name, environment)
    listed = next((d for d in DOMAINS.values() if d.environment == environment), None)
    reference = constants.reference or known.reference
    if listed is not None:
        own = (listed.reference_min, listed.reference_max)
        if constants.reference not in (None, own):
            raise ValueError(
                f"{name}: {environment} has reference scores of its own, {own[0]:g} and {own[1]:g}, so that scores "
                "mean the same everywhere; leave --reference out"
            )
        reference = own
    if reference is None:
        raise ValueError(
            f"{name}: the reference scores of {environment} are unknown; give the returns with the scores 0 and 100: "
            "--reference RANDOM EXPERT (in Python reference=(RANDOM, EXPERT))"
        )
    if not (reference[0] < reference[1] and all(map(math.isfinite, reference))):
        raise ValueError(
            f"{name}: the reference scores {reference} must be finite, and the second must be the larger one"
        )
    short = name.split("-", 1)[0]
    label = DOMAINS[short].label if short in DOMAINS else short
    if short in DOMAINS and settings_of(environment).entries:
        label = f"{label} (own settings)"
    if constants.label is not None:
        label = constants.label
    check_label(label, short)
    return Domain(
        name=short,
        label=label,
        environment=environment,
        horizon=horizon,
        target_return=listed.target_return if listed else math.nan,
        return_scale=listed.return_scale if listed else math.nan,
        reference_min=float(reference[0]),
        reference_max=float(reference[1]),
    )


def _other_reference(domain: Domain, known: Facts) -> list[str]:
    """Return a remark on reference scores of the data that are not used."""
    used = (domain.reference_min, domain.reference_max)
    if known.reference in (None, used):
        return []
    named = " and ".join(f"{x:g}" for x in known.reference or ())
    return [
        f"the data name the reference scores {named}; {used[0]:g} and {used[1]:g} are used, "
        f"{'which are those of ' + domain.environment if registered_domain(domain.environment) else 'as you said'}"
    ]


def _environment(name: str, constants: Constants, known: Facts) -> tuple[str, int]:
    """Return the environment in which policies are evaluated, and the largest number of steps of an episode.

    Raises:
        UnknownEnvironment: it has no time limit.
        ValueError: the horizon is shorter than the time limit.
    """
    environment = str(known.environment)
    limit, own = time_limit(environment), settings_of(environment)
    plain = next((d for d in DOMAINS.values() if d.environment == gymnasium_id(environment)), None)
    if limit is None and plain is not None:
        limit = plain.horizon  # its episodes end by themselves
    elif limit is None and constants.horizon is not None:
        limit = constants.horizon
        own = replace(own, max_episode_steps=limit)
    if limit is None:
        raise UnknownEnvironment(
            f"{environment} has no time limit, so its episodes may never end: give one with --horizon STEPS, or "
            "register it with max_episode_steps"
        )
    if constants.horizon is not None and constants.horizon < limit:
        short = spell(gymnasium_id(environment), replace(own, max_episode_steps=constants.horizon))
        raise ValueError(
            f"{name}: --horizon {constants.horizon:,} is shorter than the time limit of {environment}, {limit:,}. "
            f"If it ends earlier, say so in the environment: --environment '{short}'"
        )
    space = spaces(name, environment)
    if not space.unit:
        own = replace(own, rescale_actions=True)
    horizon = constants.horizon or max(limit, known.collected or 0)
    return spell(gymnasium_id(environment), own), horizon


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
