"""From records to one tidy table: a row for each run, kept step and target, and for each measure of a
probe.
"""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.report.frame import Incomparable, check_comparable
from bench.runs import record
from bench.runs.diagnostics.registry import DIAGNOSTICS
from bench.runs.identity import SWEEP
from bench.runs.plan import Plan, Variant
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
        "target_score",
    ),
    math.nan,
)
WORDS, NUMBERS = ("measure", "group"), ("x", "y", "value", "spread")  # of a probe's measures
NOT_MEASURED: dict[str, Any] = dict.fromkeys(WORDS, "") | dict.fromkeys(NUMBERS, math.nan)


def collect(paths: list[Path], plan: Plan, suite: str | None = None) -> pd.DataFrame:
    """Read records into a table.

    Columns: scale, task, reward, percent, method, seed, label, position, status, source, environment,
    simulator, protocol, rolled_out, quoted_table, quoted_method, context_length, best_return,
    data_low, data_high, best_score, max_steps, kind, step, final, episodes, target, return_mean,
    return_std, length_mean, cut, score, score_std, asked, measure, group, x, y, value, spread.

    - `score` is normalised; it is computed here and nowhere earlier. `return_std` is over episodes
      (ddof 1).
    - `kind` is `score` (last checkpoint, declared target: `final`), `curve` (an earlier one), `sweep`
      (another target) or `diagnostic` (a measure of the last checkpoint other than its returns).
    - `asked` is the target normalised; `data_low` and `data_high`, the scores of the data's worst and
      best episode, and `best_return`, the latter raw, stand in rows of a sweep. On Atari games they
      are of rewards clipped to [-1, 1], like the targets; `best_score` is the best by the game's own
      score, NaN where the data do not hold it, elsewhere the same as `data_high`.
    - `max_steps` is where evaluation cut episodes short; NaN where only the environment ends them.
      `cut` is how many of the row's episodes were.
    - `measure`, `group`, `x`, `y`, `value` and `spread` stand in rows of a probe, whose module says
      what they are (`bench/runs/diagnostics`); its target, returns, lengths and
      scores are NaN, its `episodes` those that were looked at. In other rows `measure` and `group`
      are empty and the numbers NaN.
    - `position` orders methods as the suite names them, or without one as the plan does.

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
                f"{path}: the config has no method {method!r}; known: {', '.join(plan.variants)}"
            )
        about = _about(result, plan.variants[method], order[method])
        if path.name in {diagnostic.record for diagnostic in DIAGNOSTICS.values()}:
            rows += [about | _probed(result, measure) for measure in result["measures"]]
        else:
            rows += [
                about | _scored(result, evaluation, _kind(path, evaluation))
                for evaluation in result["evaluations"]
            ]
    frame = pd.DataFrame(rows)
    check_comparable(frame)
    return frame


def _about(result: dict[str, Any], variant: Variant, position: int) -> dict[str, Any]:
    """Return what all rows of a record share."""
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
    return {
        **identity,
        "label": variant.label,
        "position": position,
        "status": result["status"],
        "source": protocol["source"],
        "environment": protocol["environment"],
        "simulator": f"{simulator} {result['versions'][simulator]}",
        "protocol": f"{protocol['episodes']} episodes in {protocol['num_envs']} environments{cut}",
        "rolled_out": protocol["rolled_out"],
        "quoted_table": variant.quoted[0] if variant.quoted else "",
        "quoted_method": variant.quoted[1] if variant.quoted else "",
        "context_length": result["config"].get("context_length", math.nan),
        "best_return": bounds.get("maximum", math.nan),
        "data_low": data_low,
        "data_high": data_high,
        "best_score": domain.normalised(best) if family.clipped_rewards else data_high,
        "max_steps": protocol.get("max_steps", math.nan),
    }


def _scored(result: dict[str, Any], evaluation: dict[str, Any], kind: str) -> dict[str, Any]:
    domain, protocol = task_by_name(result["identity"]["task"]).domain, result["protocol"]
    most = protocol.get("max_steps", math.inf) if protocol["rolled_out"] else math.inf
    returns = np.asarray(evaluation["returns"], dtype=np.float64)
    spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
    return {
        "kind": kind,
        "step": evaluation["step"],
        "final": evaluation["final"],
        "episodes": len(returns),
        "target": evaluation["target"],
        "return_mean": float(returns.mean()),
        "return_std": spread,
        "length_mean": float(np.mean(evaluation["lengths"])),
        "cut": sum(length >= most for length in evaluation["lengths"]),
        "score": domain.normalised(float(returns.mean())),
        "score_std": domain.normalised_spread(spread),
        "target_score": domain.normalised(evaluation["target"]),
        **NOT_MEASURED,
    }


def _probed(result: dict[str, Any], measure: dict[str, Any]) -> dict[str, Any]:
    """Return the row of one measure; what a record has no number for is NaN."""
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
