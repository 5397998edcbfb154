"""The page of runs."""

from __future__ import annotations

import re

from bench.report.site.context import Context
from bench.report.site.page_runs import line_of, pages
from bench.report.site.runs import Run
from bench.runs.identity import Identity
from tests.helpers.site import HOSTILE


def test_every_run_has_a_row_with_what_it_took(context: Context) -> None:
    [(name, text)] = pages(context)
    assert name == "runs.html"
    rows = re.findall(r"<tr data-task.*", text)
    assert len(rows) == 16
    [first] = [
        row
        for row in rows
        if 'data-method="dt" data-status="done"' in row and 'data-seed="0"' in row
    ][:1]
    assert 'data-suite="mujoco , targets"' in first
    for cell in ("40.0</td>", ">8.0</td>", ">2.0</td>", ">400</td>", "cpu, vm", "2026-11-29 11:32"):
        assert cell in first


def test_runs_without_a_score_are_named_and_come_first(context: Context) -> None:
    who = Identity("test", "hopper-medium", "dense", 100.0, "mine", 9)
    context.runs.append(Run(who, ("mujoco",), HOSTILE, "failed", "training: <b>"))
    [(_, text)] = pages(context)
    assert "results/test/runs/hopper-medium/dense/100/mine/9" in text
    assert "training: &lt;b&gt;" in text
    assert "<script>alert" not in text
    assert 'data-seed="9"' in re.findall(r"<tr data-task.*", text)[0]


def test_many_holes_are_counted(context: Context) -> None:
    who = [
        Identity("test", "hopper-medium", "dense", 100.0, "dt", seed) for seed in range(100, 130)
    ]
    context.runs.extend(Run(one, ("mujoco",), "DT", "missing", "it did not begin") for one in who)
    [(_, text)] = pages(context)
    assert "and 10 more" in text
    assert text.count("<tr data-task") == 46


def test_a_record_is_a_link(context: Context) -> None:
    run = context.runs[0]
    assert line_of(context, run).record.endswith(f"{run.identity.folder().as_posix()}/result.json")
    context.records_from = None
    assert line_of(context, run).record == ""


def test_no_runs(context: Context) -> None:
    context.runs.clear()
    [(_, text)] = pages(context)
    assert "No run of this config has begun." in text


def test_a_folder_with_signs_of_an_address_is_still_the_one_that_is_linked(
    context: Context,
) -> None:
    context.records_from = "../my runs #1"
    assert line_of(context, context.runs[0]).record.startswith("../my%20runs%20%231/results/test/")
