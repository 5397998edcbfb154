"""Score against cost as an interactive figure."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.core.code import ROOT
from bench.report.site.charts_cost import charts
from bench.report.site.context import Context
from tests.helpers.site import HOSTILE, valid


def test_the_means_come_first_and_are_wide(context: Context) -> None:
    path = context.inputs.reports / "mujoco/score_cost.csv"
    found = charts(path, context.looks)
    assert [chart.title for chart in found] == [
        "Mean of 2 data sets",
        "Mean of 2 data sets, over updates",
        "hopper-medium",
        "hopper-medium-expert",
    ]
    assert [chart.lead for chart in found] == [True, True, False, False]
    assert all(valid(chart.spec) for chart in found)
    assert [one.name for one in found[0].series] == ["DT", "BC", HOSTILE]


def test_it_says_in_words_what_it_shows(context: Context) -> None:
    [mean, *_] = charts(context.inputs.reports / "mujoco/score_cost.csv", context.looks)
    # the mean of seeds 0 and 1: 40 and 42
    assert "DT 41.0" in mean.describe
    assert "Behaviour 26.0" in mean.describe


def test_the_curves_of_d3rlpy_are_dashed(context: Context) -> None:
    kept = ROOT / "reports/reference/quick/mujoco/score_cost.csv"
    updates = charts(kept, context.looks)[1]
    assert {one.name for one in updates.series if one.dashed} >= {"DT, d3rlpy", "CQL, d3rlpy"}


def test_another_file_is_refused(tmp_path: Path, context: Context) -> None:
    (tmp_path / "other.csv").write_text("method,label\ndt,DT\n")
    with pytest.raises(ValueError, match="has no column 'axis'"):
        charts(tmp_path / "other.csv", context.looks)
