"""Figure 6 as numbers."""

from __future__ import annotations

import math

import pytest

from bench.paper.graph import STITCHED, Histogram, figure6, figure6_reached
from bench.runs.diagnostics.paths import GENERATED, RANDOM, SHORTEST


def test_the_papers_bars() -> None:
    found = {histogram.series: histogram for histogram in figure6()}
    assert list(found) == [SHORTEST, GENERATED, RANDOM]
    for histogram in found.values():
        assert histogram.paths == 512
        assert set(histogram.counts) == {*range(10), math.inf}
    assert found[SHORTEST].counts[2] == found[GENERATED].counts[2] == 185
    assert found[GENERATED].share(math.inf) == pytest.approx(73 / 512)
    assert found[RANDOM].share(10) == 0
    drawn = [(s, x) for s in found for x in (*range(1, 10), math.inf)]
    heights = [found[series].share(x) for series, x in drawn]
    assert sum(heights) == pytest.approx((3 * 512 - 25 - 25 - 16) / 512)


def test_the_papers_shares() -> None:
    assert figure6_reached() == pytest.approx(414 / 466)
    assert any(round(100 * k / 512, 1) == STITCHED for k in range(513))
    # so it is no share of the paths that are drawn as arriving
    assert not any(round(100 * k / 414, 1) == STITCHED for k in range(415))


def test_a_share_is_a_count_of_all_paths() -> None:
    found = Histogram("transformer", {0: 1, 2: 5, math.inf: 2})
    assert found.paths == 8
    assert [found.share(steps) for steps in (0, 1, 2, math.inf)] == [0.125, 0, 0.625, 0.25]
