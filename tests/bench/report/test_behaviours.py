"""The overview of the zoo: the table and the figure of its behaviour policies."""

from __future__ import annotations

from pathlib import Path

import pytest

from bench.behaviours import zoo
from bench.cli.main import main
from bench.core.code import ROOT
from bench.report import behaviours as describe

SHIPPED = [domain for domain, _ in describe.shipped()]


def test_the_page_shows_the_levels_of_what_ships(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["behaviours", "describe"]) == 0
    table = capsys.readouterr().out.strip()
    assert len(table.splitlines()) == 2 + len(SHIPPED)
    assert table in (ROOT / "docs/data.md").read_text()


def test_the_figure_shows_every_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    from matplotlib import pyplot as plt

    drawn = []
    monkeypatch.setattr(plt, "close", drawn.append)
    assert main(["behaviours", "describe", "--figure", str(tmp_path / "curves.svg")]) == 0
    monkeypatch.undo()
    (figure,) = drawn
    assert len(figure.axes) == len(SHIPPED)
    for axes, domain in zip(figure.axes, SHIPPED, strict=True):
        animals = zoo.read(domain)
        curve, *markers = axes.lines
        shown = [float(y) for line in markers for y in line.get_ydata()]
        assert shown == [c.score for c in (*animals.replay, animals.expert)]
        assert curve.get_xdata()[-1] >= animals.expert.step / 1000
    plt.close(figure)
    assert (tmp_path / "curves.svg").read_text().startswith("<?xml")
    assert main(["behaviours", "describe", "--figure", "curves.pdf"]) == 1
    assert "cannot draw curves.pdf" in capsys.readouterr().err
