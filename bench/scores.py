"""From records to one tidy table of scores: a row for each run, kept step and target."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench import record
from bench.files import replacing
from bench.plan import Plan
from bench.tasks import task_by_name


class Incomparable(ValueError):
    """Records that must not stand in one table. The message says which and why."""


def collect(paths: list[Path], plan: Plan) -> pd.DataFrame:
    """Read records into a table.

    Columns: scale, task, reward, percent, method, seed, label, step, final, target, episodes,
    return_mean, return_std, length_mean, score, score_std, status, source, environment, simulator,
    rolled_out, quoted_table, quoted_method. `score` is normalised; it is computed here and nowhere
    earlier. `return_std` is over episodes (ddof 1).

    Raises:
        DamagedFile: a record is damaged.
        Incomparable: records come from different simulator versions or protocols.
    """
    rows: list[dict[str, Any]] = []
    order = {name: position for position, name in enumerate(plan.variants)}
    for path in paths:
        result = record.read(path)
        identity, protocol = result["identity"], result["protocol"]
        task, variant = task_by_name(identity["task"]), plan.variants[identity["method"]]
        for evaluation in result["evaluations"]:
            returns = np.asarray(evaluation["returns"], dtype=np.float64)
            spread = float(returns.std(ddof=1)) if len(returns) > 1 else 0.0
            rows.append(
                {
                    **identity,
                    "label": variant.label,
                    "position": order[identity["method"]],
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
                }
            )
    frame = pd.DataFrame(rows)
    for column in ("simulator", "protocol"):
        different = sorted(frame[column].unique()) if len(frame) else []
        if len(different) > 1:
            raise Incomparable(
                f"records of different {column}s cannot stand in one table: {'; '.join(different)}. "
                "Run the older ones again (snakemake --forcerun evaluate)"
            )
    return frame


def write(frame: pd.DataFrame, path: Path) -> None:
    """Write scores as parquet, atomically."""
    with replacing(path) as temporary:
        frame.to_parquet(temporary, index=False)


def read(path: Path) -> pd.DataFrame:
    """Read scores that `write` wrote.

    Raises:
        DamagedFile: the file is not parquet.
    """
    from pyarrow import ArrowInvalid

    from bench.files import DamagedFile

    try:
        return pd.read_parquet(path)
    except (ArrowInvalid, OSError) as error:
        raise DamagedFile(
            f"scores {path} are damaged ({error}); delete the file and run again"
        ) from error


def final(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the rows that count as scores: last checkpoint, declared target."""
    return frame[frame["final"]]
