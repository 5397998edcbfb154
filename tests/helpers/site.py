"""A small scale with records, tables and figures, of which the report site is made."""

from __future__ import annotations

import copy
from pathlib import Path
from typing import Any

from PIL import Image

from bench.report import cost, scores
from bench.report.artifact import write_artifact
from bench.report.artifacts import figure3, figure4, score_cost, table2
from bench.report.claims import ledger
from bench.report.site.inputs import Inputs, of_working_folder
from bench.runs import record
from bench.runs.clock import write_clock
from bench.runs.identity import SWEEP, Identity
from bench.runs.plan import make_plan
from bench.tasks.registry import task_by_name
from tests.conftest import RECORD

HOSTILE = "<script>alert(1)</script> | $x"
TASKS = ("hopper-medium", "hopper-medium-expert")
SEEDS = (0, 1)
# normalised scores at the end of the first seed; the second seed has 2 points more
LAST = {"dt": 40.0, "bc": 20.0, "mine": 30.0, "behaviour": 25.0}
CONFIG: dict[str, Any] = {
    "name": "test",
    "device": "cpu",
    "suites": {
        "mujoco": {
            "tasks": list(TASKS),
            "methods": list(LAST),
            "rewards": ["dense"],
            "data_percents": [100],
            "seeds": list(SEEDS),
            "artifacts": ["score_cost", "table2", "figure3", "aggregates"],
            "baselines": False,
        },
        "targets": {
            "tasks": ["hopper-medium"],
            "methods": ["dt"],
            "rewards": ["dense"],
            "data_percents": [100],
            "seeds": list(SEEDS),
            "artifacts": ["figure4"],
            "sweep": True,
            "baselines": False,
        },
        "later": {
            "tasks": ["walker2d-medium"],
            "methods": ["dt"],
            "rewards": ["dense"],
            "data_percents": [100],
            "seeds": [0],
            "baselines": False,
        },
    },
    "data": {"source": "generated", "steps": 1500, "seed": 0},
    "training": {"steps": 20, "curve": [0.5]},
    "evaluation": {
        "episodes": 3,
        "num_envs": 2,
        "curve_episodes": 1,
        "sweep_episodes": 1,
        "sweep_points": None,
    },
    "methods": {
        "dt": {
            "module": "dt",
            "label": "DT",
            "quoted": {"table": "Table 2", "method": "DT"},
            "options": {"layers": 2},
            "reason": "a test",
        },
        "bc": {"module": "bc", "label": "BC", "quoted": {"table": "Table 2", "method": "BC"}},
        "mine": {"module": "bc", "label": HOSTILE},
        "behaviour": {"module": "behaviour", "label": "Behaviour", "steps": 0},
    },
}


def config() -> dict[str, Any]:
    """Return a copy of the config, which a test may change."""
    return copy.deepcopy(CONFIG)


def raw(task: str, score: float) -> float:
    """Return the return of an episode with this normalised score."""
    domain = task_by_name(task).domain
    return domain.reference_min + score / 100 * (domain.reference_max - domain.reference_min)


def write_run(home: Path, run: Identity, score: float, **changes: Any) -> Path:
    """Write the record of a run and its times: half of the score at half of the training, three episodes at the end."""
    steps = 0 if run.method == "behaviour" else 20
    returns = [raw(run.task, score + more) for more in (-1.0, 0.0, 1.0)]
    evaluations = [
        {
            "step": steps,
            "target": 3600.0,
            "final": True,
            "returns": returns,
            "lengths": [10, 11, 12],
        }
    ]
    if steps:
        half = {"returns": [raw(run.task, score / 2)], "lengths": [9], "final": False}
        evaluations.insert(0, {"step": 10, "target": 3600.0} | half)
    fields = RECORD | {
        "evaluations": evaluations,
        "training": {"steps": steps, "losses": [], "data_folder": f"generated/{run.task}/1500-0"},
        "config": {"layers": 2, "learning_rate": 0.001},
        "protocol": RECORD["protocol"] | {"rolled_out": steps > 0},
    }
    folder = home / run.folder()
    record.write(folder, run, **(fields | changes))
    training = {
        "cpu_seconds": 8.0,
        "seconds": 9.0,
        "steps_per_second": 2.0,
        "peak_memory_mb": 300.0,
    }
    write_clock(
        folder,
        {
            "training": training | {"snapshots": {"10": 4.0}},
            "evaluation": {"cpu_seconds": 2.0, "seconds": 2.5, "peak_memory_mb": 400.0},
            "host": {"name": "vm", "cores": 2, "processor": "x86_64", "system": "Linux"},
            "python": "3.11.7",
            "commit": "0123456789ab",
            "finished": "2026-11-29T11:32:52Z",
        },
    )
    return folder / record.RESULT


def write_sweep(home: Path, run: Identity) -> Path:
    """Write the sweep of a run: at targets of 1,000 and 3,000 it achieves 30 and 50 points."""
    evaluations = [
        {"step": 20, "target": t, "final": False, "returns": [raw(run.task, s)], "lengths": [9]}
        for t, s in ((1000.0, 30.0), (3000.0, 50.0))
    ]
    protocol = RECORD["protocol"] | {"data_returns": {"minimum": 0.0, "maximum": 2000.0}}
    fields = RECORD | {"evaluations": evaluations, "protocol": protocol}
    record.write(home / run.folder(), run, SWEEP, **fields)
    return home / run.folder() / SWEEP


def runs(given: dict[str, Any] | None = None) -> list[Identity]:
    """Return the runs of the suites that have begun."""
    plan = make_plan(given or CONFIG)
    return list(dict.fromkeys([*plan.runs["mujoco"], *plan.runs["targets"]]))


def write_scale(home: Path) -> Inputs:
    """Write records of every run, and the tables and figures of two suites; return what the site is made of."""
    plan = make_plan(CONFIG)
    for run in runs():
        write_run(home, run, LAST[run.method] + 2 * run.seed)
    for run in plan.runs["targets"]:
        write_sweep(home, run)
    reports = home / "reports/test"
    frames = {}
    for suite in ("mujoco", "targets"):
        records = [home / path for path in plan.records(suite)]
        frames[suite] = scores.collect(records, plan, suite)
    made = {
        "mujoco/score_cost": score_cost.make(frames["mujoco"], "test"),
        "mujoco/table2": table2.make(frames["mujoco"], "test"),
        "mujoco/figure3": figure3.make(frames["mujoco"], "test"),
        "targets/figure4": figure4.make(frames["targets"], "test"),
        "mujoco/cost": cost.make(
            [home / r.folder() / "result.json" for r in runs()], plan, "mujoco"
        ),
        "claims": ledger.make({}, "test"),
    }
    for name, artifact in made.items():
        write_artifact(artifact, [reports / f"{name}{kind}" for kind in (".md", ".csv", ".tex")])
    picture = Image.new("RGB", (40, 30), "white")
    picture.save(reports / "mujoco/table2.png")
    picture.save(reports / "mujoco/hopper-medium.dt.gif")
    return of_working_folder(config(), home / "results", home / "reports", home / "data")


def valid(spec: dict[str, Any]) -> bool:
    """Return whether a specification is one of Vega-Lite, by Altair's schema; otherwise raise what is wrong."""
    import altair

    altair.LayerChart.from_dict(spec)
    return True
