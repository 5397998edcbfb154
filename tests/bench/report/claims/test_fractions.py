"""bench/report/claims/fractions.py by hand."""

from __future__ import annotations

import pandas as pd
import pytest
from scipy import stats

from bench.report.claims.fractions import difference_on_fractions, lead_on_few_data
from bench.report.claims.measure import NotRun
from bench.report.claims.sampled import Sampled
from tests.helpers.evidence import MEDIUM, REPLAY, Frame, frame, whole

__all__ = ["frame", "whole"]  # fixtures

# three seeds; the scores of a seed move together, because its data are the same for both methods
FEW = {(REPLAY, "dt"): [10.0, 20.0, 30.0], (REPLAY, "bc"): [5.0, 16.0, 27.0]}  # 5 4 3 ahead
SOME = {(REPLAY, "dt"): [40.0, 50.0, 60.0], (REPLAY, "bc"): [33.0, 42.0, 49.0]}  # 7 8 11 ahead
ALL = {(REPLAY, "dt"): [70.0, 72.0, 74.0], (REPLAY, "bc"): [60.0, 64.0, 68.0]}  # 10 8 6 ahead


def scores(frame: Frame) -> pd.DataFrame:
    return frame((FEW, {"data_percent": 1.0}), (SOME, {"data_percent": 10.0}), (ALL, {}))


def test_a_seed_of_a_data_set_is_one_number(frame: Frame) -> None:
    found = difference_on_fractions(scores(frame), "dt", "bc", [1, 10])
    # (5 + 7) / 2, (4 + 8) / 2, (3 + 11) / 2 are 6, 6 and 7
    assert isinstance(found, Sampled)
    assert found.arms[REPLAY] == (pytest.approx([6, 6, 7]),)
    assert found.value == pytest.approx(19 / 3)
    half = stats.t.ppf(0.975, 2) * (1 / 3) ** 0.5 / 3**0.5
    assert (found.low, found.high) == pytest.approx((19 / 3 - half, 19 / 3 + half))
    assert (found.cells, found.missing, found.diverged) == (1, 0, 0)
    assert found.parts[REPLAY].mean == pytest.approx(19 / 3)


def test_the_order_of_the_rows_does_not_matter(frame: Frame) -> None:
    rows = scores(frame)
    turned = difference_on_fractions(rows.iloc[::-1], "dt", "bc", [10, 1])
    assert turned.value == pytest.approx(19 / 3)
    assert turned.low == pytest.approx(difference_on_fractions(rows, "dt", "bc", [1, 10]).low)


def test_the_lead_on_few_data_is_compared_with_that_on_all_seed_by_seed(frame: Frame) -> None:
    found = lead_on_few_data(scores(frame), "dt", "bc", 1)
    assert isinstance(found, Sampled)
    assert found.arms[REPLAY] == (pytest.approx([-5, -4, -3]),)
    assert found.value == pytest.approx(-4)


def test_a_seed_or_a_data_set_without_all_of_its_runs_is_left_out(frame: Frame) -> None:
    short = {(REPLAY, "bc"): SOME[REPLAY, "bc"][:2], (REPLAY, "dt"): SOME[REPLAY, "dt"]}
    other = {(MEDIUM, "dt"): [1.0, 2.0]}
    rows = frame((FEW | other, {"data_percent": 1.0}), (short, {"data_percent": 10.0}))
    found = difference_on_fractions(rows, "dt", "bc", [1, 10])
    assert isinstance(found, Sampled)
    assert list(found.arms) == [REPLAY]
    assert found.arms[REPLAY] == (pytest.approx([6, 6]),)
    assert (found.cells, found.missing) == (1, 1)


def test_diverged_runs_are_counted(frame: Frame) -> None:
    rows = frame((FEW, {"data_percent": 1.0, "diverged": ("dt",)}), (SOME, {"data_percent": 10.0}))
    assert difference_on_fractions(rows, "dt", "bc", [1, 10]).diverged == 3


def test_runs_that_are_not_there_are_named(frame: Frame) -> None:
    with pytest.raises(NotRun, match="runs of dt and bc on 1 % and 25 % of the data"):
        difference_on_fractions(scores(frame), "dt", "bc", [1, 25])
    with pytest.raises(NotRun, match="runs of dt and cql on 1 % and 100 % of the data"):
        lead_on_few_data(scores(frame), "dt", "cql", 1)
