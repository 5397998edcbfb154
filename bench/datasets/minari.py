"""Minari data sets (Farama Foundation): read one, or write any data set here as one."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import numpy as np

from bench.datasets.d4rl import WrongData, fit
from bench.datasets.trajectories import Trajectories, from_arrays
from bench.environments import make
from bench.files import DamagedFile
from bench.tasks import Domain, Task


def open_dataset(dataset_id: str) -> Any:
    """Return a Minari data set, from disk ($MINARI_DATASETS_PATH) or else from Minari's server.

    Raises:
        FileNotFoundError: it is neither here nor there; the message says why.
        DamagedFile: what lies on disk cannot be read.
    """
    import minari
    from minari.dataset.minari_dataset import parse_dataset_id
    from minari.storage.datasets_root_dir import get_dataset_path

    try:
        parse_dataset_id(dataset_id)
    except (ValueError, TypeError) as error:
        raise FileNotFoundError(
            f"no file {dataset_id}, and it is not a Minari id either (NAMESPACE/NAME-vN)"
        ) from error
    folder = Path(get_dataset_path(dataset_id))
    if not (folder / "data").exists():
        try:
            minari.download_dataset(dataset_id)
        except Exception as error:  # whatever the remote's client raises
            raise FileNotFoundError(
                f"Minari data set {dataset_id!r} is not at {folder} and could not be fetched: "
                f"{type(error).__name__}: {error}. Copy it there, or set MINARI_DATASETS_PATH or MINARI_REMOTE"
            ) from error
    try:
        return minari.load_dataset(dataset_id)
    except Exception as error:
        raise DamagedFile(
            f"Minari data set {folder} cannot be read ({type(error).__name__}: {error}); delete it and fetch it again"
        ) from error


def facts(dataset: Any) -> dict[str, Any]:
    """Return what the data set says of itself: `environment` and, where given, `reference` scores."""
    metadata = dataset.storage.metadata
    found: dict[str, Any] = {}
    if dataset.env_spec is not None:
        found["environment"] = dataset.env_spec.id
    low, high = metadata.get("ref_min_score"), metadata.get("ref_max_score")
    if low is not None and high is not None:
        found["reference"] = (float(low), float(high))
    return found


def read(dataset: Any, domain: Domain) -> Trajectories:
    """Return a Minari data set's whole episodes.

    An episode that neither terminated nor was truncated is unfinished and is left out.

    Raises:
        WrongData: observations or actions are not plain vectors, do not fit the environment, or no
            episode is whole.
        DamagedFile: an episode cannot be read.
    """
    name = f"Minari data set {dataset.spec.dataset_id}"
    whole = []
    try:
        for episode in dataset.iterate_episodes():
            if not (isinstance(episode.observations, np.ndarray) and np.ndim(episode.actions) == 2):
                raise WrongData(
                    f"{name}: observations and actions must be plain vectors; these are of spaces "
                    f"{dataset.observation_space} and {dataset.action_space}"
                )
            if len(episode.rewards) and (episode.terminations[-1] or episode.truncations[-1]):
                whole.append(episode)
    except (OSError, KeyError) as error:
        raise DamagedFile(f"{name} is damaged ({error}); delete it and fetch it again") from error
    if not whole:
        raise WrongData(f"{name} has no finished episode")
    for episode in whole:
        if len(episode.observations) != len(episode.rewards) + 1:
            raise WrongData(
                f"{name}: episode {episode.id} has {len(episode.observations)} observations and "
                f"{len(episode.rewards)} rewards; one more is expected"
            )
    observations = np.concatenate([episode.observations[:-1] for episode in whole])
    actions = np.concatenate([episode.actions for episode in whole])
    low, high = fit(name, domain, observations, actions)
    terminals = np.concatenate([np.asarray(episode.terminations) for episode in whole])
    timeouts = np.concatenate([np.asarray(episode.truncations) for episode in whole]) & ~terminals
    try:
        return from_arrays(
            observations,
            actions,
            np.concatenate([episode.rewards for episode in whole]),
            terminals,
            timeouts,
            action_range=(low, high),
            final_observations=np.stack([episode.observations[-1] for episode in whole]),
        )
    except ValueError as error:
        raise WrongData(f"{name}: {error}") from error


def export(data: Trajectories, task: Task, dataset_id: str, about: dict[str, Any]) -> Path:
    """Write a data set as a Minari one, read it back through Minari, and compare.

    Where the source had no observation after an episode's last action, the last one stands there
    twice, and the description says so.

    Args:
        data: the episodes.
        task: gives environment and reference scores.
        dataset_id: `NAMESPACE/NAME-vN`.
        about: the data set's manifest, for the description.

    Returns:
        Minari's folder.

    Raises:
        ValueError: the id is not Minari's form, or there is such a data set already.
        DamagedFile: what Minari loads is not what was written.
    """
    import minari
    from gymnasium.spaces import Box
    from minari.data_collector import EpisodeBuffer
    from minari.storage.datasets_root_dir import get_dataset_path

    folder = Path(get_dataset_path(dataset_id))
    if folder.exists():
        raise ValueError(f"there is a Minari data set at {folder} already; choose another id")
    final = data.final_observations
    buffers = []
    for index, (start, stop) in enumerate(zip(data.bounds[:-1], data.bounds[1:], strict=True)):
        last = data.observations[stop - 1] if final is None else final[index]
        buffers.append(
            EpisodeBuffer(
                id=index,
                observations=np.concatenate([data.observations[start:stop], last[None]]),
                actions=np.asarray(data.actions[start:stop]),
                rewards=list(np.asarray(data.rewards[start:stop])),
                terminations=list(np.asarray(data.terminals[start:stop])),
                truncations=list(np.asarray(data.timeouts[start:stop])),
            )
        )
    repeated = (
        " The observation after an episode's last action is unknown; the one before stands there."
    )
    environment = make(task.domain.environment)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # of metadata we have no value for: author, permalink
            minari.create_dataset_from_buffers(
                dataset_id,
                buffers,
                env=environment,
                observation_space=Box(-np.inf, np.inf, data.observations.shape[1:], np.float32),
                action_space=Box(
                    data.action_low, data.action_high, data.actions.shape[1:], np.float32
                ),
                ref_min_score=task.domain.reference_min,
                ref_max_score=task.domain.reference_max,
                algorithm_name=str(about.get("meaning", about.get("source", "unknown"))),
                description=f"{task.name}, data of {about.get('source', 'unknown')} origin, "
                f"digest {about.get('digest', 'unknown')}.{repeated if final is None else ''}",
                data_format="hdf5",
            )
    finally:
        environment.close()
    back = read(minari.load_dataset(dataset_id), task.domain)
    for name in ("observations", "actions", "rewards", "terminals", "timeouts"):
        if not np.array_equal(getattr(back, name), getattr(data, name)):
            raise DamagedFile(f"{folder}: Minari reads other {name} than were written; delete it")
    return folder
