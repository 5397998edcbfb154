"""Gamble: mean return over target return, beside what an exact imitator earns and the optimum."""

from __future__ import annotations

import math
from pathlib import Path

import pandas as pd

from bench.environments.gamble import OPTIMUM, PRIZE, SAFE_REWARD, SKILL_REWARD, imitator
from bench.report.artifact import Artifact
from bench.report.cells import MISSING, spell
from bench.report.columns import series_names
from bench.report.frame import seed_count
from bench.report.tables import by_method
from bench.stats.intervals import Estimate, Range, estimate
from bench.tasks.registry import task_by_name

DOMAIN = "gamble"
RETURNS = (0.0, SAFE_REWARD, SKILL_REWARD, PRIZE)
TITLE = "Luck or skill: the return that each method earns in Gamble, over its target return."
NOTES = (
    "Returns in the game's own unit. The safe arm pays 3. The lottery pays 9 with probability 0.2, so 1.8 in the mean. "
    "The two-step arm pays 6 to a player who follows the clue, which is the optimum.",
    "Imitator: the exact mean return of a policy that acts as the data do in the episodes with this return.",
    f"The figure ends at {1.5 * PRIZE:g}: the table has the targets beyond.",
    "A method that does not use the target earns the same at every target, up to the noise of its episodes.",
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the mean return of each method at each target, with a column for each fraction of the data. The data
    themselves, which are not played, are left out: they have no target.

    Raises:
        ValueError: the suite has no sweep on Gamble.
    """
    of_game = scores["task"].map(lambda name: task_by_name(name).domain.name == DOMAIN)
    swept = by_method(scores[(scores["kind"] == "sweep") & of_game & scores["rolled_out"]])
    if swept.empty:
        raise ValueError(
            "no sweep over target returns on Gamble; set `sweep: true` in a suite of its task"
        )
    swept = swept.assign(heading=series_names(swept))
    found = {str(label): _earned(runs) for label, runs in swept.groupby("heading", sort=False)}
    targets = sorted({target for earned in found.values() for target in earned})
    body, numbers = [], []
    for target in targets:
        exact = imitator(target) if target in RETURNS else math.nan
        cells = [found[label].get(target) for label in found]
        body.append(
            [
                f"{target:g}",
                MISSING if math.isnan(exact) else f"{exact:.2f}",
                *(spell(cell) if cell else MISSING for cell in cells),
            ]
        )
        for label, cell in zip(found, cells, strict=True):
            if cell:
                numbers.append(
                    {
                        "target": target,
                        "method": label,
                        "mean_return": cell.mean,
                        "low": cell.low,
                        "high": cell.high,
                        "runs": cell.runs,
                        "imitator": exact,
                    }
                )
    source = (
        f"Scale {scale}: {seed_count(swept)}, {swept['episodes'].max()} episodes for each target. Brackets: 95 % "
        "interval over seeds."
    )
    return Artifact(
        TITLE,
        ["Target return", "Imitator", *found],
        body,
        [source, *NOTES],
        pd.DataFrame(numbers),
        lambda files: draw(found, files),
    )


def _earned(runs: pd.DataFrame) -> dict[float, Estimate]:
    """Return target -> the mean return over seeds, in the game's unit."""
    groups = runs.groupby("target")["return_mean"]
    return {
        float(str(target)): estimate(means.tolist(), Range(0.0, PRIZE)) for target, means in groups
    }


def draw(found: dict[str, dict[float, Estimate]], files: list[Path]) -> None:
    """Draw the return over the target: a line for each method, the imitator as crosses, the optimum."""
    from bench.report.figures import curve
    from bench.report.looks import places
    from bench.report.style import pyplot, save

    with pyplot() as plt:
        figure, axes = plt.subplots(figsize=(6.0, 3.6), layout="constrained")
        at = places(found)
        for label, earned in found.items():
            within = {target: one for target, one in earned.items() if target <= 1.5 * PRIZE}
            curve(axes, list(within), list(within.values()), at[label], label)
        exact = [imitator(target) for target in RETURNS]
        axes.plot(RETURNS, exact, "x", color="black", ms=8, mew=1.5, label="imitator, exact")
        axes.axhline(OPTIMUM, color="black", lw=0.8, ls="--", label="optimum")
        axes.plot([0, PRIZE], [0, PRIZE], color="0.6", lw=0.8, ls=":", label="return = target")
        axes.axvspan(1.03 * PRIZE, 1.5 * PRIZE, color="0.93", zorder=0)
        axes.text(1.05 * PRIZE, 0.15, "beyond the data", color="0.4", fontsize=8)
        axes.set_ylim(0, 1.02 * PRIZE)
        axes.set_xlabel("target return")
        axes.set_ylabel("mean return")
        figure.legend(loc="outside right center", frameon=False)
        save(figure, files)
