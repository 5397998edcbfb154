"""Table 4: DT beside %BC with each X on Atari games, and the best X in hindsight."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.games import percent_bc

TITLE = "Table 4 (layout of Chen, Lu et al. 2021, p.8): Decision Transformer and percent BC on Atari games."


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return Table 4 of a suite's scores.

    Raises:
        ValueError: there is no score on an Atari game with dense reward and all of the data.
    """
    return percent_bc(scores, scale, "Table 4", TITLE, raw=False)
