"""Figure 5 as numbers."""

from __future__ import annotations

import statistics

import pytest

from bench.environments.key_to_door_rooms import HORIZON, PHASES
from bench.paper import (
    figure5,
    figure5_attention,
)
from bench.runs.diagnostics.critic import OUTCOMES


def test_the_bands_of_figure_5() -> None:
    bands = {band.outcome: band for band in figure5()}
    assert tuple(bands) == OUTCOMES
    for band in bands.values():
        assert len(band.low) == len(band.high) == len(band.middle) == HORIZON
        assert all(low < high for low, high in zip(band.low, band.high, strict=True))
    # middles as the eye reads them off the page
    for step, expected in (
        (0, (0.28, 0.28, 0.29)),
        (10, (0.20, 0.36, 0.36)),
        (60, (0.10, 0.42, 0.41)),
        (110, (0.11, 0.63, 0.39)),
        (119, (0.08, 0.86, 0.15)),
    ):
        middles = [band.middle[step] for band in bands.values()]
        assert middles == pytest.approx(expected, abs=0.011)
    # so it is no band of probabilities
    assert [outcome for outcome, band in bands.items() if min(band.low) < 0] == [OUTCOMES[0]]


def test_in_the_distractor_room_nothing_happens_in_figure_5() -> None:
    first, second = PHASES[0], PHASES[0] + PHASES[1]
    for band in figure5():
        inside = band.middle[first:second]
        assert max(inside) - min(inside) < 0.02


def test_the_attention_of_figure_5() -> None:
    events = {each.event: each for each in figure5_attention()}
    key, door = events["key"], events["door"]
    assert (key.step, key.first, key.last) == (13, 14, 111)
    assert (door.step, door.first, door.last) == (112, 113, 120)
    assert (key.mass, door.mass) == (0.9808, 0.9621)
    for event in (key, door):
        steps = range(event.first, event.last + 1)
        assert event.even == pytest.approx(statistics.fmean(1 / step for step in steps), abs=5e-5)
        assert event.first == event.step + 1
    assert key.last + 1 == door.step
    assert (door.last, sum(PHASES)) == (HORIZON, HORIZON)
