"""The intervals of figures end where the numbers end, measured in pixels of the picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.helpers.evidence import FULL, Frame, frame, made, whole
from tests.helpers.figures import figures

__all__ = ["figures", "frame", "whole"]  # fixtures


def ends_of_row(figure: Any, axes: Any, place: int) -> tuple[float, float]:
    """Return where the coloured bar at this height begins and ends, in the numbers of the axis."""
    figure.canvas.draw()
    picture = np.asarray(figure.canvas.buffer_rgba())[..., :3].astype(int)
    # two pixels beside the middle, where no mark is drawn but the interval is
    height = axes.transData.transform((0.0, place))[1] + 2
    row = picture[picture.shape[0] - round(height)]
    left, right = axes.bbox.x0, axes.bbox.x1
    inside = (np.arange(len(row)) > left + 2) & (np.arange(len(row)) < right - 2)
    coloured = np.flatnonzero(inside & (row.max(axis=1) - row.min(axis=1) > 20))
    ends = [(coloured[0], 0.0), (coloured[-1] + 1, 0.0)]
    low, high = (axes.transData.inverted().transform(end)[0] for end in ends)
    return float(low), float(high)


@pytest.mark.parametrize("name", ["aggregates", "improvement"])
def test_an_interval_ends_where_its_numbers_end(
    name: str, frame: Frame, figures: list[Any]
) -> None:
    artifact = made(name, frame((FULL, {})))
    assert artifact.draw is not None
    artifact.draw([])
    [figure] = figures
    axes = figure.axes[0]
    rows = artifact.numbers
    if name == "aggregates":
        rows = rows[rows["statistic"] == "Mean"]
    for place, (_, row) in enumerate(rows.iterrows()):
        pixel = (axes.get_xlim()[1] - axes.get_xlim()[0]) / axes.bbox.width
        low, high = ends_of_row(figure, axes, place)
        assert low == pytest.approx(row["low"], abs=2 * pixel)
        assert high == pytest.approx(row["high"], abs=2 * pixel)
