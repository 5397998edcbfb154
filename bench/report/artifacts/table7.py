"""Table 7: sparse reward, all of it at the last step of an episode, compared with dense reward."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.frame import final
from bench.report.tables import as_artifact, by_method, lay_out

TITLE = (
    "Table 7 (layout of Chen, Lu et al. 2021, p.9): reward delayed to the end of the episode (sparse)"
    " and reward at every step (dense)."
)
NOTES = (
    "Sparse: DT's target return is not reduced before the end of the episode; the score is the true return.",
    "BC does not use rewards, and percent BC only their sum over an episode. So both learn the same from sparse and "
    "from dense rewards, and their runs stand once, under dense.",
)
# method and reward -> the paper's column; its BC columns do not depend on the reward
PAPER = {
    ("DT", "sparse"): "DT delayed",
    ("CQL", "sparse"): "CQL delayed",
    ("DT", "dense"): "DT",
    ("CQL", "dense"): "CQL",
    ("BC", "dense"): "BC",
    ("10%BC", "dense"): "%BC",
}


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return Table 7 of a suite's scores.

    Raises:
        ValueError: there is no score with all of the data.
    """
    from bench.report.figures import bars

    rows = final(scores)
    chosen = by_method(rows[rows["data_percent"] == 100])
    if chosen.empty:
        raise ValueError("no score with 100 % of the data: nothing for Table 7")
    keys = list(zip(chosen["quoted_method"], chosen["reward"], strict=True))
    chosen = chosen.assign(
        column=chosen["method"] + "/" + chosen["reward"],
        heading=chosen["label"] + ", " + chosen["reward"],
        quoted_table="Table 7",
        quoted_method=[PAPER.get(key, "") for key in keys],
        order=chosen["reward"].map({"sparse": 0, "dense": 1}),
    ).sort_values(["position", "order", "seed"], kind="stable")
    table = lay_out(chosen, scale)
    return as_artifact(table, TITLE, lambda files: bars(table, chosen, files), NOTES)
