"""The figures that artifacts draw, kept for a look at what is in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from bench.report import figures as report_figures
from bench.report import style


@pytest.fixture
def drawn(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Collect figures instead of throwing them away."""
    from matplotlib import pyplot as plt

    figures: list[Any] = []
    monkeypatch.setattr(plt, "close", figures.append)
    yield figures
    monkeypatch.undo()
    for figure in figures:
        plt.close(figure)


@pytest.fixture
def figures(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[Any]]:
    """Collect the figures that artifacts would write, instead of writing them."""
    from matplotlib import pyplot as plt

    found: list[Any] = []
    for module in (style, report_figures):
        monkeypatch.setattr(module, "save", lambda figure, files: found.append(figure))
    yield found
    for figure in found:
        plt.close(figure)
