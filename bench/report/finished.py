"""The finished runs of a scale, from its folder of results or from its packed records."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from bench.report import scores
from bench.report.frame import final
from bench.runs import archive
from bench.runs.plan import Plan, make_plan

RUN = ["task", "reward", "data_percent", "method", "seed"]


@dataclass(frozen=True)
class Finished:
    """The finished runs of a scale.

    Attributes:
        name: of the scale.
        frames: suite -> its scores, of the records that are there and have the updates of the config; suites without
            such a record are left out.
        complete: the suites of which every record is such a one.
    """

    name: str
    frames: dict[str, pd.DataFrame]
    complete: frozenset[str]


def read_finished(place: str, config: dict[str, Any]) -> Finished:
    """Return the scores of a scale.

    Args:
        place: the folder of its results, such as results/quick; or the name of a scale whose records are packed in
            this repository.
        config: the merged config of the scale.

    Raises:
        FileNotFoundError: there is no such folder, or there are no records.
        DamagedFile: a record or the packed file is damaged.
        Incomparable: records of a suite come from different simulators or protocols.
    """
    with tempfile.TemporaryDirectory() as temporary:
        results = Path(place)
        if not results.is_dir():
            if results.name != place:
                raise FileNotFoundError(
                    f"there is no folder {place}; give a folder of results, or the name of a scale whose records are "
                    f"packed: {', '.join(archive.scales())}"
                )
            archive.unpack(archive.archive_of(place), Path(temporary))
            results = Path(temporary) / "results" / place
        return _collect(results, config)


def _collect(results: Path, config: dict[str, Any]) -> Finished:
    plan = make_plan(config)
    frames, complete = {}, set()
    for suite in plan.runs:
        wanted = [results / Path(*path.parts[2:]) for path in plan.records(suite)]
        there = [path for path in wanted if path.exists()]
        whole = scores.collect(there, plan, suite) if there else pd.DataFrame()
        frame = as_planned(whole, plan)
        if len(frame):
            frames[suite] = frame
        if len(there) == len(wanted) and len(frame) == len(whole):
            complete.add(suite)
    if not frames:
        raise FileNotFoundError(f"{results} holds no record of scale {plan.scale}; run it first")
    return Finished(plan.scale, frames, frozenset(complete))


def as_planned(frame: pd.DataFrame, plan: Plan) -> pd.DataFrame:
    """Return the rows of the runs that took as many updates as the plan says; others are of an earlier config."""
    if frame.empty:
        return frame
    ends = final(frame)
    planned = [
        plan.variants[method].steps_on(task)
        for method, task in zip(ends["method"], ends["task"], strict=True)
    ]
    kept = set(ends.loc[ends["step"] == planned, RUN].itertuples(index=False, name=None))
    rows = frame[RUN].itertuples(index=False, name=None)
    return frame[[row in kept for row in rows]].reset_index(drop=True)
