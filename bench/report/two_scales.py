"""Two scales side by side: what each method scores at both, and where a first look at the cheaper one misleads."""

from __future__ import annotations

import math
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from bench.report.artifact import Artifact
from bench.report.cells import MISSING, spell
from bench.report.finished import Finished
from bench.report.frame import distinct_runs, distinct_together, final
from bench.report.tables import range_of_scores
from bench.stats.intervals import ANY, Estimate, Range, difference, estimate_over_tasks
from bench.tasks.units import difference_range, unit_of

Groups = list[list[float]]


@dataclass(frozen=True)
class Line:
    """One method of a suite at two scales, over the tasks that it has at both.

    Attributes:
        suite, label: of the method.
        condition: reward and part of the data; empty for dense rewards and all data.
        tasks: the names of these tasks.
        first, second: the scores of the runs at each scale, a list for each task.
        seconds: the mean core-seconds of a run at each scale; NaN if they are not recorded.
        trained: whether it takes updates; if not, runs on several tasks can be the same.
        within: the values that a score can have at each scale.
        difference_within: the values that a difference of two scores can have.
    """

    suite: str
    label: str
    condition: str
    tasks: tuple[str, ...]
    first: Groups
    second: Groups
    seconds: tuple[float, float]
    trained: bool = True
    within: tuple[Range, Range] = (ANY, ANY)
    difference_within: Range = ANY

    def means(self) -> tuple[Estimate, Estimate]:
        """Return the mean over tasks at each scale."""
        return self._mean(self.first, self.within[0]), self._mean(self.second, self.within[1])

    def _mean(self, groups: Groups, within: Range) -> Estimate:
        if self.trained:
            return estimate_over_tasks(groups, within)
        once = distinct_runs(
            groups
        )  # weighted; weights other than 1 can move a score out of its bounds
        return estimate_over_tasks(once, within if len(once) == 1 else ANY)

    def change(self) -> Estimate:
        """Return the mean at the second scale minus that at the first."""
        samples = (self.second, self.first)
        if not self.trained:
            second, first = distinct_together(*samples)
            samples = second, first
        return difference(*samples, self.difference_within)

    def minus(self, other: Line) -> tuple[Estimate, Estimate]:
        """Return the mean of this method minus that of another one, at each scale."""
        within = self.difference_within
        return (
            difference(self.first, other.first, within),
            difference(self.second, other.second, within),
        )


def lines(first: Finished, second: Finished) -> list[Line]:
    """Return every method with runs on a common task at both scales, in the order of the second scale's config."""
    found = []
    for suite, theirs in second.frames.items():
        if suite not in first.frames:
            continue
        before, after = _cells(first.frames[suite]), _cells(theirs)
        finals = final(first.frames[suite]), final(theirs)
        updates = theirs.groupby("label")["step"].max()
        for key, cells in after.items():
            tasks = tuple(task for task in cells if task in before.get(key, {}))
            if tasks:
                ours, unit = before[key], unit_of(tasks)
                both = [
                    rows[(rows["label"] == key[0]) & rows["task"].isin(tasks)] for rows in finals
                ]
                found.append(
                    Line(
                        suite,
                        *key,
                        tasks,
                        [ours[task][0] for task in tasks],
                        [cells[task][0] for task in tasks],
                        (_mean_cost(ours, tasks), _mean_cost(cells, tasks)),
                        bool(updates[key[0]] > 0),
                        (range_of_scores(both[0], unit), range_of_scores(both[1], unit)),
                        difference_range(unit),
                    )
                )
    return found


def _cells(frame: pd.DataFrame) -> dict[tuple[str, str], dict[str, tuple[list[float], float]]]:
    """Return (label, condition) -> task -> the scores of the runs, and their mean core-seconds."""
    rows = final(frame).sort_values(["position", "seed"], kind="stable")
    found: dict[tuple[str, str], dict[str, tuple[list[float], float]]] = {}
    by = ["label", "reward", "data_percent", "task"]
    for (label, reward, percent, task), runs in rows.groupby(by, sort=False):
        parts = ([str(reward)] if reward != "dense" else []) + (
            [f"{percent:g} % of the data"] if percent != 100 else []
        )
        cell = (runs["score"].tolist(), float(runs["run_core_seconds"].mean()))
        found.setdefault((str(label), ", ".join(parts)), {})[str(task)] = cell
    return found


def _mean_cost(cells: dict[str, tuple[list[float], float]], tasks: tuple[str, ...]) -> float:
    return float(np.mean([cells[task][1] for task in tasks]))


def spread(groups: Groups) -> float:
    """Return the root of the mean variance over seeds, over the tasks with two runs or more; NaN without one."""
    variances = [float(np.var(runs, ddof=1)) for runs in groups if len(runs) > 1]
    return math.sqrt(float(np.mean(variances))) if variances else math.nan


def reversals(found: list[Line]) -> list[tuple[Line, Line, Estimate, Estimate]]:
    """Return the pairs of methods whose order at the first scale is certain, and is reversed at the second.

    A pair has the same suite, condition and tasks. Its order is certain if the 95 % interval of the difference of the
    means does not contain 0; at the second scale the mean alone decides. Intervals are not corrected for the number of
    pairs.

    Returns:
        The method that is better at the second scale, the other one, and their difference at each scale.
    """
    turned = []
    for one, other in combinations(found, 2):
        where = (one.suite, one.condition, one.tasks)
        if where != (other.suite, other.condition, other.tasks):
            continue
        before, after = one.minus(other)
        if before.low > 0 > after.mean:
            turned.append((other, one, *other.minus(one)))
        elif before.high < 0 < after.mean:
            turned.append((one, other, before, after))
    return turned


