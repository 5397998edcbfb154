"""Read Minari data sets (Farama Foundation), and export data sets to Minari."""

from __future__ import annotations

import contextlib
import os
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import DamagedFile
from bench.datasets.build import from_arrays
from bench.datasets.readers.checks import WrongData, fit, flags, within_horizon
from bench.datasets.trajectories import Trajectories
from bench.environments.vector import make
from bench.tasks.families import Domain
from bench.tasks.registry import Task

ROOT = "MINARI_DATASETS_PATH"  # variable with the folder of Minari's data sets; Minari reads it at each use


def open_dataset(dataset_id: str) -> Any:
    """Return a Minari data set. If it is not on disk ($MINARI_DATASETS_PATH), fetch it from Minari's server.

    Raises:
        FileNotFoundError: it is neither on disk nor on the server; the message gives the reason.
        DamagedFile: the files on disk cannot be read.
    """
    import minari
    from minari.storage.datasets_root_dir import get_dataset_path

    try:
        _namespace(dataset_id)
    except ValueError as error:
        raise FileNotFoundError(f"there is no file {dataset_id}, and {error}") from error
    folder = Path(get_dataset_path(dataset_id))
    if not (folder / "data").exists():
        try:
            minari.download_dataset(dataset_id)
        except Exception as error:  # the client of the server raises errors of many types
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
    """Return the `environment` and the `reference` scores that the data set names; each may be missing."""
    metadata = dataset.storage.metadata
    found: dict[str, Any] = {}
    if dataset.env_spec is not None:
        found["environment"] = dataset.env_spec.id
    low, high = metadata.get("ref_min_score"), metadata.get("ref_max_score")
    if low is not None and high is not None:
        found["reference"] = (float(low), float(high))
    return found


def read(dataset: Any, domain: Domain) -> Trajectories:
    """Return the whole episodes of a Minari data set.

    An episode that neither terminated nor was truncated is unfinished and is left out.

    Raises:
        WrongData: observations or actions are not vectors or do not fit the environment, or no episode is
            finished.
        DamagedFile: an episode cannot be read.
    """
    name = f"Minari data set {dataset.spec.dataset_id}"
    try:
        episodes = list(dataset.iterate_episodes())
    except Exception as error:  # h5py raises errors of many types for damaged bytes
        raise DamagedFile(f"{name} is damaged ({error}); delete it and fetch it again") from error
    for episode in episodes:
        if not (isinstance(episode.observations, np.ndarray) and np.ndim(episode.actions) == 2):
            raise WrongData(
                f"{name}: observations and actions must be vectors, but their spaces are "
                f"{dataset.observation_space} and {dataset.action_space}"
            )
        _same_rows(episode, episodes[0], name)
    whole = [
        episode
        for episode in episodes
        if len(episode.rewards) and (episode.terminations[-1] or episode.truncations[-1])
    ]
    if not whole:
        raise WrongData(f"{name} has no finished episode")

    def joined(key: str) -> Any:
        return np.concatenate([getattr(episode, key) for episode in whole])

    observations = np.concatenate([episode.observations[:-1] for episode in whole])
    actions = joined("actions")
    low, high = fit(name, domain, observations, actions)
    terminals = flags(name, "terminations", joined("terminations"))
    timeouts = flags(name, "truncations", joined("truncations")) & ~terminals
    try:
        data = from_arrays(
            observations,
            actions,
            joined("rewards"),
            terminals,
            timeouts,
            action_range=(low, high),
            final_observations=np.stack([episode.observations[-1] for episode in whole]),
        )
    except ValueError as error:
        raise WrongData(f"{name}: {error}") from error
    within_horizon(name, data, domain)
    return data


def _same_rows(episode: Any, first: Any, name: str) -> None:
    """Refuse an episode whose arrays have different numbers of rows, or other widths than in the first episode."""
    steps = len(np.atleast_1d(episode.rewards))
    expected = {
        "observations": (steps + 1, *np.shape(first.observations)[1:]),
        "actions": (steps, *np.shape(first.actions)[1:]),
        "rewards": (steps,),
        "terminations": (steps,),
        "truncations": (steps,),
    }
    for key, shape in expected.items():
        if (found := np.shape(getattr(episode, key))) != shape:
            raise WrongData(
                f"{name}: {key} of episode {episode.id} have shape {found}, but the episode has {steps:,} rewards: "
                f"expected {shape}"
            )


def export(data: Trajectories, task: Task, dataset_id: str, about: dict[str, Any]) -> Path:
    """Export a data set to Minari, read it back with Minari, and compare.

    If the source has no observation after the last action of an episode, the observation before that action is
    written twice, and the description says so.

    Args:
        data: the episodes.
        task: gives the environment and the reference scores.
        dataset_id: `NAMESPACE/NAME-vN`.
        about: the manifest of the data set, for the description.

    Returns:
        The folder of the Minari data set.

    Raises:
        ValueError: the id does not have Minari's form, or there is already such a data set.
        DamagedFile: Minari reads other data than were written.
    """
    import minari
    from minari.namespace import create_namespace, list_local_namespaces
    from minari.storage.datasets_root_dir import get_dataset_path

    namespace = _namespace(dataset_id)
    folder = Path(get_dataset_path(dataset_id))
    if folder.exists():
        raise ValueError(f"there is already a Minari data set at {folder}; choose another id")
    # Minari ignores hidden folders, so it ignores the remains of a killed export
    with tempfile.TemporaryDirectory(prefix=".export-", dir=get_dataset_path()) as temporary:
        with _kept_at(Path(temporary)):
            _write(data, task, dataset_id, about)
            back = read(minari.load_dataset(dataset_id), task.domain)
        for name in ("observations", "actions", "rewards", "terminals", "timeouts"):
            if not np.array_equal(getattr(back, name), getattr(data, name)):
                raise DamagedFile(
                    f"{dataset_id}: Minari reads other {name} than were written; nothing was kept"
                )
        if namespace is not None and namespace not in list_local_namespaces():
            create_namespace(namespace)
        Path(temporary, dataset_id).rename(folder)
    return folder


def _write(data: Trajectories, task: Task, dataset_id: str, about: dict[str, Any]) -> None:
    import minari
    from gymnasium.spaces import Box
    from minari.data_collector import EpisodeBuffer

    final = data.final_observations
    buffers = []
    for index, (start, stop) in enumerate(
        zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True)
    ):
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
            warnings.simplefilter("ignore")  # metadata without a value here: author, permalink
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


@contextlib.contextmanager
def _kept_at(root: Path) -> Iterator[None]:
    """Make Minari use another folder for its data sets within this context."""
    before = os.environ.get(ROOT)
    os.environ[ROOT] = str(root)
    try:
        yield
    finally:
        os.environ.pop(ROOT)
        if before is not None:
            os.environ[ROOT] = before


def _namespace(dataset_id: str) -> str | None:
    """Return the namespace of a Minari id.

    Raises:
        ValueError: the id does not have Minari's form, with a version.
    """
    from minari.dataset.minari_dataset import parse_dataset_id

    try:
        namespace: str | None = parse_dataset_id(dataset_id)[0]
    except (ValueError, TypeError) as error:  # TypeError: the version is missing
        raise ValueError(
            f"{dataset_id!r} is not a Minari id (NAMESPACE/NAME-vN, like mine/hopper-v0)"
        ) from error
    return namespace
