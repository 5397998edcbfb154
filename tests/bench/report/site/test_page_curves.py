"""The page of learning curves."""

from __future__ import annotations

from bench.report.site.context import Context
from bench.report.site.page_curves import means, pages


def test_a_panel_for_each_task(context: Context) -> None:
    assert [chart.title for chart in means(context)] == ["hopper-medium", "hopper-medium-expert"]
    [(name, text)] = pages(context)
    assert name == "curves.html"
    assert text.count("data-chart") == 2


def test_without_curves_it_says_how_to_get_them(context: Context) -> None:
    context.scores.clear()
    [(_, text)] = pages(context)
    assert "evaluation.curve_episodes" in text
