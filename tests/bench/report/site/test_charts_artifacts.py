"""The interactive figure of each artifact, from the CSVs that the repository keeps."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from bench.core.code import ROOT
from bench.report.site.charts import Chart
from bench.report.site.charts_artifacts import MAKERS, TABLES, charts
from bench.report.site.looks import looks
from tests.helpers.site import valid

KEPT = ROOT / "reports/reference/quick"
NAMES = ("dt", "cql", "iql", "td3bc", "bc", "bc10", "uniform", "behaviour", "dt-k1")
LOOKS, LABELS = looks(NAMES), {name: name.upper() for name in NAMES}
PANELS = {
    "mujoco/score_cost": 14,
    "mujoco/table2": 3,
    "mujoco/figure3": 1,
    "mujoco/aggregates": 4,
    "mujoco/improvement": 1,
    "mujoco/profiles": 1,
    "percent_bc/table3": 2,
    "sparse/table7": 3,
    "context/table5": 2,
    "fractions/fractions": 3,
    "targets/figure4": 7,
    "variants/variants": 2,
    "atari/table1": 1,
    "key_to_door/table6": 1,
    "graph/figure2": 2,
    "graph/figure6": 1,
    "critic/figure5": 2,
    "../open/luck/luck": 1,
}


def of(path: str) -> list[Chart]:
    return charts(Path(path).name, KEPT / f"{path}.csv", LOOKS, LABELS)


@pytest.mark.parametrize(("path", "count"), PANELS.items(), ids=PANELS)
def test_panels_that_vega_lite_draws(path: str, count: int) -> None:
    found = of(path)
    assert len(found) == count
    assert all(chart.title and chart.describe and chart.series for chart in found)
    assert valid(found[0].spec)


def test_every_maker_is_tried() -> None:
    tried = {path.rpartition("/")[2] for path in PANELS}
    others = {
        "table4",
        "online",
        "scaling",
    }  # the first is laid out as table1; see test_charts_open
    assert {*MAKERS, *TABLES, "score_cost", "figure3"} - tried == others


def test_a_point_is_the_number_of_the_table() -> None:
    chart = of("mujoco/table2")[0]
    rows = pd.read_csv(KEPT / "mujoco/table2.csv")
    mean = rows.set_index(["data", "environment", "method"])["mean"][
        "Medium-Expert", "Hopper", "dt"
    ]
    values = chart.spec["data"]["values"]
    [point] = [v for v in values if (v["category"], v["series"]) == ("Hopper", "DT")]
    assert point["y"] == pytest.approx(mean, rel=1e-4)


def test_figure_3_is_whole_if_other_suites_have_the_rest() -> None:
    others = [KEPT / "atari/figure3.csv", KEPT / "key_to_door/figure3.csv"]
    [alone] = of("mujoco/figure3")
    [whole] = charts("figure3", KEPT / "mujoco/figure3.csv", LOOKS, LABELS, others)
    ours = [
        [v["category"] for v in c.spec["data"]["values"] if v["y"] is not None]
        for c in (alone, whole)
    ]
    assert ours == [["OpenAI Gym"] * 3, ["Atari"] * 3 + ["OpenAI Gym"] * 3 + ["Key-To-Door"] * 3]


def test_in_figure_3_the_numbers_of_another_suite_only_fill_holes(tmp_path: Path) -> None:
    """DT has one seed here, so no interval; that of the other suite is not its own. CQL has no run here."""
    head = "group,method,paper,mean,low,high\n"
    (tmp_path / "a.csv").write_text(f"{head}Gym,DT,74,50,,\nGym,CQL,63,,,\n")
    (tmp_path / "b.csv").write_text(f"{head}Gym,CQL,63,30,20,40\nGym,DT,74,90,80,99\n")
    [chart] = charts("figure3", tmp_path / "a.csv", LOOKS, LABELS, [tmp_path / "b.csv"])
    rows = chart.spec["data"]["values"]
    found = {row["series"]: [row[key] for key in ("y", "low", "high", "paper")] for row in rows}
    dt, cql = "Decision Transformer", "TD learning (CQL)"
    assert found == {dt: [50, None, None, 74], cql: [30, 20, 40, 63]}


def test_sparse_and_dense_runs_of_a_method_have_its_colour() -> None:
    series = {one.name: one.look for one in of("sparse/table7")[0].series}
    assert series["DT, sparse"].colour == series["DT, dense"].colour == LOOKS["dt"].colour
    assert series["DT, sparse"].mark != series["DT, dense"].mark


def test_the_papers_curve_of_figure_4() -> None:
    chart = of("targets/figure4")[0]
    assert [one.name for one in chart.series] == ["DT", "the paper"]


def test_an_artifact_without_an_interactive_figure(tmp_path: Path) -> None:
    assert charts("peers", tmp_path / "peers.csv", LOOKS, LABELS) == []


def test_a_csv_of_something_else_is_refused(tmp_path: Path) -> None:
    (tmp_path / "table2.csv").write_text("a,b\n1,2\n")
    with pytest.raises(ValueError, match="has no column"):
        charts("table2", tmp_path / "table2.csv", LOOKS, LABELS)
