"""The table of an artifact with its links."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from bench.core.code import ROOT
from bench.report.site.artifact_files import ArtifactFiles
from bench.report.site.artifact_views import view
from bench.report.site.context import Context
from bench.report.site.tables import Grid, read


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
    assert {row[1].mark for row in found.rows} == {"badge"}  # beside the number of the claim


def test_what_was_measured_for_a_claim_leads_to_its_runs(context: Context, tmp_path: Path) -> None:
    kept = ROOT / "reports/reference/quick"
    context.inputs = replace(context.inputs, reports=kept)
    files = {kind: Path(f"claims{kind}") for kind in (".md", ".csv")}
    made = ArtifactFiles("", "claims", "", "", "Claims", files, read(kept / "claims.md"))
    found = view(context, made, "")
    assert found is not None
    assert found.rows[0][4].href == "runs.html?suite=mujoco&method=dt,cql"
    (tmp_path / "claims.csv").write_text("nothing")
    context.inputs = replace(context.inputs, reports=tmp_path)
    found = view(context, made, "")
    assert found is not None
    assert not found.linked


def test_without_a_table_there_is_no_view(context: Context) -> None:
    made = context.artifact("table2")
    assert made is not None
    assert view(context, replace(made, grid=None), "") is None
    assert view(context, replace(made, grid=Grid("", [], [], [])), "") is None
