"""The page of provenance."""

from __future__ import annotations

import re

from bench.report.site.context import Context
from bench.report.site.page_provenance import pages


def test_machines_versions_data_code_and_config(context: Context) -> None:
    [(name, text)] = pages(context)
    assert name == "provenance.html"
    headings = re.findall(r"<h2[^>]*>(.*?)</h2>", text)
    assert headings == ["Machines", "Versions", "Commits", "Data sets", "Code", "Config"]
    for part in ("0123456789ab", "3.4.0", "bench/runs/train.py", "generated/hopper-medium/1500-0"):
        assert part in text
    assert "2026-11-29T11:32:52Z" in text


def test_core_hours_of_all_runs(context: Context) -> None:
    # 16 runs of 8 + 2 core-seconds are 0.04 core-hours
    [(_, text)] = pages(context)
    assert "took 0.0 core-hours" in text


def test_what_could_not_be_shown_is_listed(context: Context) -> None:
    context.notes.append("Table 2: <b>")
    [(_, text)] = pages(context)
    assert "<li>Table 2: &lt;b&gt;</li>" in text


def test_without_runs_the_config_is_there(context: Context) -> None:
    context.runs.clear()
    [(_, text)] = pages(context)
    assert re.findall(r"<h2[^>]*>(.*?)</h2>", text) == ["Config"]
    assert "hopper-medium" in text
