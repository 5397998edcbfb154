"""The panels of Figure 5."""

from __future__ import annotations

import math
from typing import Any

import pandas as pd
import pytest
from matplotlib.collections import PathCollection
from scipy import special

from tests.helpers.credit import ONE, credit
from tests.helpers.critic import DOOR_STEP, KEY_STEP, REACHED, Diagnostics, diagnostics, known
from tests.helpers.evidence import made
from tests.helpers.figures import figures

__all__ = ["credit", "diagnostics", "figures", "known"]  # fixtures


def test_the_panels_show_the_numbers(diagnostics: Diagnostics, figures: list[Any]) -> None:
    artifact = made("figure5", diagnostics())
    assert artifact.draw is not None
    artifact.draw([])
    along, looks, calibrated, roc = figures[0].axes
    lines = {line.get_label(): line for line in along.lines}
    assert lines[REACHED].get_ydata()[50] == pytest.approx(0.16)
    assert {15, 105} <= {line.get_xdata()[0] for line in along.lines}
    # one episode, of the first seed
    [dots] = [c for c in looks.collections if isinstance(c, PathCollection)]
    assert dots.get_offsets().tolist() == [[0, 1], [13, 0.75], [112, 0.5]]
    assert dots.get_alpha() == 0.15
    assert [line.get_xdata()[0] for line in looks.lines] == [KEY_STEP, DOOR_STEP]
    points = calibrated.containers[0].lines[0]
    assert points.get_xdata().tolist() == pytest.approx([0.01, 0.11, 0.21])
    assert points.get_ydata().tolist() == pytest.approx([0.02, 0.22, 0.42])
    curves = [line for line in roc.lines if len(line.get_xdata()) == 3]
    assert len(curves) == 3 * 3  # rooms and seeds
    assert [curve.get_ydata()[1] for curve in curves[:3]] == pytest.approx([0.5, 0.51, 0.52])


def test_critics_of_two_data_sets_have_panels_of_their_own(
    diagnostics: Diagnostics, figures: list[Any]
) -> None:
    both = pd.concat([diagnostics(), diagnostics(task=ONE, seeds=1)], ignore_index=True)
    artifact = made("figure5", both)
    assert len(artifact.body) == 2 * 17
    assert len(artifact.numbers) == 2 * 379
    assert artifact.draw is not None
    artifact.draw([])
    assert len(figures[0].axes) == 8
    titles = [part.get_suptitle() for part in figures[0].subfigs]
    assert titles == ["DT, critic, 10K random trajectories", "DT, critic, 1K random trajectories"]


def test_bands_are_one_spread_wide_and_every_point_is_inside_its_panel(
    diagnostics: Diagnostics, figures: list[Any]
) -> None:
    artifact = made("figure5", diagnostics())
    assert artifact.draw is not None
    artifact.draw([])
    predictions, _, calibrated, _ = figures[0].axes
    # for each outcome the paper's band and ours, the second outcome is REACHED
    ours = predictions.collections[3].get_paths()[0].vertices
    at_50 = ours[ours[:, 0] == 50][:, 1]
    assert (at_50.min(), at_50.max()) == (pytest.approx(0.16 - 0.03), pytest.approx(0.16 + 0.03))
    low, high = calibrated.get_ylim()
    ends = [y for _, _, bars in calibrated.containers for y in bars[0].get_segments()]
    reached = [point[1] for segment in ends for point in segment]
    assert len(reached) == 2 * 3 * 3  # ends, rooms and bins
    step = max(0.02 / math.sqrt(3), math.sqrt(0.42 * 0.58 / 150)) * 4.302653 / (0.42 * 0.58)
    assert max(reached) == pytest.approx(special.expit(special.logit(0.42) + step), abs=1e-4)
    assert max(reached) < high
    assert calibrated.get_xlim() == (low, high)
