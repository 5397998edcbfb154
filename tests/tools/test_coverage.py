"""tools/coverage.py: the page of statistics holds what it computes, and a smaller simulation agrees."""

from __future__ import annotations

import math
import re
from pathlib import Path

import pytest

from tools.coverage import PAGE, REPEATS, SEEDS, coverage, mark, replaced, verdict_table
from tools.intervals_printed import INTERVALS, Interval

ROOT = Path(__file__).resolve().parents[2]
BY_NAME = {interval.name: interval for interval in INTERVALS}
# the least that the page says is covered: name, scores, data sets, seeds
CHOSEN = [
    ("mean", "normal", 3, 3),
    ("mean", "bimodal", 1, 3),
    ("mean", "bimodal", 9, 3),
    ("mean", "skewed", 9, 5),
    ("mean", "unequal", 12, 3),
    ("difference", "unequal", 1, 3),
    ("difference", "bimodal", 12, 5),
    ("all data sets at once", "unequal", 3, 5),
    ("all data sets at once", "normal", 9, 3),
    ("optimality gap", "normal", 9, 3),
    ("probability of improvement", "skewed", 9, 3),
    ("probability of improvement", "normal", 1, 3),
    ("profile", "bimodal", 9, 3),
    ("success rate", "unequal", 3, 3),
    ("share", "normal", 1, 3),
    ("rank correlation", "skewed", 3, 5),
    ("ratio of spreads", "normal", 9, 3),
    ("episodes of one run", "0.9", 1, 3),
    ("IQM", "normal", 9, 3),
    ("median", "normal", 9, 3),
]


def printed(name: str) -> dict[tuple[str, int, int], float]:
    """Return scores, data sets and seeds -> per cent, as the page prints them."""
    [table] = re.findall(f"<!-- {name} -->(.*?)<!-- end of {name} -->", PAGE.read_text(), re.DOTALL)
    lines = [line.strip().strip("|").split("|") for line in table.strip().splitlines()]
    counts = [int(heading.split()[0]) for heading in lines[0][2:]]
    return {
        (scores.strip(), count, int(seeds)): float(cell.strip().strip("*"))
        for scores, seeds, *cells in lines[2:]
        for count, cell in zip(counts, cells, strict=True)
    }


@pytest.mark.parametrize("interval", INTERVALS, ids=lambda interval: interval.name)
def test_the_page_has_a_number_for_every_case(interval: Interval) -> None:
    found = printed(interval.name)
    assert {scores for scores, _, _ in found} == set(interval.scores)
    assert {seeds for _, _, seeds in found} == set(SEEDS)
    assert all(0 < per_cent <= 100 for per_cent in found.values())


@pytest.mark.slow
@pytest.mark.parametrize("case", CHOSEN, ids=lambda case: ", ".join(map(str, case)))
def test_a_smaller_simulation_finds_what_the_page_says(case: tuple[str, str, int, int]) -> None:
    name, *where = case
    repeats = 300
    expected = printed(name)[tuple(where)]
    share = expected / 100
    error = 100 * math.sqrt(max(share * (1 - share), 0.01) * (1 / repeats + 1 / REPEATS))
    found = coverage(BY_NAME[name], *where, repeats)
    assert abs(found - expected) <= 3 * error + 0.5


def test_every_normal_mean_and_difference_covers_95_per_cent_within_2_points() -> None:
    for name in ("mean", "difference", "optimality gap"):
        for (scores, count, seeds), per_cent in printed(name).items():
            if scores == "normal":
                assert abs(per_cent - 95) <= 3, (name, count, seeds)


def test_too_low_a_coverage_is_bold() -> None:
    assert [mark(value) for value in (95.2, 93.0, 92.9, 75.0, 100.0)] == [
        "95",
        "93",
        "**93**",
        "**75**",
        "100",
    ]


def test_the_same_case_gives_the_same_number() -> None:
    first, again = (coverage(BY_NAME["mean"], "normal", 1, 3, 20) for _ in range(2))
    assert first == again


def test_a_table_stands_between_its_marks() -> None:
    page = "a\n<!-- x -->\nold\n<!-- end of x -->\nb"
    assert replaced(page, "x", "new") == "a\n<!-- x -->\n\nnew\n\n<!-- end of x -->\nb"
    with pytest.raises(ValueError, match="no place for the table 'y'"):
        replaced(page, "y", "new")


def test_the_table_of_verdicts_says_which_cells_allow_none() -> None:
    lines = [line for line in verdict_table(2).splitlines() if "no verdict" in line]
    assert [line.split("|")[1].strip() for line in lines] == [
        "reacher2d-medium",
        "hopper-medium-replay",
    ]


def test_a_perfect_replication_is_reproduced_with_ten_seeds_wherever_a_verdict_is_possible() -> (
    None
):
    [table] = re.findall("<!-- verdicts -->(.*?)<!-- end", PAGE.read_text(), re.DOTALL)
    lines = [line.strip().strip("|").split("|") for line in table.strip().splitlines()]
    column = next(i for i, heading in enumerate(lines[0]) if heading.strip() == "10 seeds")
    cells = [line[column].strip() for line in lines[2:]]
    assert len(cells) == 12
    tested = [cell.split(" / ") for cell in cells if cell != "no verdict"]
    assert len(tested) == 10
    assert all(float(reproduced) >= 0.8 for reproduced, _, _ in tested)
    assert all(float(differs) <= 0.05 for _, differs, _ in tested)
