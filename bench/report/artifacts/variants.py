"""Variants of a method side by side: what the paper and its talk say was tried, and presets."""

from __future__ import annotations

import pandas as pd

from bench.report.artifact import Artifact
from bench.report.tables import as_artifact, headline, table2

TITLE = "Variants: what the paper, its talk and its code did otherwise, everything else equal."


def make(scores: pd.DataFrame, scale: str) -> Artifact:
    """Return the variants of a suite in the layout of Table 2.

    Raises:
        ValueError: there is no score with dense reward and all of the data.
    """
    from bench.report.figures import bars

    table = table2(scores, scale)
    return as_artifact(table, TITLE, lambda files: bars(table, headline(scores), files))
