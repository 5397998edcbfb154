"""Table 2: every method on every data set, and a figure with bars."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.tables import as_artifact, headline
from bench.report.tables import table2 as lay_out_table2
from bench.tasks.registry import family_of_all

TITLE = (
    "Table 2 (layout of Chen, Lu et al. 2021, p.7): offline reinforcement learning on MuJoCo data."
)

OTHERS = (
    "Scores in the layout of the paper's Table 2 (Chen, Lu et al. 2021, p.7). Family of tasks: {}."
)
MUJOCO = "mujoco"


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return Table 2 of a suite's scores.

    Raises:
        ValueError: there is no score with dense reward and all of the data.
    """
    from bench.report.figures import bars

    table = lay_out_table2(scores, scale)
    family = family_of_all(list(dict.fromkeys(scores["task"])))
    title = TITLE if family.name == MUJOCO else OTHERS.format(family.label)
    return as_artifact(table, title, lambda files: bars(table, headline(scores), files))
