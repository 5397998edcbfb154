"""Table 13: Table 4 in the games' own scores."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.games import shares

TITLE = "Table 13 (layout of Chen, Lu et al. 2021, p.21): Table 4 before it is normalised."


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return Table 13 of a suite's scores.

    Raises:
        ValueError: there is no score on an Atari game with dense reward and all of the data.
    """
    return shares(scores, scale, "Table 13", TITLE, raw=True)
