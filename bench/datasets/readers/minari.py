"""Read Minari data sets (Farama Foundation)."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import numpy as np

from bench.core.files import DamagedFile, read_json, refuse_special
from bench.datasets.build import from_arrays
from bench.datasets.npy import Header
from bench.datasets.readers import hdf5
from bench.datasets.readers.agreement import check_timeouts
from bench.datasets.readers.checks import WrongData, flags, refuse_too_large, within_horizon
from bench.datasets.readers.remarks import Remarks
from bench.datasets.readers.spaces import (
    Spaces,
    fit_shapes,
    fitted_actions,
    fitted_observations,
    spaces,
)
from bench.datasets.readers.stacks import single_frames
from bench.datasets.trajectories import Trajectories
from bench.tasks.families import Domain

# the arrays of an episode in Minari's HDF5 file; `infos` hold other facts than transitions
KNOWN = re.compile(
    r"(episode_\d+)/(?:(observations|actions|rewards|terminations|truncations)|infos(/.*)?)"
)
LIMIT = 10_000_000  # bytes of the metadata


def open_dataset(dataset_id: str) -> Any:
    """Return a Minari data set. If it is not on disk ($MINARI_DATASETS_PATH), fetch it from Minari's server.

    Raises:
        FileNotFoundError: it is neither on disk nor on the server; the message gives the reason.
        DamagedFile: the files on disk cannot be read.
        WrongData: the files refer to other files, hold an unknown array, or do not fit into memory.
    """
    import minari
    from minari.storage.datasets_root_dir import get_dataset_path

    try:
        namespace_of(dataset_id)
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
    _check_files(folder / "data", dataset_id)
    try:
        return minari.load_dataset(dataset_id)
    except Exception as error:
        raise DamagedFile(
            f"Minari data set {folder} cannot be read ({type(error).__name__}: {error}); delete it and fetch it again"
        ) from error


def metadata_of(dataset: Any) -> dict[str, Any]:
    """Return the content of the data set's `metadata.json`.

    Raises:
        DamagedFile: it is not a JSON object.
    """
    return _metadata(Path(dataset.storage.data_path))


def _metadata(folder: Path) -> dict[str, Any]:
    path = folder / "metadata.json"
    if not path.exists() or path.stat().st_size > LIMIT:
        raise DamagedFile(f"{path} is missing or too large; delete the data set and fetch it again")
    content = read_json(path)
    if not isinstance(content, dict):
        raise DamagedFile(f"{path} is not a JSON object; delete the data set and fetch it again")
    return content


def _check_files(folder: Path, dataset_id: str) -> None:
    """Refuse files that make Minari run code or read other files, before Minari opens them.

    Without spaces in the metadata, Minari makes the environment that the files name, and imports its module.
    """
    for each in sorted(folder.rglob("*")):
        if not each.is_dir():
            refuse_special(each)
    about = _metadata(folder)
    name = f"Minari data set {dataset_id}"
    if missing := [key for key in ("observation_space", "action_space") if key not in about]:
        raise WrongData(
            f"{name}: its metadata have no {missing[0]}, so Minari would run code that the files name; get a version "
            "of the set with spaces"
        )
    path = folder / "main_data.hdf5"
    if about.get("data_format") != "hdf5" or not path.exists():
        return
    found = hdf5.check_storage(path)
    matches = {key: KNOWN.fullmatch(key) for key in found}
    if unknown := [key for key, match in matches.items() if match is None]:
        raise WrongData(
            f"{name} holds arrays of unknown meaning: {', '.join(unknown[:5])}. Remove them from {path.name}"
        )
    episodes = len({match[1] for match in matches.values() if match})
    if episodes != about.get("total_episodes"):
        raise WrongData(
            f"{name}: {path.name} holds {episodes:,} episodes, but the metadata say {about.get('total_episodes')!r}"
        )
    refuse_too_large(name, (found[key] for key, match in matches.items() if match and match[2]))


def read(
    dataset: Any,
    domain: Domain,
    remarks: Remarks | None = None,
    own: dict[str, Any] | None = None,
) -> Trajectories:
    """Return the whole episodes of a Minari data set.

    An episode that neither terminated nor was truncated is unfinished and is left out.

    Args:
        dataset: as `open_dataset` returns it.
        domain: gives the environment, whose spaces must fit, and the horizon.
        remarks: gets what was left out or changed.
        own: the entry of this suite in the metadata, if an export wrote one.

    Raises:
        WrongData: observations or actions do not fit the environment, an episode goes on after its end, or most
            episodes are unfinished.
        DamagedFile: an episode cannot be read.
    """
    name = f"Minari data set {dataset.spec.dataset_id}"
    remarks, own = Remarks() if remarks is None else remarks, own or {}
    space = spaces(name, domain.environment)
    try:
        episodes = list(dataset.iterate_episodes())
    except Exception as error:  # h5py raises errors of many types for damaged bytes
        raise DamagedFile(f"{name} is damaged ({error}); delete it and fetch it again") from error
    for episode in episodes:
        if not isinstance(episode.observations, np.ndarray):
            raise WrongData(
                f"{name}: observations must be vectors or images, but their space is {dataset.observation_space}"
            )
        _check_episode(episode, name, space)
    whole = [
        episode
        for episode in episodes
        if len(episode.rewards) and (episode.terminations[-1] or episode.truncations[-1])
    ]
    if not whole:
        raise WrongData(f"{name} has no finished episode")
    steps, used = (sum(len(each.rewards) for each in group) for group in (episodes, whole))
    remarks.leave_out(name, steps - used, steps, len(episodes) - len(whole), len(episodes))
    return _joined(name, whole, space, domain, remarks, own)


def _joined(
    name: str,
    whole: list[Any],
    space: Spaces,
    domain: Domain,
    remarks: Remarks,
    own: dict[str, Any],
) -> Trajectories:
    def joined(key: str) -> Any:
        return np.concatenate([getattr(episode, key) for episode in whole])

    terminals = flags(name, "terminations", joined("terminations"))
    timeouts = flags(name, "truncations", joined("truncations")) & ~terminals
    observations = np.concatenate([episode.observations[:-1] for episode in whole])
    observations = fitted_observations(name, space, observations)
    final: Any = np.stack([episode.observations[-1] for episode in whole])
    final = fitted_observations(name, space, final)
    actions = fitted_actions(name, space, joined("actions").reshape(len(terminals), *_row(space)))
    if not space.unit and not space.discrete:
        remarks.action_bounds = (space.low.tolist(), space.high.tolist())
    if space.stack > 1:
        ends = terminals | timeouts
        observations, final = single_frames(name, space, observations, final, ends)
    scores = own.get("scores")
    if scores is not None and len(scores) != len(whole):
        raise WrongData(f"{name}: it has {len(whole)} whole episodes, but {len(scores)} scores")
    try:
        data = from_arrays(
            observations,
            actions,
            joined("rewards"),
            terminals,
            timeouts,
            action_range=space.action_range,
            final_observations=None if own.get("final_observations") == "repeated" else final,
            discrete=space.discrete,
            stack=space.stack,
            scores=None if scores is None else np.array(scores, dtype=np.float64),
        )
    except (ValueError, TypeError) as error:
        raise WrongData(f"{name}: {str(error).removeprefix('these arrays: ')}") from error
    within_horizon(name, data, domain)
    check_timeouts(data, domain, remarks)
    return data


def _row(space: Spaces) -> tuple[int, ...]:
    return () if space.discrete else space.low.shape


def _check_episode(episode: Any, name: str, space: Spaces) -> None:
    """Refuse an episode whose arrays have different numbers of rows or do not fit the environment, or that goes on
    after its end.
    """
    steps = len(np.atleast_1d(episode.rewards))
    observations, actions = np.asarray(episode.observations), np.asarray(episode.actions)
    if space.discrete and actions.shape == (steps, 1):
        actions = actions[:, 0]
    fit_shapes(
        f"{name}, episode {episode.id}",
        space,
        Header((steps, *observations.shape[1:]), observations.dtype),
        Header(actions.shape, actions.dtype),
    )
    expected = {
        "observations": (steps + 1, *observations.shape[1:]),
        "actions": (steps, *actions.shape[1:]),
        "rewards": (steps,),
        "terminations": (steps,),
        "truncations": (steps,),
    }
    given = {"actions": actions.shape}
    for key, shape in expected.items():
        if (found := given.get(key, np.shape(getattr(episode, key)))) != shape:
            raise WrongData(
                f"{name}: {key} of episode {episode.id} have shape {found}, but the episode has {steps:,} rewards: "
                f"expected {shape}"
            )
    early = np.flatnonzero(np.asarray(episode.terminations[:-1]) == 1)
    early = early if len(early) else np.flatnonzero(np.asarray(episode.truncations[:-1]) == 1)
    if len(early):
        raise WrongData(
            f"{name}: episode {episode.id} has an end in step {early[0]}, but goes on to step {steps - 1}; "
            "split it there"
        )


def namespace_of(dataset_id: str) -> str | None:
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
