"""Variants of a method: those that the paper and its talk report, and presets."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.tables import as_artifact, headline, table2

TITLE = "Variants of the paper, its talk and its code; everything else is equal."


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the variants of a suite in the layout of Table 2.

    Raises:
        ValueError: there is no score with dense reward and all of the data.
    """
    from bench.report.figures import bars

    table = table2(scores, scale)
    return as_artifact(table, TITLE, lambda files: bars(table, headline(scores), files))
