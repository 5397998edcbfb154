"""The values that the measures of diagnostics can have."""

from __future__ import annotations

import pandas as pd
import pytest

from bench.report.ranges import range_of
from bench.stats.intervals import ANY, CORRELATION, SHARE, Range


def rows(measure: str, group: str = "") -> pd.DataFrame:
    return pd.DataFrame(
        {"measure": [measure] * 2, "group": group, "y": [50.0, 40], "episodes": 512}
    )


@pytest.mark.parametrize(
    ("measure", "group", "within"),
    [
        ("auc", "door room", SHARE),
        ("attention mass", "key", SHARE),
        ("reward probability", "not pick up key", SHARE),
        ("change", "without the key", CORRELATION),
        ("calibration", "door room", Range(0, 1, 40)),
        ("optimal", "transformer", Range(0, 1, 512)),
        ("stitched", "transformer", Range(0, 1, 512)),
        ("reached", "random walk", SHARE),  # an expected share, not a count
        ("steps", "shortest path", Range(0, 1, 512)),
        ("episodes", "not pick up key", ANY),
        ("nodes", "", ANY),
    ],
)
def test_the_range_of_a_measure(measure: str, group: str, within: Range) -> None:
    assert range_of(rows(measure, group)) == within
