"""From records to one tidy table: a row for each run, snapshot and target return, and a row for each
measure of a diagnostic.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.report.frame import Incomparable, check_comparable, final
from bench.runs import record
from bench.runs.clock import core_seconds, read_clock, run_core_seconds
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import SWEEP
from bench.runs.plan import Plan, Variant
from bench.stats.crossed import shared_error
from bench.tasks.registry import family_of_environment, task_by_name

NOT_SCORED: dict[str, Any] = dict.fromkeys(
    (
        "target",
        "return_mean",
        "return_std",
        "length_mean",
        "cut",
        "score",
        "score_std",
        "shared_error",
        "target_score",
        "core_seconds",
        "environment_steps",
    ),
    math.nan,
) | {"timing": ""}
WORDS, NUMBERS = ("measure", "group"), ("x", "y", "value", "spread")  # columns of diagnostics
RETURNS = "returns"  # of the episodes; replaced by the error that the seeds share
EVALUATION = ("task", "reward", "data_percent", "method", "kind", "step", "target")
NOT_MEASURED: dict[str, Any] = dict.fromkeys(WORDS, "") | dict.fromkeys(NUMBERS, math.nan)


def collect(paths: list[Path], plan: Plan, suite: str | None = None) -> pd.DataFrame:
    """Read records into a table.

    Columns: scale, task, reward, data_percent, method, seed, label, position, status, source,
    environment, simulator, protocol, rolled_out, quoted_table, quoted_method, context_length,
    best_return, data_low, data_high, best_score, max_steps, device, run_core_seconds, kind, step,
    final, episodes, target, return_mean, return_std, length_mean, cut, score, score_std,
    shared_error, target_score, core_seconds, environment_steps, timing, measure, group, x, y, value, spread.

    - `score` is normalised; scores are normalised only here. `return_std` is over episodes (ddof 1).
    - `shared_error` is the standard error of the mean score over seeds that the common start states
      cause (`bench.stats.crossed`), in normalised points. It is equal in the rows of one evaluation of
      all seeds, and NaN with one seed.
    - `kind` is `score` (last checkpoint, declared target return: `final`), `curve` (an earlier
      snapshot), `sweep` (another target return) or `diagnostic` (a measure of the last checkpoint
      other than its return).
    - `target_score` is the normalised target return.
    - `data_low`, `data_high` and `best_return` stand in rows of a sweep: the scores of the worst and
      the best episode in the data, and the raw return of the best. On Atari games they are of rewards
      clipped to [-1, 1], as the targets are. `best_score` is then the best score of a game without
      clipping, NaN if the data do not hold it; on other tasks it equals `data_high`.
    - `max_steps` is the number of steps at which the evaluation ends an episode; NaN if only the
      environment ends it. `cut` is the number of the row's episodes that were ended this way.
    - `measure`, `group`, `x`, `y`, `value` and `spread` stand in rows of a diagnostic; its module in
      `bench/runs/diagnostics` explains them. In these rows target, returns, lengths and scores are
      NaN, and `episodes` is the number of episodes that were measured. In other rows `measure` and
      `group` are empty, and the numbers are NaN.
    - `core_seconds` is the processor time of the training until `step`, from the file `run.json` beside
      the record; NaN if there is none. `timing` is `measured`, `share` if it is the share of the whole
      training, and empty if there is no time. A run that diverged stopped at that step, and `step` of
      its score is the planned one. `run_core_seconds` is the time of training and evaluation, without the
      sweep and the diagnostic.
    - `environment_steps` is the number of steps that the training took in its environment until `step`,
      as its log has it; 0 for a method that learns offline alone, NaN in rows of a diagnostic.
    - `position` is the place of the method in the suite; without a suite, in the plan.

    Args:
        paths: of the records.
        plan: the plan that the records belong to.
        suite: whose order of methods to use; None: the plan's.

    Raises:
        DamagedFile: a record is damaged.
        Incomparable: records come from different simulator versions or protocols.
    """
    rows: list[dict[str, Any]] = []
    methods = plan.variants if suite is None else (run.method for run in plan.runs[suite])
    order = {name: position for position, name in enumerate(dict.fromkeys(methods))}
    for path in paths:
        result = record.read(path)
        method = result["identity"]["method"]
        if method not in plan.variants:
            raise Incomparable(
                f"{path}: no suite of the config runs method {method!r}; known: {', '.join(plan.variants)}"
            )
        clock = read_clock(path)
        about = _about(result, plan.variants[method], order[method])
        about["run_core_seconds"] = run_core_seconds(clock)
        if path.name in {diagnostic.record for diagnostic in DIAGNOSTICS.values()}:
            rows += [about | _measured(result, measure) for measure in result["measures"]]
        else:
            rows += [
                about | _scored(result, evaluation, _kind(path, evaluation), clock)
                for evaluation in result["evaluations"]
            ]
    frame = pd.DataFrame(_with_shared_errors(rows))
    check_comparable(frame)
    return frame


def missing(frame: pd.DataFrame, plan: Plan, suite: str) -> int:
    """Return how many runs of a suite have no score among these rows."""
    rows = final(frame)
    columns = [rows[name] for name in ("task", "reward", "data_percent", "method", "seed")]
    there = set(zip(*columns, strict=True))
    planned = [(r.task, r.reward, r.data_percent, r.method, r.seed) for r in plan.runs[suite]]
    return sum(run not in there for run in planned)


def _with_shared_errors(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return the rows with the error that the seeds of each evaluation share, in place of the returns."""
    groups: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in rows:
        if RETURNS in row:
            groups.setdefault(tuple(row[name] for name in EVALUATION), []).append(row)
    for group in groups.values():
        columns = [row.pop(RETURNS) for row in group]
        same = len({len(column) for column in columns}) == 1 and group[0]["rolled_out"]
        error = shared_error(columns) if same else math.nan
        domain = task_by_name(group[0]["task"]).domain
        for row in group:
            row["shared_error"] = domain.normalised_spread(error)
    return rows


