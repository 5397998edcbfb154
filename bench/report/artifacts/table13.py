"""Table 13: Table 4 with raw game scores."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.artifacts.games import percent_bc

TITLE = "Table 13 (layout of Chen, Lu et al. 2021, p.21): Table 4 with raw game scores."


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return Table 13 of a suite's scores.

    Raises:
        ValueError: there is no score on an Atari game with dense reward and all of the data.
    """
    return percent_bc(scores, scale, "Table 13", TITLE, raw=True)
