"""Export data sets to Minari (Farama Foundation)."""

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
from bench.datasets.readers.minari import namespace_of, read
from bench.datasets.readers.spaces import Spaces, from_unit, spaces
from bench.datasets.readers.stacks import stacks_of
from bench.datasets.trajectories import Trajectories
from bench.environments.vector import make
from bench.tasks.environment_id import gymnasium_id, settings_of, spell
from bench.tasks.registry import Task

ROOT = "MINARI_DATASETS_PATH"  # variable with the folder of Minari's data sets; Minari reads it at each use
ROUNDING = 1e-6  # of actions that are mapped to the bounds of the environment and back


def export(data: Trajectories, task: Task, dataset_id: str, about: dict[str, Any]) -> Path:
    """Export a data set to Minari, read it back with Minari, and compare.

    The data are written as the environment itself shows and takes them: stacks of frames, and actions within the
    environment's own bounds. If the source has no observation after the last action of an episode, the observation
    before that action is written twice, and the description says so.

    Args:
        data: the episodes.
        task: gives the environment and the reference scores.
        dataset_id: `NAMESPACE/NAME-vN`.
        about: the manifest of the data set, for the description.

    Returns:
        The folder of the Minari data set.

    Raises:
        ValueError: the id does not have Minari's form, there is already such a data set, or the environment is
            registered in a way that a data set cannot hold.
        DamagedFile: Minari reads other data than were written.
    """
    import minari
    from minari.namespace import create_namespace, list_local_namespaces
    from minari.storage.datasets_root_dir import get_dataset_path

    namespace = namespace_of(dataset_id)
    folder = Path(get_dataset_path(dataset_id))
    if folder.exists():
        raise ValueError(f"there is already a Minari data set at {folder}; choose another id")
    own, space = _own(data), spaces(task.name, task.domain.environment)
    _refuse_classes(task)
    # Minari ignores hidden folders, so it ignores the remains of a killed export
    with tempfile.TemporaryDirectory(prefix=".export-", dir=get_dataset_path()) as temporary:
        with _kept_at(Path(temporary)):
            _write(data, task, dataset_id, about, own, space)
            back = read(minari.load_dataset(dataset_id), task.domain, own=own)
        for name in ("observations", "actions", "rewards", "terminals", "timeouts", "scores"):
            mapped = name == "actions" and not space.unit
            if not _equal(getattr(back, name), getattr(data, name), mapped):
                raise DamagedFile(
                    f"{dataset_id}: Minari reads other {name} than were written; nothing was kept"
                )
        if namespace is not None and namespace not in list_local_namespaces():
            create_namespace(namespace)
        Path(temporary, dataset_id).rename(folder)
    return folder


def _refuse_classes(task: Task) -> None:
    """Refuse an environment whose registration cannot be written as text, which Minari does."""
    environment = gymnasium_id(task.domain.environment)
    made = make(environment)
    try:
        spec = made.spec
    finally:
        made.close()
    if callable(spec.entry_point):
        place = (
            f"{spec.entry_point.__module__}:{getattr(spec.entry_point, '__qualname__', 'CLASS')}"
        )
        raise ValueError(
            f"{task.name}: {environment} is registered with the class itself, which a data set of Minari cannot hold. "
            f"Register it by its name, gymnasium.register(..., entry_point={place!r}), and export again"
        )
    try:
        spec.to_json()
    except Exception as error:  # Gymnasium and json raise errors of several types
        raise ValueError(
            f"{task.name}: the registration of {environment} holds something that a data set of Minari cannot hold "
            f"({' '.join(str(error).split())[:200]}). Register it with plain values, and export again"
        ) from error


def root() -> Path:
    """Return the folder of Minari's data sets."""
    from minari.storage.datasets_root_dir import get_dataset_path

    return Path(get_dataset_path())


def _own(data: Trajectories) -> dict[str, Any]:
    """Return what Minari has no place for, and a later import needs."""
    own: dict[str, Any] = {}
    if data.final_observations is None:
        own["final_observations"] = "repeated"
    if data.scores is not None:
        own["scores"] = data.scores.tolist()
    return own


def _equal(back: Any, data: Any, mapped: bool) -> bool:
    if back is None or data is None:
        return back is data
    if mapped:
        return np.shape(back) == np.shape(data) and bool(np.allclose(back, data, 0, ROUNDING))
    return np.array_equal(back, data)


def _write(
    data: Trajectories,
    task: Task,
    dataset_id: str,
    about: dict[str, Any],
    own: dict[str, Any],
    space: Spaces,
) -> None:
    import minari
    from gymnasium.spaces import Box, Discrete
    from minari.data_collector import EpisodeBuffer

    final = data.final_observations
    frames = data.observations if data.frame_index is None else data.observations[data.frame_index]
    buffers = []
    for index, (start, stop) in enumerate(
        zip(data.episode_starts[:-1], data.episode_starts[1:], strict=True)
    ):
        shown, last = frames[start:stop], frames[stop - 1] if final is None else final[index]
        actions = np.asarray(data.actions[start:stop])
        if not space.unit:
            actions = from_unit(actions, space.low, space.high).astype(np.float32)
        buffers.append(
            EpisodeBuffer(
                id=index,
                observations=np.concatenate([shown, last[None]])
                if data.stack == 1
                else stacks_of(shown, last, data.stack),
                actions=actions,
                rewards=list(np.asarray(data.rewards[start:stop])),
                terminations=list(np.asarray(data.terminals[start:stop])),
                truncations=list(np.asarray(data.timeouts[start:stop])),
            )
        )
    repeated = (
        " The observation after an episode's last action is unknown; the one before stands there."
    )
    shape = data.observations.shape[1:] if data.stack == 1 else space.observation
    if space.discrete:
        taken: Any = Discrete(data.n_actions)
    else:
        taken = Box(space.low.astype(np.float32), space.high.astype(np.float32), dtype=np.float32)
    pixels = data.observations.dtype == np.uint8
    observed = Box(0, 255, shape, np.uint8) if pixels else Box(-np.inf, np.inf, shape, np.float32)
    settings = settings_of(task.domain.environment)
    bounds = spell(
        gymnasium_id(task.domain.environment),
        type(settings)(settings.kwargs, settings.max_episode_steps),
    )
    environment = make(bounds)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # metadata without a value here: author, permalink
            dataset = minari.create_dataset_from_buffers(
                dataset_id,
                buffers,
                env=environment,
                observation_space=observed,
                action_space=taken,
                ref_min_score=task.domain.reference_min,
                ref_max_score=task.domain.reference_max,
                algorithm_name=str(about.get("meaning", about.get("source", "unknown"))),
                description=f"{task.name}, data of {about.get('source', 'unknown')} origin, "
                f"digest {about.get('digest', 'unknown')}.{repeated if final is None else ''}",
                data_format="hdf5",
                jpeg_encoding=False,  # JPEG changes pixels
            )
            if own:
                dataset.storage.update_metadata({"bench": own})
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
