"""Diagnostics of a critic whose measures are known."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bench.report.scores import collect
from bench.runs.diagnostics.critic import OUTCOMES, ROOMS
from bench.runs.plan import Plan
from tests.helpers.credit import TEN, measure, write_diagnostic

WITHOUT, REACHED, MISSED = OUTCOMES
KEY_STEP, DOOR_STEP = 12, 111
Diagnostics = Callable[..., pd.DataFrame]


def diagnostic(seed: int) -> list[dict[str, Any]]:
    """Measures that grow by a hundredth with the seed, and along the episode by a thousandth."""
    more = 0.01 * seed
    rows = []
    for place, outcome in enumerate(OUTCOMES):
        rows += [
            measure(
                "reward probability",
                outcome,
                0.1 * place + step / 1000 + more,
                x=step,
                spread=0.02 + more,
            )
            for step in range(120)
        ]
        rows.append(measure("episodes", outcome, (440, 15, 45)[place]))
    for place, room in enumerate(ROOMS):
        for bin_ in range(3):
            predicted, seen = 0.1 * bin_ + more, 0.2 * bin_ + 2 * more
            rows.append(measure("calibration", room, seen, x=predicted, y=50))
        rows += [measure("roc", room, y + more, x=x) for x, y in ((0, 0), (0.1, 0.5), (1, 0.9))]
        rows.append(measure("auc", room, 0.7 + 0.1 * place + more))
    rows += [measure("event", "key", KEY_STEP), measure("event", "door", DOOR_STEP)]
    rows += [
        measure("attention", "", weight, x=x, y=y)
        for x, y, weight in ((0, 0, 1.0), (20, 13, 0.75 + more), (119, 112, 0.5))
    ]
    for event, mass, even in (("key", 0.6, 0.04), ("door", 0.8, 0.02)):
        rows.append(measure("attention mass", event, mass + more))
        rows.append(measure("even attention mass", event, even))
    return rows + [measure("change", "without the key", -0.1)]


@pytest.fixture(scope="module")
def known() -> dict[tuple[int, str], pd.DataFrame]:
    """What `diagnostics` has collected."""
    return {}


@pytest.fixture
def diagnostics(
    tmp_path: Path, credit: Plan, known: dict[tuple[int, str], pd.DataFrame]
) -> Diagnostics:
    """Collect the diagnostics of some seeds."""

    def make(
        seeds: int = 3, task: str = TEN, without: Callable[[dict[str, Any]], bool] | None = None
    ) -> pd.DataFrame:
        if without is None and (seeds, task) in known:
            return known[seeds, task].copy()
        kept = [
            [row for row in diagnostic(seed) if without is None or not without(row)]
            for seed in range(seeds)
        ]
        paths = [write_diagnostic(tmp_path, rows, seed, task) for seed, rows in enumerate(kept)]
        scores = collect(paths, credit)
        if without is None:
            known[seeds, task] = scores.copy()
        return scores

    return make
