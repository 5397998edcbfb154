"""The first page."""

from __future__ import annotations

import shutil
from pathlib import Path

from bench.core.code import ROOT
from bench.report.site.context import Context
from bench.report.site.inputs import of_working_folder
from bench.report.site.page_overview import page
from bench.runs.identity import Identity
from tests.helpers.site import config, write_run


def test_score_against_cost_the_ledger_and_table_2(context: Context) -> None:
    text = page(context)
    assert text.count("data-chart") == 1
    assert "The claims of the paper" in text
    assert ">Table 2</a>" in text
    assert "16 of 16 runs have a score" in text
    assert "all_later" in text  # not begun


def test_a_label_with_markup_is_text(context: Context) -> None:
    text = page(context)
    assert "<script>alert" not in text
    assert "&lt;script&gt;alert(1)&lt;/script&gt; | $x" in text


def test_nothing_there(tmp_path: Path) -> None:
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    text = page(Context.of(inputs, tmp_path / "site"))
    assert "There is no such figure yet" in text
    assert "There is no ledger yet" in text
    assert "0 of 0 runs have a score" in text


def test_a_scale_without_costs_and_claims_shows_the_returns_that_were_asked_for(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "reports/test/mujoco"
    folder.mkdir(parents=True)
    for name in ("figure4.md", "figure4.csv"):
        shutil.copy(ROOT / "reports/reference/quick/targets" / name, folder)
    (folder / "hopper-medium.dt.webm").write_bytes(b"a video")
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    text = page(Context.of(inputs, tmp_path / "site"))
    assert "<h2>Achieved over target return</h2>" in text
    assert "There is no" not in text
    assert "assets/vega.js" in text  # what draws it
    assert "mujoco/hopper-medium.dt.webm#t=0.1" in text


def test_holes_are_named(tmp_path: Path) -> None:
    write_run(tmp_path, Identity("test", "hopper-medium", "dense", 100.0, "bc", 0), 1.0)
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    text = page(Context.of(inputs, tmp_path / "site"))
    assert "Without a score: 15 missing." in text
    assert "1 of 16 runs have a score" in text


def test_a_damaged_ledger_is_a_note(context: Context, tmp_path: Path) -> None:
    (tmp_path / "reports/test").mkdir(parents=True)
    for kind in ("md", "csv"):
        (tmp_path / f"reports/test/claims.{kind}").write_text("nothing")
    inputs = of_working_folder(config(), tmp_path / "results", tmp_path / "reports")
    empty = Context.of(inputs, tmp_path / "site")
    assert "There is no ledger yet" in page(empty)
    assert "the ledger is not shown" in empty.notes[0]
