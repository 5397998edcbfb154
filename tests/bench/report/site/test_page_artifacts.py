"""The pages of tables and figures."""

from __future__ import annotations

import re

from bench.report.site.context import Context
from bench.report.site.page_artifacts import charts_of, pages


def test_a_page_for_each_artifact_and_the_list(context: Context) -> None:
    found = dict(pages(context))
    assert list(found) == [
        "artifacts.html",
        "artifact-mujoco-score_cost.html",
        "artifact-mujoco-table2.html",
        "artifact-mujoco-figure3.html",
        "artifact-mujoco-cost.html",
        "artifact-targets-figure4.html",
        "artifact-claims.html",
    ]
    assert "Aggregates" in found["artifacts.html"]  # planned, not made yet


def test_a_page_has_caption_figure_table_notes_and_downloads(context: Context) -> None:
    text = dict(pages(context))["artifact-mujoco-table2.html"]
    assert "The layout of the paper" in text
    assert re.findall(r'href="\.\./mujoco/(table2\.\w+)" download', text) == [
        "table2.csv",
        "table2.tex",
        "table2.png",
        "table2.md",
    ]
    assert 'src="../mujoco/table2.png" alt="Table 2: The layout' in text
    assert "runs.html?suite=mujoco&amp;task=hopper-medium&amp;method=dt" in text
    assert "D4RL-normalised score" in text  # a note


def test_markup_in_headings_is_text(context: Context) -> None:
    assert all("<script>alert" not in text for _, text in pages(context))


def test_without_a_csv_there_is_no_interactive_figure(context: Context) -> None:
    made = context.artifact("table2")
    assert made is not None
    assert charts_of(context, made)
    del made.files[".csv"]
    assert charts_of(context, made) == []
