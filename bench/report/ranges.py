"""The values that the measures of diagnostics can have, so that no interval leaves them."""

from __future__ import annotations

import pandas as pd

from bench.runs.diagnostics.paths import RANDOM
from bench.stats.intervals import ANY, CORRELATION, SHARE, Range

SHARES = (
    "reward probability",
    "probability",
    "calibration",
    "auc",
    "attention mass",
    "even attention mass",
)
DIFFERENCES = ("change",)  # of two probabilities
# shares of paths, each of which has the property or not
OF_PATHS = (
    "steps",
    "reached",
    "optimal",
    "shorter",
    "unseen",
    "unseen, stays counted",
    "stitched",
)


def range_of(rows: pd.DataFrame) -> Range:
    """Return the values that a measure of a diagnostic can have.

    A share of paths is a success rate, and the number of paths is that of the record. (Some shares are of
    the eligible paths only, which are fewer.) Of a random walk the record holds expected shares, which are
    no success rates. In a bin of a calibration, `y` is the number of episodes.

    Args:
        rows: of one measure and group, at least one.
    """
    measure, group = str(rows["measure"].iloc[0]), str(rows["group"].iloc[0])
    if measure == "calibration":
        return Range(0, 1, int(rows["y"].min()))
    if measure in OF_PATHS and group != RANDOM:
        return Range(0, 1, int(rows["episodes"].min()))
    return usual_range(measure)


def usual_range(measure: str) -> Range:
    """Return the values that a measure of a diagnostic can have, if the number of its episodes or paths is unknown."""
    if measure in DIFFERENCES:
        return CORRELATION
    return SHARE if measure in (*SHARES, *OF_PATHS) else ANY
