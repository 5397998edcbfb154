"""The statistics of the claims by name, as `claims.yaml` names them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pandas as pd

from bench.report.claims import comparisons, trends
from bench.report.claims.measure import Measure, NotRun, about_cells, to_measure
from bench.report.ranges import range_of
from bench.stats.intervals import estimate, estimate_over_tasks


def measured(scores: pd.DataFrame, method: str, measure: str, group: str) -> Measure:
    """Return a measure of a diagnostic in its own unit, mean over data sets, with parts.

    The measures and their groups are those of the modules in bench/runs/diagnostics.
    """
    rows = scores[(scores["kind"] == "diagnostic") & (scores["method"] == method)]
    rows = rows[(rows["measure"] == measure) & (rows["group"] == group)].dropna(subset=["value"])
    if rows.empty:
        raise NotRun(f"no diagnostic of {method} measured {measure} {group}".rstrip())
    groups = {str(task): runs["value"].tolist() for task, runs in rows.groupby("task", sort=False)}
    about = about_cells(rows, [(task, 100.0) for task in groups], 0)
    within = range_of(rows)
    whole = to_measure(estimate_over_tasks(list(groups.values()), within), about)
    return replace(whole, parts={task: estimate(runs, within) for task, runs in groups.items()})


STATISTICS: dict[str, Callable[..., Measure]] = {
    function.__name__: function
    for function in (
        comparisons.difference,
        comparisons.difference_each,
        comparisons.difference_to_best,
        comparisons.lead,
        comparisons.reward_difference,
        comparisons.improvement,
        comparisons.spread_ratio,
        trends.rank_correlation,
        trends.slope,
        trends.target_range,
        trends.drop,
        trends.excess,
        trends.context_trend,
        measured,
    )
}
