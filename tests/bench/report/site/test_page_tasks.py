"""The page of each task."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bench.report.site.context import Context
from bench.report.site.page_tasks import pages, returns_chart
from bench.report.site.runs import Run
from bench.runs.identity import Identity
from tests.helpers.site import raw, valid


def of(context: Context, task: str) -> list[Run]:
    return [run for run in context.runs if run.identity.task == task]


def test_a_page_for_each_task_and_the_list(context: Context) -> None:
    found = dict(pages(context))
    assert list(found) == [
        "tasks.html",
        "task-hopper-medium.html",
        "task-hopper-medium-expert.html",
    ]
    assert "8 of 8" in found["tasks.html"]
    assert (
        '<td data-key="42.0">42.0</td>' in found["tasks.html"]
    )  # of DT's second seed, the best run


def test_curves_returns_sweep_video_and_runs(context: Context) -> None:
    text = dict(pages(context))["task-hopper-medium.html"]
    assert text.count("data-chart") == 3 + 1 + 1
    for heading in (
        "Environment",
        "Data set",
        "Learning curves",
        "Returns",
        "Target return",
        "Videos",
        "Runs",
    ):
        assert f">{heading}</h2>" in text
    assert 'src="../mujoco/hopper-medium.dt.gif" alt="Video: hopper-medium.dt"' in text
    assert text.count("result.json</a>") == 8
    other = dict(pages(context))["task-hopper-medium-expert.html"]
    assert "Videos" not in other


def test_the_spread_of_returns(context: Context) -> None:
    chart = returns_chart(context, "hopper-medium", of(context, "hopper-medium"))
    assert chart is not None
    assert valid(chart.spec)
    [row, *_] = chart.spec["data"]["values"]
    assert (row["series"], row["episodes"]) == ("DT", 6)  # of both seeds
    assert row["least"] == pytest.approx(raw("hopper-medium", 39.0), rel=1e-4)
    assert row["most"] == pytest.approx(raw("hopper-medium", 43.0), rel=1e-4)


def test_two_methods_with_one_label_are_not_pooled(context: Context) -> None:
    runs = [replace(run, label="DT") for run in of(context, "hopper-medium")]
    chart = returns_chart(context, "hopper-medium", runs)
    assert chart is not None
    found = {row["series"]: row["episodes"] for row in chart.spec["data"]["values"]}
    assert found == {f"DT ({name})": 6 for name in ("dt", "bc", "mine", "behaviour")}


def test_a_success_rate_has_no_spread(context: Context) -> None:
    runs = of(context, "hopper-medium")
    assert returns_chart(context, "key_to_door-1k", runs) is None


def test_a_failed_run_says_why(context: Context) -> None:
    who = Identity("test", "hopper-medium", "dense", 10.0, "bc", 7)
    context.runs.append(Run(who, ("mujoco",), "BC", "failed", "training: <b>no space</b>"))
    text = dict(pages(context))["task-hopper-medium.html"]
    assert "failed: training: &lt;b&gt;no space&lt;/b&gt;" in text
    assert "BC, 10 % of the data" in text
