"""Table 12: Table 1 with raw game scores."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.games import compared

TITLE = "Table 12 (layout of Chen, Lu et al. 2021, p.21): Table 1 with raw game scores."


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return Table 12 of a suite's scores.

    Raises:
        ValueError: there is no score on an Atari game with dense reward and all of the data.
    """
    return compared(scores, scale, "Table 12", TITLE, raw=True)
