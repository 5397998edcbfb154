"""Scores of small tables, and the rows of a Markdown table."""

from __future__ import annotations

import math
from collections.abc import Callable

import pandas as pd

RUNS = {
    ("hopper-medium-expert", "dt"): [49.0, 50.0, 51.0],
    ("hopper-medium-expert", "bc"): [19.0, 21.0],
    ("hopper-medium", "dt"): [29.0, 30.0, 31.0],
    ("hopper-medium", "bc"): [40.0],
    ("hopper-medium", "behaviour"): [34.0, 34.0],
}


Scored = Callable[..., pd.DataFrame]
EXPERT, MEDIUM = ("Medium-Expert", "Hopper"), ("Medium", "Hopper")
# t(0.975, 2 degrees) / sqrt(3): half a width of three seeds with standard deviation 1
HALF = 4.302652729911275 / math.sqrt(3)


def three_seeds() -> dict[tuple[str, str], list[float]]:
    """Means 50 and 30 for DT, 20 and 40 for BC; standard deviation 1 each."""
    return {
        ("hopper-medium-expert", "dt"): [49.0, 50.0, 51.0],
        ("hopper-medium-expert", "bc"): [19.0, 20.0, 21.0],
        ("hopper-medium", "dt"): [29.0, 30.0, 31.0],
        ("hopper-medium", "bc"): [39.0, 40.0, 41.0],
    }


def rows_of(text: str) -> list[list[str]]:
    lines = [line for line in text.splitlines() if line.startswith("|")]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
