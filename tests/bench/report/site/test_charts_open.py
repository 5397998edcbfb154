"""Interactive figures of the open questions, from small tables with known numbers."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.report.site.charts_open import EXACT, luck, online, scaling
from bench.report.site.looks import looks
from tests.helpers.site import valid

LOOKS, LABELS = looks(("dt", "cql")), {"dt": "DT", "cql": "CQL"}


def write(path: Path, *lines: str) -> Path:
    path.write_text("\n".join(lines) + "\n")
    return path


def test_luck_has_the_imitator_and_leaves_out_targets_far_beyond_the_data(tmp_path: Path) -> None:
    path = write(
        tmp_path / "luck.csv",
        "target,method,mean_return,low,high,runs,imitator",
        "6,DT,5.0,4.0,6.0,5,6.0",
        "9,DT,2.0,1.5,2.5,5,1.8",
        "90,DT,2.0,1.5,2.5,5,",
    )
    [chart] = luck(path, LOOKS, LABELS)
    assert valid(chart.spec)
    points = {(v["series"], v["x"]): v["y"] for v in chart.spec["data"]["values"]}
    assert points == {("DT", 6): 5.0, ("DT", 9): 2.0, (EXACT, 6): 6.0, (EXACT, 9): 1.8}
    assert chart.series[0].look == LOOKS["dt"]


def test_online_has_a_panel_for_each_task(tmp_path: Path) -> None:
    path = write(
        tmp_path / "online.csv",
        "task,method,step,environment_steps,score,low,high,runs",
        "hopper-medium-replay,DT,10,0,40,30,50,5",
        "hopper-medium-replay,DT,20,5000,45,35,55,5",
        "walker2d-medium-replay,other,10,0,60,50,70,5",
    )
    first, second = online(path, LOOKS, LABELS)
    assert valid(first.spec)
    assert [v["x"] for v in first.spec["data"]["values"]] == [0, 5000]
    assert (first.title, second.title) == ("Hopper Medium-Replay", "Walker Medium-Replay")
    assert [one.name for one in second.series] == ["other"]


@pytest.mark.parametrize("timed", ["2.5", ""], ids=["with its cost", "without its cost"])
def test_scaling_shows_loss_over_size_and_cost_and_the_score_over_the_loss(
    tmp_path: Path, timed: str
) -> None:
    path = write(
        tmp_path / "scaling.csv",
        "task,method,parameters,core_seconds,loss,loss_low,loss_high,score,score_low,score_high,runs",
        f"hopper-medium-replay,large,900,{timed},0.02,0.01,0.03,50,40,60,2",
        f"hopper-medium-replay,small,100,{timed},0.04,0.03,0.05,40,30,50,2",
    )
    found = {chart.title: chart for chart in scaling(path, LOOKS, LABELS)}
    costs = ["Loss over cost"] if timed else []
    assert list(found) == ["Loss over parameters", *costs, "Score over loss"]
    assert all(valid(chart.spec) for chart in found.values())
    values = found["Loss over parameters"].spec["data"]["values"]
    assert [(v["x"], v["y"], v["network"]) for v in values] == [
        (100, 0.04, "small"),
        (900, 0.02, "large"),
    ]
    values = found["Score over loss"].spec["data"]["values"]
    assert [(v["x"], v["y"]) for v in values] == [(0.02, 50), (0.04, 40)]


def test_scaling_has_a_series_for_each_part_of_the_data(tmp_path: Path) -> None:
    path = write(
        tmp_path / "scaling.csv",
        "task,reward,data_percent,method,parameters,core_seconds,loss,loss_low,loss_high,score,score_low,score_high,runs",
        "hopper-medium,dense,100,small,100,1,0.02,0.01,0.03,50,40,60,2",
        "hopper-medium,dense,10,small,100,1,0.04,0.03,0.05,40,30,50,2",
    )
    chart = scaling(path, LOOKS, LABELS)[0]
    assert [one.name for one in chart.series] == [
        "Hopper Medium",
        "Hopper Medium, 10 % of the data",
    ]
    values = {v["series"]: v["y"] for v in chart.spec["data"]["values"]}
    assert values == {"Hopper Medium": 0.02, "Hopper Medium, 10 % of the data": 0.04}