def _about(result: dict[str, Any], variant: Variant, position: int) -> dict[str, Any]:
    """Return the columns that are equal in all rows of a record."""
    identity, protocol = result["identity"], result["protocol"]
    domain, bounds = task_by_name(identity["task"]).domain, protocol.get("data_returns", {})
    data_low, data_high = (
        domain.normalised(bounds[key]) if key in bounds else math.nan
        for key in ("minimum", "maximum")
    )
    family = family_of_environment(domain.environment)
    best = protocol.get("data_scores", {}).get("maximum", math.nan)
    simulator = family.simulators[-1]
    cut = f", at most {protocol['max_steps']:,} steps" if "max_steps" in protocol else ""
    listed = f", list {protocol['episode_list']}" if "episode_list" in protocol else ""
    return {
        **identity,
        "label": variant.label,
        "position": position,
        "status": result["status"],
        "source": protocol["source"],
        "environment": protocol["environment"],
        "simulator": f"{simulator} {result['versions'][simulator]}",
        "protocol": f"{protocol['episodes']} episodes in {protocol['num_envs']} environments{cut}{listed}",
        "rolled_out": protocol["rolled_out"],
        "quoted_table": variant.quoted[0] if variant.quoted else "",
        "quoted_method": variant.quoted[1] if variant.quoted else "",
        "context_length": result["config"].get("context_length", math.nan),
        "best_return": bounds.get("maximum", math.nan),
        "data_low": data_low,
        "data_high": data_high,
        "best_score": domain.normalised(best) if family.clipped_rewards else data_high,
        "max_steps": protocol.get("max_steps", math.nan),
        "device": result["device"],
    }


def _scored(
    result: dict[str, Any], evaluation: dict[str, Any], kind: str, clock: dict[str, Any] | None
) -> dict[str, Any]:
    domain, protocol = task_by_name(result["identity"]["task"]).domain, result["protocol"]
    limit = protocol.get("max_steps", math.inf) if protocol["rolled_out"] else math.inf
    returns = np.asarray(evaluation["returns"], dtype=np.float64)
    spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    seconds, timing = math.nan, ""
    if clock is not None:
        seconds, measured = core_seconds(result, clock, evaluation["step"])
        timing = "measured" if measured else "share"
    return {
        "kind": kind,
        "step": evaluation["step"],
        "final": evaluation["final"],
        "episodes": len(returns),
        "target": evaluation["target"],
        "return_mean": float(returns.mean()),
        "return_std": spread,
        "length_mean": float(np.mean(evaluation["lengths"])),
        "cut": sum(length >= limit for length in evaluation["lengths"]),
        "score": domain.normalised(float(returns.mean())),
        "score_std": domain.normalised_spread(spread),
        "shared_error": math.nan,
        "target_score": domain.normalised(evaluation["target"]),
        "core_seconds": seconds,
        "environment_steps": _environment_steps(result, evaluation["step"]),
        "timing": timing,
        RETURNS: evaluation["returns"],
        **NOT_MEASURED,
    }


def _environment_steps(result: dict[str, Any], step: int) -> float:
    logged = [entry for entry in result["training"]["losses"] if entry["step"] <= step]
    return max((float(entry.get("environment_steps", 0)) for entry in logged), default=0.0)


def _measured(result: dict[str, Any], measure: dict[str, Any]) -> dict[str, Any]:
    """Return the row of one measure of a diagnostic; missing numbers are NaN."""
    return {
        "kind": "diagnostic",
        "step": result["training"]["steps"],
        "final": False,
        "episodes": result["protocol"]["episodes"],
        **NOT_SCORED,
        **{name: measure[name] for name in WORDS},
        **{name: math.nan if (n := measure[name]) is None else float(n) for name in NUMBERS},
    }


def _kind(path: Path, evaluation: dict[str, Any]) -> str:
    if path.name == SWEEP:
        return "sweep"
    return "score" if evaluation["final"] else "curve"
