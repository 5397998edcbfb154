"""A data set as Parquet, a row for each episode, with a card. The columns are those of the data sets that Hugging
Face's guide to training Decision Transformers uses, so its code reads them.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow
from numpy.typing import NDArray
from pyarrow.parquet import write_table

from bench.core.files import replacing, write_text
from bench.datasets import storage
from bench.datasets.trajectories import I64, Trajectories
from bench.report.artifact import markdown_cell, markdown_text
from bench.tasks.registry import Task, task_by_name

FILE = "episodes.parquet"
COLUMNS = {
    "observations": "observation before each action",
    "actions": "action of each step",
    "rewards": "reward of each action",
    "dones": "whether the episode ended after the action, for whatever reason",
    "terminals": "whether the environment ended it",
    "timeouts": "whether the time limit ended it",
}


def export(source: Path, folder: Path) -> str:
    """Write a data set into a folder: `episodes.parquet` and its card, `README.md`.

    Args:
        source: the folder of the data set.
        folder: is created; files of these names are replaced.

    Returns:
        A line that says what was written.

    Raises:
        FileNotFoundError: there is no data set.
        ValueError: its observations are stacks of frames.
        DamagedFile: a file of the data set is damaged.
        DiskFull: no space is left.
    """
    data, about = storage.load(source), storage.read_manifest(source)
    if data.stack > 1:
        raise ValueError(
            f"{source}: observations are stacks of {data.stack} frames, and a row of Parquet would hold a whole game: "
            f"`bench data export {source} --minari-id mine/NAME-v0` writes Minari's format"
        )
    task = task_by_name(str(about.get("task")), folder=source)
    with replacing(folder / FILE) as temporary:
        write_table(table(data), temporary)
    write_text(folder / "README.md", card(data, task, about))
    return f"{folder / FILE}: {data.episodes:,} episodes, {data.steps:,} steps of {task.name}"


def table(data: Trajectories) -> pyarrow.Table:
    """Return a row for each episode; observations and actions are lists of vectors, or of numbers."""
    arrays = {name: np.asarray(getattr(data, name)) for name in COLUMNS if name != "dones"}
    arrays["dones"] = arrays["terminals"] | arrays["timeouts"]
    return pyarrow.table(
        {name: _of_episodes(arrays[name], data.episode_starts) for name in COLUMNS}
    )


def _of_episodes(array: NDArray[Any], starts: I64) -> pyarrow.ListArray:
    """Return an array (N, ...) as a list for each episode; each step of several numbers is a list as well."""
    values = pyarrow.array(array.reshape(-1))
    if array.ndim > 1:
        values = pyarrow.FixedSizeListArray.from_arrays(values, int(np.prod(array.shape[1:])))
    return pyarrow.ListArray.from_arrays(pyarrow.array(starts, pyarrow.int32()), values)


def card(data: Trajectories, task: Task, about: dict[str, Any]) -> str:
    """Return the card of a data set, in Markdown.

    Args:
        data: the episodes.
        task: of the data.
        about: the manifest.
    """
    domain, returns = task.domain, data.returns
    low, high = (domain.normalised(float(value)) for value in (returns.min(), returns.max()))
    actions = (
        f"whole numbers, 0 to {data.n_actions - 1}"
        if data.discrete
        else f"{data.actions.shape[1]} numbers, {data.action_low:g} to {data.action_high:g}"
    )
    facts = {
        "environment": f"`{domain.environment}` of Gymnasium, at most {domain.horizon:,} steps",
        "source": about.get("source", "unknown"),
        "behaviour": about.get("meaning", "not recorded"),
        "episodes, steps": f"{data.episodes:,}, {data.steps:,}",
        "return": f"mean {returns.mean():.1f}, from {returns.min():.1f} to {returns.max():.1f}",
        "normalised": f"mean {domain.normalised(float(returns.mean())):.1f}, from {low:.1f} to {high:.1f} "
        f"(0 is {domain.reference_min:g}, 100 is {domain.reference_max:g})",
        "observation": f"shape {tuple(data.observations.shape[1:])}, {data.observations.dtype}; flat in the file",
        "action": actions,
        "seed": about.get("seed", "none"),
        "digest of the manifest": f"`{about['digest']}`",
    }
    lines = [
        "---",
        "tags: [offline-reinforcement-learning, decision-transformer, trajectories]",
        f"configs: [{{config_name: default, data_files: {FILE}}}]",
        "---",
        f"# {task.name}",
        "",
        f"Episodes of {markdown_text(domain.label)} for offline reinforcement learning, a row for each episode.",
        "",
        "| | |",
        "|---|---|",
        *(f"| {name} | {markdown_cell(str(text))} |" for name, text in facts.items()),
        "",
        "| column | for each step |",
        "|---|---|",
        *(f"| `{name}` | {text} |" for name, text in COLUMNS.items()),
        "",
        "The order of episodes and all numbers are those of the data set. Unfinished episodes are not in it.",
    ]
    return "\n".join(lines) + "\n"
