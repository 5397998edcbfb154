"""The statistics of the claims by name, as `claims.yaml` names them."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
from scipy import stats

from bench.report.claims import comparisons, equal_cost, fractions, interactions, spreads, trends
from bench.report.claims.measure import Measure, NotRun, about_cells, to_measure, whole_data
from bench.report.claims.sampled import with_arms
from bench.report.frame import final
from bench.report.ranges import range_of
from bench.stats.intervals import CORRELATION, estimate, estimate_over_tasks

LEAST = 1e-6  # records hold six decimals


def measured(
    scores: pd.DataFrame,
    method: str,
    measure: str,
    group: str,
    only: Mapping[str, Any] | None = None,
) -> Measure:
    """Return a measure of a diagnostic in its own unit, mean over data sets, with parts.

    The measures and their groups are those of the modules in bench/runs/diagnostics.

    Args:
        scores: of a suite with a diagnostic.
        method: whose policies were measured.
        measure: its name.
        group: its group.
        only: use the data sets on which another measure (`measure`, `group`) is at most `most`, as mean
            over seeds; None: all.

    Raises:
        NotRun: no data set has the measure, or `only` leaves none.
    """
    rows = _rows(scores, method, measure, group)
    groups = _groups(rows)
    if only is not None:
        others = _groups(_rows(scores, method, only["measure"], only["group"]))
        groups = {
            task: runs
            for task, runs in groups.items()
            if task in others and np.mean(others[task]) <= only["most"]
        }
        if not groups:
            raise NotRun(
                f"no data set has {only['measure']} of {only['group']} at most {only['most']:g}"
            )
    about = about_cells(rows, [(task, 100.0) for task in groups], 0)
    within = range_of(rows)
    whole = to_measure(estimate_over_tasks(list(groups.values()), within), about)
    parts = {task: estimate(runs, within) for task, runs in groups.items()}
    return with_arms(replace(whole, parts=parts), list(groups), list(groups.values()))


def measured_ratio(
    scores: pd.DataFrame,
    method: str,
    measure: str,
    group: str,
    to: Mapping[str, str],
    steps: Sequence[int] | None = None,
) -> Measure:
    """Return the ratio of two measures of a diagnostic in each run, geometric mean over runs and data
    sets. Its interval is that of the logarithm, so it stays above 0.

    Args:
        scores: of a suite with a diagnostic.
        method: whose policies were measured.
        measure: the numerator's name.
        group: the numerator's group.
        to: `measure` and `group` of the denominator.
        steps: the first and the last one of the steps of an episode whose values are added up, for
            measures that have one for each step; None: for measures with one value.

    Raises:
        NotRun: no run has both measures.
    """
    top = _summed(_rows(scores, method, measure, group), steps)
    bottom = _summed(_rows(scores, method, to["measure"], to["group"]), steps)
    both = top.merge(bottom, on=["task", "seed"], suffixes=("", "_to"))
    if both.empty:
        raise NotRun(f"no run of {method} measured {measure} {group} and {to['measure']}")
    ratios = (both["value"].clip(lower=LEAST) / both["value_to"].clip(lower=LEAST)).map(math.log)
    logs = {str(task): runs.tolist() for task, runs in ratios.groupby(both["task"], sort=False)}
    cells = [(task, 100.0) for task in logs]
    about = about_cells(both, cells, top["task"].nunique() - len(cells))
    found = estimate_over_tasks(list(logs.values()))
    ratio = replace(
        found, mean=math.exp(found.mean), low=math.exp(found.low), high=math.exp(found.high)
    )
    note = "ratio, interval on a logarithmic scale"
    return with_arms(replace(to_measure(ratio, about), note=note), list(logs), list(logs.values()))


def correlation_over_methods(
    scores: pd.DataFrame, methods: list[str], measure: str, to: str
) -> Measure:
    """Return Spearman's correlation of two numbers of several methods, for each seed, mean over data sets.

    Used are the runs with dense reward and all of the data, and the seeds for which every method has both numbers.

    Args:
        scores: of a suite with a diagnostic.
        methods: at least three.
        measure: of the diagnostic.
        to: another measure of it, or `score`.

    Raises:
        NotRun: there are fewer than three methods, or no data set and seed has both numbers of all of them.
    """
    chosen = whole_data(scores[scores["method"].isin(methods)])
    first = chosen[(chosen["kind"] == "diagnostic") & (chosen["measure"] == measure)]
    if to == "score":
        second = final(chosen).assign(value=lambda rows: rows["score"])
    else:
        second = chosen[(chosen["kind"] == "diagnostic") & (chosen["measure"] == to)]
    keys = ["task", "seed", "method"]
    both = first[[*keys, "value"]].merge(second[[*keys, "value"]], on=keys, suffixes=("", "_to"))
    both = both.dropna(subset=["value", "value_to"])
    if len(methods) < 3:
        raise NotRun(f"a correlation over methods needs three of them, not {len(methods)}")
    if lacking := [name for name in methods if name not in set(both["method"])]:
        raise NotRun(f"no run of {', '.join(lacking)} has {measure} and {to}")
    groups: dict[str, list[float]] = {}
    for (task, _), runs in both.groupby(["task", "seed"], sort=False):
        if runs["method"].nunique() == len(methods):
            groups.setdefault(str(task), []).append(_spearman(runs["value"], runs["value_to"]))
    if not groups:
        raise NotRun(f"no data set and seed has {measure} and {to} of all {len(methods)} methods")
    about = about_cells(
        first, [(task, 100.0) for task in groups], first["task"].nunique() - len(groups)
    )
    whole = to_measure(estimate_over_tasks(list(groups.values()), CORRELATION), about)
    parts = {task: estimate(runs, CORRELATION) for task, runs in groups.items()}
    return with_arms(replace(whole, parts=parts), list(groups), list(groups.values()))


def _spearman(xs: pd.Series, ys: pd.Series) -> float:
    """Return the rank correlation; 0 if one of the two does not vary."""
    if xs.nunique() == 1 or ys.nunique() == 1:
        return 0.0
    return float(stats.spearmanr(xs, ys).statistic)


def _rows(scores: pd.DataFrame, method: str, measure: str, group: str) -> pd.DataFrame:
    """Return the rows of a measure, in the order of seeds on each data set."""
    rows = scores[(scores["kind"] == "diagnostic") & (scores["method"] == method)]
    rows = rows[(rows["measure"] == measure) & (rows["group"] == group)].dropna(subset=["value"])
    if rows.empty:
        raise NotRun(f"no diagnostic of {method} measured {measure} {group}".rstrip())
    return rows.sort_values("seed", kind="stable")


def _summed(rows: pd.DataFrame, steps: Sequence[int] | None) -> pd.DataFrame:
    """Return one row for each run, whose value is the sum over some steps; with None, the rows as they are."""
    if steps is None:
        return rows
    first, last = steps
    rows = rows[rows["x"].between(first, last)]
    if rows.empty:
        raise NotRun(f"no diagnostic has values at steps {first} to {last}")
    sums = rows.groupby(["task", "seed"])["value"].transform("sum")
    return rows.assign(value=sums).drop_duplicates(["task", "seed"])


def _groups(rows: pd.DataFrame) -> dict[str, list[float]]:
    """Return task -> the values of a measure."""
    return {str(task): runs["value"].tolist() for task, runs in rows.groupby("task", sort=False)}


STATISTICS: dict[str, Callable[..., Measure]] = {
    function.__name__: function
    for function in (
        comparisons.difference,
        comparisons.difference_each,
        comparisons.difference_to_best,
        comparisons.lead,
        comparisons.reward_difference,
        comparisons.sparse_difference,
        comparisons.improvement,
        equal_cost.difference_at_equal_cost,
        interactions.interaction,
        fractions.difference_on_fractions,
        fractions.lead_on_few_data,
        spreads.spread_ratio,
        correlation_over_methods,
        trends.rank_correlation,
        trends.slope,
        trends.target_deviation,
        trends.drop,
        trends.excess,
        trends.context_trend,
        measured,
        measured_ratio,
    )
}
