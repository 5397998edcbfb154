"""Descriptions of data sets, from their manifests: as text, as a table beside D4RL's, as a figure."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.core.files import sha256
from bench.core.printable import printable
from bench.datasets import storage
from bench.datasets.readers import d4rl_files
from bench.report.artifact import Artifact, write_artifact
from bench.report.cells import MISSING
from bench.report.style import check_formats, pyplot, save
from bench.tasks.registry import Task, task_by_name

HEADINGS = [
    "Data set",
    "Source",
    "Episodes",
    "Steps",
    "Normalised return: mean ± std",
    "Deciles",
    "Episode length",
    "Behaviour policies",
    "D4RL -v2: normalised return",
    "D4RL -v2: episodes, steps, length",
    "Return: mean ± std (min to max)",
    "Terminals / time-outs",
    "Digest",
]
NOTES = [
    "Returns are undiscounted; ± is the sample standard deviation over episodes. Normalised returns are 0 for a random "
    "policy and 100 for an expert, by the reference scores of the environment. Deciles are of these returns, from the "
    "smallest to the largest.",
    "Behaviour policies: the effective number, 1 / sum of squared shares of the steps, and in brackets the number of "
    "policies. The two are equal if all policies have equal shares.",
    "D4RL -v2: numbers that others counted in the published files. Episodes include an unfinished last one; steps and "
    "returns do not. The length is steps / episodes. There are no such numbers for medium-expert, and no published "
    "data for Reacher.",
    "Digest: the first 12 digits of the SHA-256 of the manifest's content, which holds the SHA-256 of every array. It "
    "is the manifest's entry `digest`; the field `hashes.data` of a record is the SHA-256 of the file.",
]
OF_GAMES = (
    "Atari: returns are sums of rewards clipped to [-1, 1], on which methods are trained. Normalised numbers are of "
    "the game scores, if the data hold them: 0 is a random agent, 100 a professional gamer (Table 11)."
)


def text(folder: Path) -> str:
    """Return the description of a data set, one fact on each line.

    Raises:
        FileNotFoundError: the folder holds no data set.
        DamagedFile: its manifest is damaged.
    """
    manifest = _described(folder)
    task, lengths = _task(manifest), np.array(manifest["lengths"])
    shapes = {name: array["shape"] for name, array in manifest["arrays"].items()}
    rows = {
        "data set": folder,
        "task": manifest.get("task", "unknown"),
        "source": manifest.get("source", "unknown"),
        "environment": manifest.get("environment", "unknown"),
        "episodes": f"{manifest['episodes']:,}",
        "steps": f"{manifest['steps']:,}",
        "observations": _observations(shapes["observations"], manifest.get("stack", 1)),
        "actions": _actions(shapes["actions"], manifest["action_range"]),
        "return": _spread(manifest["return"]),
        "return, deciles": _deciles(manifest["returns"]),
    }
    if "score" in manifest:
        rows["score"] = _spread(manifest["score"])
        rows["score, deciles"] = _deciles(manifest["scores"])
    if (comparable := _comparable(manifest)) is not None:
        known, counted = comparable
        rows["normalised"] = _normalised(known, manifest[counted])
        rows["normalised, deciles"] = _deciles(_scores(known, manifest[f"{counted}s"]))
    if task is not None:
        published = _published(task)
        if any(value != MISSING for value in published):
            rows["D4RL -v2"] = f"{published[0]}; return {published[1]}; normalised {published[2]}"
    rows |= {
        "length": _spread(manifest["length"]),
        "length, deciles": _deciles(lengths),
        "behaviour policies": _policies(manifest),
        "ends": f"{manifest['terminals']:,} terminals, {manifest['timeouts']:,} time-outs",
        **_remarks(manifest.get("origin", {})),
        "digest": manifest["digest"],
        "hashes.data in records": sha256(folder / storage.MANIFEST),
    }
    rows |= {f"SHA-256 {name}": array["sha256"] for name, array in manifest["arrays"].items()}
    width = max(map(len, rows))
    return "\n".join(f"{name:{width}}  {printable(value)}" for name, value in rows.items())


def _remarks(origin: dict[str, Any]) -> dict[str, str]:
    """Return what the import of the data left out, counted or changed."""
    rows = {}
    left = origin.get("left_out", {})
    if left.get("steps"):
        rows["left out"] = f"{left['steps']:,} steps of {left['episodes']:,} unfinished episode(s)"
    if counted := origin.get("timeouts_counted_from_the_time_limit"):
        rows["not marked"] = f"{counted:,} time-outs, which were counted from the time limit"
    if ignored := origin.get("arrays_ignored"):
        rows["ignored arrays"] = ", ".join(ignored)
    if bounds := origin.get("actions_rescaled_from"):
        rows["actions rescaled"] = f"to -1 to 1, from {bounds['low']} to {bounds['high']}"
    for key, name in (("environment_remarks", "remark"), ("data_remarks", "warning")):
        rows |= {f"{name} {index}": line for index, line in enumerate(origin.get(key, []), 1)}
    return rows


def _observations(shape: list[int], stack: int) -> str:
    entries = " x ".join(map(str, shape[1:]))
    return f"{entries} numbers" if stack == 1 else f"{stack} frames of {entries} bytes"


def _comparable(manifest: dict[str, Any]) -> tuple[Task, str] | None:
    """Return the task and which number of an episode compares with the reference scores: the `return`,
    or the `score` of a game whose rewards are clipped. None if one of the two is unknown.
    """
    task = _task(manifest)
    counted = "return" if manifest.get("stack", 1) == 1 else "score"
    return None if task is None or counted not in manifest else (task, counted)


def _actions(shape: list[int], ends: list[float]) -> str:
    if len(shape) == 1:
        return f"one of {int(ends[1]) + 1}"
    return f"{shape[1]} numbers in {ends}"


def write(folders: list[Path], scale: str, files: list[Path]) -> None:
    """Write the table and the figure of several data sets: .md and .html, .png and .svg.

    Raises:
        ValueError: a suffix is unknown.
    """
    manifests = [_described(folder) for folder in folders]
    body = [_row(manifest) for manifest in manifests]
    artifact = Artifact(
        title=f"The data sets of scale {scale}, beside D4RL's data sets of the same names.",
        headings=HEADINGS,
        body=body,
        notes=NOTES + [OF_GAMES] * any("stack" in manifest for manifest in manifests),
        numbers=pd.DataFrame(body, columns=HEADINGS),
        draw=lambda pictures: draw(folders, pictures),
    )
    write_artifact(artifact, files)


def draw(folders: list[Path], files: list[Path]) -> None:
    """Draw the distributions of returns and lengths, one row for each data set."""
    check_formats(files)
    manifests = [_described(folder) for folder in folders]
    with pyplot() as plt:
        figure, grid = plt.subplots(
            len(manifests),
            2,
            figsize=(7.0, 1.2 + 1.3 * len(manifests)),
            squeeze=False,
            layout="constrained",
        )
        for (left, right), manifest in zip(grid, manifests, strict=True):
            values, name = np.array(manifest["returns"], dtype=np.float64), "return"
            if (comparable := _comparable(manifest)) is not None:
                values = _scores(comparable[0], manifest[f"{comparable[1]}s"])
                name = f"{comparable[1]}, normalised"
            left.hist(values, bins=40, color="#0072B2")
            left.axvline(values.mean(), color="black", lw=0.8, ls="--")
            left.set_ylabel("episodes")
            left.set_title(printable(manifest.get("task", "unknown")), loc="left")
            left.set_xlabel(name)
            longest = 1.02 * max(manifest["lengths"])
            right.hist(manifest["lengths"], bins=40, range=(0, longest), color="#E69F00")
            right.set_xlabel("episode length, steps")
        save(figure, files)


def _row(manifest: dict[str, Any]) -> list[str]:
    task, comparable = _task(manifest), _comparable(manifest)
    score = f"; score {_spread(manifest['score'])}" if "score" in manifest else ""
    normalised = deciles = MISSING
    if comparable is not None:
        known, counted = comparable
        normalised = _normalised(known, manifest[counted])
        deciles = _deciles(_scores(known, manifest[f"{counted}s"]))
    published = (MISSING, MISSING, MISSING) if task is None else _published(task)
    return [
        manifest.get("task", "unknown"),
        manifest.get("source", "unknown"),
        f"{manifest['episodes']:,}",
        f"{manifest['steps']:,}",
        normalised,
        deciles,
        _spread(manifest["length"]),
        _policies(manifest),
        published[2],
        published[0],
        _spread(manifest["return"]) + score,
        f"{manifest['terminals']:,} / {manifest['timeouts']:,}",
        manifest["digest"][:12],
    ]


def effective_policies(shares: Any) -> float:
    """Return 1 / sum of squared shares: the number of policies, if all had equal shares of the steps."""
    steps = np.array(shares, dtype=np.float64)
    return float(steps.sum() ** 2 / (steps**2).sum())


def _policies(manifest: dict[str, Any]) -> str:
    """Return the effective number of behaviour policies and their number. A policy may have made several parts."""
    steps: dict[str, float] = {}
    for part in manifest.get("parts", []):
        if "policy" in part:
            steps[part["policy"]] = steps.get(part["policy"], 0) + part["steps"]
    if not steps:
        return MISSING
    return f"{effective_policies(list(steps.values())):.1f} ({len(steps)})"


def _described(folder: Path) -> dict[str, Any]:
    """Return the manifest of a data set, with its folder."""
    return storage.read_manifest(folder) | {"folder": folder}


def _task(manifest: dict[str, Any]) -> Task | None:
    try:
        return task_by_name(manifest["task"], folder=manifest["folder"])
    except (KeyError, ValueError):
        return None


def _scores(task: Task, returns: Any) -> np.ndarray[Any, np.dtype[np.float64]]:
    return np.array([task.domain.normalised(value) for value in returns])


def _spread(summary: dict[str, float]) -> str:
    return f"{summary['mean']:,.1f} ± {summary['std']:,.1f} ({summary['min']:,.1f} to {summary['max']:,.1f})"


def _normalised(task: Task, summary: dict[str, float]) -> str:
    mean = task.domain.normalised(summary["mean"])
    return f"{mean:.1f} ± {task.domain.normalised_spread(summary['std']):.1f}"


def _deciles(values: Any) -> str:
    return " ".join(f"{value:,.1f}" for value in np.percentile(values, np.arange(0, 101, 10)))


def _published(task: Task) -> tuple[str, str, str]:
    """Return the published numbers of D4RL's file of this name: episodes, steps and mean length; return; normalised
    return.
    """
    file = d4rl_files.files().get(task.name)
    if file is None:
        return MISSING, MISSING, MISSING
    known = file.statistics
    if "return_mean" not in known:
        return f"{file.episodes:,}, {MISSING}, {MISSING}", MISSING, MISSING
    summary = {name: known[f"return_{name}"] for name in ("mean", "std", "min", "max")}
    return (
        f"{file.episodes:,}, {known['steps']:,.0f}, {known['steps'] / file.episodes:.0f}",
        _spread(summary),
        _normalised(task, summary),
    )
