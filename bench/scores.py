"""From records to one tidy table of scores: a row for each run, kept step and target."""

from __future__ import annotations

import hashlib
import math
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from pyarrow import ArrowException, Table
from pyarrow.parquet import read_table, write_table

from bench import record
from bench.files import DamagedFile, replacing
from bench.identity import SWEEP
from bench.plan import Plan
from bench.tasks import task_by_name

DIGEST = b"digest"


class Incomparable(ValueError):
    """Records that must not stand in one table. The message says which and why."""


def collect(paths: list[Path], plan: Plan, suite: str | None = None) -> pd.DataFrame:
    """Read records into a table.

    Columns: scale, task, reward, percent, method, seed, label, position, kind, step, final, target,
    episodes, return_mean, return_std, length_mean, score, score_std, status, source, environment,
    simulator, protocol, rolled_out, quoted_table, quoted_method, context_length, asked, best_return,
    data_low, data_high. `score` is normalised; it is computed here and nowhere earlier.
    `return_std` is over episodes (ddof 1).
    `kind` is `score` (last checkpoint, declared target: `final`), `curve` (an earlier one) or
    `sweep` (another target). `asked` is the target normalised; `data_low` and `data_high`, the
    scores of the data's worst and best episode, and `best_return`, the latter raw, stand in rows of
    a sweep. `position` orders methods as the suite names them, or without one as the plan does.

    Raises:
        DamagedFile: a record is damaged.
        Incomparable: records come from different simulator versions or protocols.
    """
    rows: list[dict[str, Any]] = []
    methods = plan.variants if suite is None else (run.method for run in plan.runs[suite])
    order = {name: position for position, name in enumerate(dict.fromkeys(methods))}
    for path in paths:
        result = record.read(path)
        identity, protocol = result["identity"], result["protocol"]
        if identity["method"] not in plan.variants:
            raise Incomparable(
                f"{path}: the config has no method {identity['method']!r}; "
                f"known: {', '.join(plan.variants)}"
            )
        task, variant = task_by_name(identity["task"]), plan.variants[identity["method"]]
        bounds = protocol.get("data_returns", {})
        data_low, data_high = (
            task.domain.normalised(bounds[key]) if key in bounds else math.nan
            for key in ("minimum", "maximum")
        )
        for evaluation in result["evaluations"]:
            returns = np.asarray(evaluation["returns"], dtype=np.float64)
            spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
            rows.append(
                {
                    **identity,
                    "label": variant.label,
                    "position": order[identity["method"]],
                    "kind": _kind(path, evaluation),
                    "step": evaluation["step"],
                    "final": evaluation["final"],
                    "target": evaluation["target"],
                    "episodes": len(returns),
                    "return_mean": float(returns.mean()),
                    "return_std": spread,
                    "length_mean": float(np.mean(evaluation["lengths"])),
                    "score": task.domain.normalised(float(returns.mean())),
                    "score_std": task.domain.normalised_spread(spread),
                    "status": result["status"],
                    "source": protocol["source"],
                    "environment": protocol["environment"],
                    "simulator": f"mujoco {result['versions']['mujoco']}",
                    "protocol": f"{protocol['episodes']} episodes in {protocol['lanes']} lanes",
                    "rolled_out": protocol["rolled_out"],
                    "quoted_table": variant.quoted[0] if variant.quoted else "",
                    "quoted_method": variant.quoted[1] if variant.quoted else "",
                    "context_length": result["config"].get("context_length", math.nan),
                    "asked": task.domain.normalised(evaluation["target"]),
                    "best_return": bounds.get("maximum", math.nan),
                    "data_low": data_low,
                    "data_high": data_high,
                }
            )
    frame = pd.DataFrame(rows)
    check_comparable(frame)
    return frame


def check_comparable(frame: pd.DataFrame) -> None:
    """Refuse scores that must not be compared.

    Raises:
        Incomparable: they come from different simulator versions or protocols.
    """
    for column in ("simulator", "protocol"):
        for _, same_kind in frame.groupby("kind") if len(frame) else ():
            different = sorted(same_kind[column].unique())
            if len(different) > 1:
                raise Incomparable(
                    f"records of different {column}s cannot stand in one table: "
                    f"{'; '.join(different)}. Run the older ones again "
                    "(snakemake --forcerun evaluate sweep)"
                )


def _kind(path: Path, evaluation: dict[str, Any]) -> str:
    if path.name == SWEEP:
        return "sweep"
    return "score" if evaluation["final"] else "curve"


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write scores as parquet with a digest of their content, atomically."""
    table = Table.from_pandas(frame, preserve_index=False)
    about = dict(table.schema.metadata or {}) | {DIGEST: _digest(frame)}
    with replacing(path) as temporary:
        write_table(table.replace_schema_metadata(about), temporary)


def read(path: Path) -> pd.DataFrame:
    """Read scores that `write` wrote.

    Raises:
        DamagedFile: the file is not parquet, or its content is not what was written.
    """
    try:
        table = read_table(path)
        frame: pd.DataFrame = table.to_pandas()
        intact = (table.schema.metadata or {}).get(DIGEST) == _digest(frame)
    except (ArrowException, OSError, ValueError, TypeError, KeyError) as error:
        raise DamagedFile(f"scores {path} are damaged ({error}); delete and run again") from error
    if not intact:
        raise DamagedFile(f"scores {path} are damaged (digest differs); delete and run again")
    return frame


def _digest(frame: pd.DataFrame) -> bytes:
    return hashlib.sha256(frame.to_csv(index=False).encode()).hexdigest().encode()


def final(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that count as scores: last checkpoint, declared target."""
    return frame[frame["final"]]
