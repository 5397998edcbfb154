"""Records as one tidy table with a row for each evaluated episode: `docs/records.md` explains the columns.

It holds what the records hold and nothing that a config adds, so it needs no config. Scores of a suite with their
intervals are another table (`bench/report/scores.py`).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import Table
from pyarrow.parquet import write_table

from bench.core.files import DamagedFile, replacing
from bench.runs import archive, record
from bench.runs.clock import CLOCK, core_seconds, read_clock
from bench.runs.identity import RESULT, SWEEP
from bench.tasks.registry import family_of, task_by_name

# column -> what it holds. It is written into the file, and docs/records.md repeats it
COLUMNS = {
    "scale": "name of the config that the run belongs to",
    "task": "domain and kind of data, such as hopper-medium",
    "reward": "dense, or sparse: all reward of an episode with its last step",
    "data_percent": "data fraction that the run learned from, in per cent",
    "method": "name of the method in the config",
    "seed": "training seed",
    "module": "module of the method: dt, or a file of baselines/",
    "kind": "score: last policy at the declared target; curve: an earlier snapshot; sweep: another target",
    "step": "gradient steps that the policy had taken",
    "target": "target return, raw",
    "episode": "index in the list of evaluation episodes; equal indices of a task start from equal states",
    "return": "undiscounted sum of the environment's rewards",
    "length": "steps of the episode",
    "score": "normalised return: 0 is a random policy, 100 the reference (docs/protocol.md)",
    "target_score": "the target return, normalised likewise",
    "status": "done, or diverged: then the last finite policy was evaluated",
    "core_seconds": "processor time of the training until this step; missing if it was not kept",
    "environment": "Gymnasium id",
    "simulator": "package and version that simulated",
    "source": "where the data are from: generated, d4rl, dqn_replay, imported",
    "rolled_out": "whether the episodes were played; false for the episodes of the data themselves",
    "episode_list": "name of the list of episode seeds; empty for the one of reported scores",
    "device": "torch device",
    "config": "every hyperparameter, as JSON",
    "data": "SHA-256 of the manifest of the data set",
    "policy": "SHA-256 of the file of the policy",
}
WHOLE = ("seed", "step", "episode", "length")


def table(where: Path) -> pd.DataFrame:
    """Return the episodes of all records in a place, in the order of their paths.

    Args:
        where: `results/SCALE` or any folder above or below it, one record, or a packed file of records
            (`bench records pack`).

    Returns:
        A row for each episode, with the columns of `COLUMNS`.

    Raises:
        FileNotFoundError: there is no such place, or no record in it.
        DamagedFile: a record is damaged.
    """
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    found = 0
    for name, result, clock in _records(where):
        found += 1
        about = _about(name, result)
        for evaluation in result["evaluations"]:
            count = len(evaluation["returns"])
            own = about | _of_evaluation(name, result, evaluation, clock)
            for column, value in own.items():
                columns[column] += [value] * count
            columns["episode"] += range(count)
            columns["return"] += evaluation["returns"]
            columns["length"] += evaluation["lengths"]
            columns["score"] += _scores(result, evaluation["returns"])
    if not found:
        raise FileNotFoundError(
            f"{where} holds no record ({RESULT} or {SWEEP}); give results/SCALE, the folder of a run, or a file of "
            "packed records"
        )
    return pd.DataFrame(columns).astype(dict.fromkeys(WHOLE, "int64"))


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write such a table as Parquet, atomically. The metadata of each column say what it holds.

    Raises:
        ValueError: the name of the file does not end in .parquet.
    """
    if path.suffix != ".parquet":
        raise ValueError(f"cannot write records to {path}: its name must end in .parquet")
    made = Table.from_pandas(frame, preserve_index=False)
    for index, field in enumerate(made.schema):
        described = field.with_metadata({"description": COLUMNS[field.name]})
        made = made.set_column(index, described, made.column(index))
    with replacing(path) as temporary:
        write_table(made, temporary)


def _records(where: Path) -> Iterator[tuple[str, dict[str, Any], dict[str, Any] | None]]:
    """Yield the name, the content and the times of each record that holds evaluations."""
    if not where.exists():
        raise FileNotFoundError(
            f"there is no {where}: neither a folder, nor a record, nor a packed file"
        )
    if where.name.endswith(archive.SUFFIX):
        files = archive.read(where)
        for name, content in files.items():
            packed = PurePosixPath(name)
            if packed.name in (RESULT, SWEEP):
                sound = record.checked(content, f"{name} in {where}", Path(packed.parent))
                yield name, sound, files.get(str(packed.with_name(CLOCK)))
        return
    found = [where] if where.is_file() else sorted(where.rglob("*.json"))
    for path in found:
        if where.is_file() or path.name in (RESULT, SWEEP):
            yield str(path), record.read(path), read_clock(path)


def _about(name: str, result: dict[str, Any]) -> dict[str, Any]:
    """Return the columns that are equal in all rows of a record."""
    protocol = result["protocol"]
    try:
        simulator = family_of(_task(result)).simulators[-1]
        version = result["versions"][simulator]
    except KeyError as error:
        raise DamagedFile(
            f"record {name} does not name the version of its simulator ({error}); delete it and evaluate the run again"
        ) from error
    return {
        **result["identity"],
        "module": result["module"],
        "status": result["status"],
        "environment": protocol["environment"],
        "simulator": f"{simulator} {version}",
        "source": protocol["source"],
        "rolled_out": protocol["rolled_out"],
        "episode_list": protocol.get("episode_list", ""),
        "device": result["device"],
        "config": json.dumps(result["config"], sort_keys=True),
        "data": result["hashes"]["data"],
        "policy": result["hashes"]["policy"],
    }


def _of_evaluation(
    name: str, result: dict[str, Any], evaluation: dict[str, Any], clock: dict[str, Any] | None
) -> dict[str, Any]:
    """Return the columns that are equal in all episodes of an evaluation."""
    last = "score" if evaluation["final"] else "curve"
    seconds = math.nan if clock is None else core_seconds(result, clock, evaluation["step"])[0]
    return {
        "kind": "sweep" if PurePosixPath(name).name == SWEEP else last,
        "step": evaluation["step"],
        "target": float(evaluation["target"]),
        "target_score": _scores(result, [evaluation["target"]])[0],
        "core_seconds": seconds,
    }


def _scores(result: dict[str, Any], returns: list[float]) -> list[float]:
    domain = _task(result).domain
    scores: list[float] = [domain.normalised(float(value)) for value in np.asarray(returns)]
    return scores


def _task(result: dict[str, Any]) -> Any:
    described = result["protocol"].get("task")
    return task_by_name(result["identity"]["task"], described=described)