def make(first: Finished, second: Finished) -> Artifact:
    """Return the table of the methods at both scales, with a figure.

    Raises:
        ValueError: no method has runs on a common task at both scales.
    """
    found = lines(first, second)
    if not found:
        raise ValueError(
            f"no method has runs on a common task at scales {first.name} and {second.name}: nothing stands side by side"
        )
    body, rows, shown = [], [], ""
    for line in found:
        body.append([line.suite if line.suite != shown else "", *_text(line)])
        rows.append(_row(line))
        shown = line.suite
    a, b = first.name, second.name
    headings = ["Suite", "Method", "Data sets", a, b, f"{b} - {a}", f"Spread, {a}", f"Spread, {b}"]
    headings += [f"Core-seconds, {a}", f"Core-seconds, {b}"]
    numbers = pd.DataFrame(rows)
    return Artifact(
        f"Scales {a} and {b} side by side: mean scores of each method.",
        headings,
        body,
        _notes(first, second, found),
        numbers,
        lambda files: draw(numbers, (a, b), files),
    )


def _text(line: Line) -> list[str]:
    before, after = line.means()
    change = spell(line.change())
    return [
        f"{line.label}, {line.condition}" if line.condition else line.label,
        str(len(line.tasks)),
        spell(before),
        spell(after),
        change if change.startswith("-") else f"+{change}",
        *(_number(spread(groups)) for groups in (line.first, line.second)),
        *(_number(seconds, ",.0f") for seconds in line.seconds),
    ]


def _number(value: float, digits: str = ".1f") -> str:
    return MISSING if math.isnan(value) else format(value, digits)


def _row(line: Line) -> dict[str, Any]:
    before, after = line.means()
    change = line.change()
    return {
        "suite": line.suite,
        "label": line.label,
        "condition": line.condition,
        "data_sets": len(line.tasks),
        "first": before.mean,
        "first_low": before.low,
        "first_high": before.high,
        "second": after.mean,
        "second_low": after.low,
        "second_high": after.high,
        "change": change.mean,
        "change_low": change.low,
        "change_high": change.high,
        "first_spread": spread(line.first),
        "second_spread": spread(line.second),
        "first_core_seconds": line.seconds[0],
        "second_core_seconds": line.seconds[1],
    }


def _notes(first: Finished, second: Finished, found: list[Line]) -> list[str]:
    a, b = first.name, second.name
    notes = [
        "Means over the data sets on which the method has runs at both scales, with 95 % intervals over training "
        f"seeds (Welch-Satterthwaite). {b} - {a} is not paired: the scales differ in data, updates and episodes.",
        "Spread: the standard deviation over seeds, as the root of the mean variance over data sets. Core-seconds: of "
        "the training and the evaluation of a run, in the mean.",
    ]
    turned = reversals(found)
    if not turned:
        notes.append(f"No order of two methods that is certain at {a} is reversed at {b}.")
    for one, other, before, after in turned:
        where = f"{one.suite}, {one.condition}" if one.condition else one.suite
        chance = "" if after.low > 0 else f", which may be chance at {b}"
        notes.append(
            f"Reversed ({where}): {one.label} - {other.label} is {spell(before)} at {a} and {spell(after)} at {b}"
            f"{chance}."
        )
    for scale in (first, second):
        if partial := sorted(set(scale.frames) - scale.complete):
            notes.append(
                f"Scale {scale.name} is not complete; runs are missing in: {', '.join(partial)}."
            )
    return notes


def draw(numbers: pd.DataFrame, scales: tuple[str, str], files: list[Path]) -> None:
    """Draw a panel for each suite with two methods or more: a line for each method, from one scale to the other.

    A suite whose methods have several conditions is drawn at its first one, which the title names unless it is dense
    rewards and all of the data.
    """
    from bench.report.figures import COLOURS, MARKERS, label_ends
    from bench.report.looks import places
    from bench.report.style import pyplot, save

    shown = {
        str(suite): rows[rows["condition"] == rows["condition"].iloc[0]]
        for suite, rows in numbers.sort_values("condition", kind="stable").groupby(
            "suite", sort=False
        )
    }
    panels = {suite: shown[suite] for suite in dict.fromkeys(numbers["suite"])}
    several = {suite: rows for suite, rows in panels.items() if len(rows) > 1}
    panels = several or dict(list(panels.items())[:1])
    columns = min(3, len(panels))
    with pyplot() as plt:
        figure, grid = plt.subplots(
            math.ceil(len(panels) / columns),
            columns,
            figsize=(3.4 * columns, 2.9 * math.ceil(len(panels) / columns)),
            squeeze=False,
            layout="constrained",
        )
        for axes, (suite, part) in zip(grid.flat, panels.items(), strict=False):
            at, ends = places(part["label"]), []
            for _, line in part.iterrows():
                place = at[line["label"]]
                colour, marker = COLOURS[place], MARKERS[place]
                axes.plot((0, 1), (line["first"], line["second"]), color=colour, marker=marker)
                for x, end in ((0, "first"), (1, "second")):
                    axes.vlines(x, line[f"{end}_low"], line[f"{end}_high"], color=colour, alpha=0.4)
                ends.append((1.0, line["second"], line["label"], colour))
            condition = part["condition"].iloc[0]
            axes.set_title(f"{suite}, {condition}" if condition else suite, loc="left")
            axes.set_xticks((0, 1), scales)
            axes.set_xlim(-0.15, 1.15)
            axes.set_ylabel("score")
            label_ends(axes, ends)
        for axes in grid.flat[len(panels) :]:
            axes.set_axis_off()
        save(figure, files)
