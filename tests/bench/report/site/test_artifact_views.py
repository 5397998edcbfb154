"""The table of an artifact with its links."""

from __future__ import annotations

from dataclasses import replace

from bench.report.site.artifact_views import view
from bench.report.site.context import Context
from bench.report.site.tables import Grid


def test_a_number_leads_to_its_runs_and_a_row_to_its_task(context: Context) -> None:
    made = context.artifact("table2")
    assert made is not None
    found = view(context, made, "site/")
    assert found is not None
    head, ours = found.rows[0][:2]
    assert head.href == "site/task-hopper-medium.html"
    assert ours.href == "site/runs.html?suite=mujoco&task=hopper-medium&method=dt"
    papers = [cell for cell in found.rows[0] if cell.mark == "paper"]
    assert papers
    assert not any(cell.href for cell in papers)


def test_a_row_of_a_method_leads_to_its_page(context: Context) -> None:
    made = context.artifact("score_cost")
    assert made is not None
    found = view(context, made, "")
    assert found is not None
    assert found.rows[0][0].href == "method-dt.html"


def test_every_row_of_the_ledger_has_its_claim(context: Context) -> None:
    made = context.artifact("claims")
    assert made is not None
    found = view(context, made, "")
    assert found is not None
    assert all(row[0].text for row in found.rows)


def test_without_a_table_there_is_no_view(context: Context) -> None:
    made = context.artifact("table2")
    assert made is not None
    assert view(context, replace(made, grid=None), "") is None
    assert view(context, replace(made, grid=Grid("", [], [], [])), "") is None
