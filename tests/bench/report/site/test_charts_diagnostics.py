"""Interactive figures of diagnostics, from the CSVs that the repository keeps."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.core.code import ROOT
from bench.report.site.charts_diagnostics import PATH, figure2, figure5
from tests.helpers.site import valid

KEPT = ROOT / "reports/reference/quick"
FIGURE2, FIGURE5 = KEPT / "graph/figure2.csv", KEPT / "critic/figure5.csv"


def test_a_prediction_is_the_number_of_the_csv_and_its_band_is_one_standard_deviation() -> None:
    predictions, calibration = figure5(FIGURE5, {}, {})
    assert valid(predictions.spec)
    assert valid(calibration.spec)
    rows = pd.read_csv(FIGURE5)
    [row] = rows[
        (rows["measure"] == "reward probability")
        & (rows["group"] == "pick up key and reach door")
        & (rows["x"] == 110)
    ].to_dict("records")
    points = {(v["series"], v["x"]): v for v in predictions.spec["data"]["values"]}
    ours = points["pick up key and reach door", 110]
    assert ours["y"] == pytest.approx(row["value"], rel=1e-4)
    assert ours["high"] - ours["low"] == pytest.approx(2 * row["spread"], rel=1e-3)
    paper = points["the paper: pick up key and reach door", 110]
    assert paper["y"] == pytest.approx(row["paper"], rel=1e-4)


def test_two_critics_have_panels_of_their_own(tmp_path: Path) -> None:
    rows = pd.read_csv(FIGURE5)
    both = pd.concat([rows, rows.assign(method="other")])
    both.to_csv(tmp_path / "figure5.csv", index=False)
    titles = [chart.title for chart in figure5(tmp_path / "figure5.csv", {}, {"other": "Other"})]
    assert titles == [
        "dt-critic: predictions",
        "dt-critic: calibration",
        "Other: predictions",
        "Other: calibration",
    ]


def test_the_generated_path_ends_at_the_goal() -> None:
    walks, generation = figure2(FIGURE2, {}, {})
    assert valid(walks.spec)
    assert valid(generation.spec)
    steps = generation.spec["data"]["values"]
    assert {step["series"] for step in steps} == {PATH}
    rows = pd.read_csv(FIGURE2)
    path = rows[rows["measure"] == "path"].sort_values("x")
    assert [step["node"] for step in steps] == path["y"].tolist()
    assert steps[-1]["node"] == rows[rows["measure"] == "goal"]["value"].iloc[0]


def test_a_graph_without_a_generated_path_has_its_walks_alone(tmp_path: Path) -> None:
    rows = pd.read_csv(FIGURE2)
    rows[rows["measure"] != "path"].to_csv(tmp_path / "figure2.csv", index=False)
    assert [chart.title for chart in figure2(tmp_path / "figure2.csv", {}, {})] == [
        "Walks of the data"
    ]
