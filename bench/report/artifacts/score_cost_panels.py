"""The figure of the artifact `score_cost`: means over cost and over updates, and a panel for each data set."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from bench.report.artifacts.score_cost_methods import Method, Published, data_sets
from bench.report.curves import Curve
from bench.report.figures import COLOURS, MARKERS, label_ends
from bench.report.style import pyplot, save
from bench.report.tables import row_of

COLUMNS = 4
TIMES = {
    0.1: "0.1 s",
    1: "1 s",
    10: "10 s",
    60: "1 min",
    600: "10 min",
    3600: "1 h",
    36_000: "10 h",
    360_000: "100 h",
}
GREY = "0.6"
LEVEL = {"color": "black", "ls": "--", "lw": 1.0, "zorder": 1}


def draw(
    methods: dict[str, Method],
    published: Published,
    tasks: Sequence[str],
    levels: dict[str, float],
    files: list[Path],
) -> None:
    """Draw the figure.

    Args:
        methods: name -> method; those that are not trained are horizontal lines.
        published: curves over updates.
        tasks: the data sets, in the order of their panels.
        levels: data set -> score of its own episodes.
        files: to write; the suffix decides the format.
    """
    trained = [method for method in methods.values() if method.trained]
    down = -(-len(tasks) // COLUMNS)
    across = min(COLUMNS, len(tasks))
    with pyplot() as plt:
        figure = plt.figure(figsize=(9.6, 4.0 + 1.75 * down), layout="constrained")
        above, below = figure.subfigures(2, 1, height_ratios=[4.0, 0.3 + 1.75 * down])
        left, right = above.subplots(1, 2)
        _mean_over_cost(left, methods)
        _mean_over_updates(right, trained, published)
        grid = below.subplots(down, across, squeeze=False, sharex=True, sharey=True).ravel()
        for axes in grid[len(tasks) :]:
            axes.set_axis_off()
        for place, (axes, task) in enumerate(zip(grid, tasks, strict=False)):
            for method in trained:
                _line(axes, method.of_task.get(task, NONE), method)
            if task in levels:
                axes.axhline(levels[task], **LEVEL)
            axes.set_title(" ".join(reversed(row_of(task))), loc="left", fontsize=8)
            if place % across == 0:
                axes.set_ylabel("score")
        ends = [c for m in trained for c in m.of_task.values()]
        means = [e.mean for c in ends for e in c.scores] + list(levels.values())
        _limits(grid[0], means)
        _times(grid[0], [cost for c in ends for cost in c.points])
        below.supxlabel("core-seconds of training", fontsize=9)
        save(figure, files)


NONE = Curve((), (), (), 0.0)


def _mean_over_cost(axes: Any, methods: dict[str, Method]) -> None:
    labels = []
    for method in methods.values():
        colour = COLOURS[method.position % len(COLOURS)]
        if not method.trained:
            axes.axhline(method.final.mean, **LEVEL | {"ls": "--" if method.data else ":"})
            labels.append((math.nan, method.final.mean, method.label, "black"))
        elif method.cost.costs:
            _line(axes, method.cost, method)
            end = method.cost.costs[-1], method.cost.scores[-1].mean
            labels.append((*end, method.label, colour))
        else:
            labels.append((math.nan, method.final.mean, f"{method.label}: no times", colour))
    _limits(axes, [y for _, y, _, _ in labels] + [0.0])
    curves = [method.cost for method in methods.values()]
    _times(axes, [cost for curve in curves for cost in curve.points])
    label_ends(axes, labels)
    count = len(next(iter(methods.values())).finals)
    axes.set_title(f"Mean over {data_sets(count)}", loc="left")
    axes.set_xlabel("core-seconds of training")
    axes.set_ylabel("normalised score")


def _mean_over_updates(axes: Any, trained: Sequence[Method], published: Published) -> None:
    labels: list[tuple[float, float, str, str]] = []
    means = [0.0]
    for name, points in published.curves.items():
        axes.plot(list(points), list(points.values()), color=GREY, lw=1.2, ls="-.", zorder=1)
        last = max(points)
        labels.append((last, points[last], f"{name}, d3rlpy", "0.4"))
        means += points.values()
    for method in trained:
        if method.updates.costs:
            _line(axes, method.updates, method)
            end = method.updates.costs[-1], method.updates.scores[-1].mean
            labels.append((*end, method.label, COLOURS[method.position % len(COLOURS)]))
            means += [e.mean for e in method.updates.scores]
    axes.set_xscale("log")
    _limits(axes, means)
    label_ends(axes, labels)
    of = f", over {data_sets(len(published.tasks))} of d3rlpy" if published.tasks else ""
    axes.set_title(f"By updates{of}", loc="left")
    axes.set_xlabel("updates")


def _line(axes: Any, curve: Curve, method: Method) -> None:
    """Draw a curve with its band; its points have markers."""
    colour = COLOURS[method.position % len(COLOURS)]
    marker = MARKERS[method.position % len(MARKERS)]
    means = [e.mean for e in curve.scores]
    places = [index for index, cost in enumerate(curve.costs) if cost in curve.points]
    look = {"color": colour, "marker": marker, "ms": 3.5, "lw": 1.3, "zorder": 3}
    axes.plot(curve.costs, means, markevery=places, label=method.label, **look)
    low, high = [e.low for e in curve.scores], [e.high for e in curve.scores]
    axes.fill_between(curve.costs, low, high, color=colour, alpha=0.15, lw=0, zorder=2)
    if len(curve.costs) == 1:  # a band of one point has no width
        axes.vlines(curve.costs, low, high, color=colour, alpha=0.5, lw=1.5, zorder=2)


def _limits(axes: Any, means: Sequence[float]) -> None:
    """Limit the score's axis by means; wider bands are cut off."""
    low, high = min([0.0, *means]), max([100.0, *means])
    axes.set_ylim(low - 4, high + 4)


def _times(axes: Any, costs: Sequence[float]) -> None:
    """Make the axis of costs logarithmic, with times at its ticks."""
    axes.set_xscale("log")
    if costs:
        low, high = min(costs) / 1.25, max(costs) * 1.25
        if sum(low <= time <= high for time in TIMES) < 2:
            low = max((time for time in TIMES if time <= low), default=low)
            high = min((time for time in TIMES if time >= high), default=high)
        axes.set_xlim(low, high)
        there = {time: text for time, text in TIMES.items() if low <= time <= high}
        axes.set_xticks(list(there), list(there.values()))
    axes.minorticks_off()
