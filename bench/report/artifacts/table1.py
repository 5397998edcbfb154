"""Table 1: DT, CQL and BC on Atari games, gamer-normalised, beside numbers that the paper quotes."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.games import compared

TITLE = (
    "Table 1 (layout of Chen, Lu et al. 2021, p.7): offline reinforcement learning on Atari games."
)


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return Table 1 of a suite's scores.

    Raises:
        ValueError: there is no score on an Atari game with dense reward and all of the data.
    """
    return compared(scores, scale, "Table 1", TITLE, raw=False)
