"""Table 5 on MuJoCo: the same network with more or less context."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from bench.sheets import Sheet
from bench.tables import against, headline, lay_out, sheet

TITLE = (
    "Context length (the question of Chen, Lu et al. 2021, p.8, Table 5, which asks it of Atari games;"
    " here of MuJoCo data)."
)


def make(scores: pd.DataFrame, scale: str) -> Sheet:
    """Return scores against K.

    Raises:
        ValueError: no score belongs to a method with a context.
    """
    chosen = headline(scores).dropna(subset="context_length")
    if chosen.empty:
        raise ValueError("no score of a method with a context length: nothing for Table 5")
    updates = sorted(set(chosen["step"]))
    note = "A longer context costs more at each update. Updates: " + (
        f"{updates[0]:,} for every K." if len(updates) == 1 else "not the same for every K."
    )
    return sheet(lay_out(chosen, scale), TITLE, lambda files: draw(chosen, files), (note,))


def draw(chosen: pd.DataFrame, files: list[Path]) -> None:
    """Draw the score against K, a line for each data set."""
    from bench.drawing import pyplot, save
    from bench.figures import curve, panels

    with pyplot() as plt:
        figure, [axes] = panels(plt, 1, columns=1)
        for position, row in enumerate(dict.fromkeys(chosen["row"])):
            found = against(chosen[chosen["row"] == row], "context_length")
            curve(axes, list(found), list(found.values()), position, " ".join(reversed(row)))
        axes.set_xscale("log")
        ticks = sorted(set(chosen["context_length"]))
        axes.set_xticks(ticks, [f"{k:g}" for k in ticks])
        axes.minorticks_off()
        axes.set_xlabel("context length K, time steps")
        axes.set_ylabel("normalised score")
        figure.legend(loc="outside lower center", frameon=False, ncols=2)
        save(figure, files)
