"""The words of verdicts, for one cell and in a table."""

from __future__ import annotations

import math
import re

import pytest

from bench.stats import verdicts
from bench.stats.verdicts import (
    DIFFERS,
    NO_VERDICT,
    NOT_COMPARABLE,
    OTHER_DATA,
    REPRODUCED,
    UNDECIDED,
    compare,
    holm,
    verdicts_of,
)

OURS = [84.0, 88.0, 86.0, 90.0, 85.0]


@pytest.mark.parametrize(
    ("ours", "std", "word"),
    [
        ([86.5, 86.9, 87.1, 86.6, 86.9], 1.3, REPRODUCED),
        # significantly lower, but by two points
        ([84.8, 84.8, 84.9, 84.7, 84.8], 0.1, REPRODUCED),
        ([60.0, 62.0, 61.0, 59.0, 63.0], 1.3, DIFFERS),
        ([60.0, 95.0, 80.0, 99.0, 70.0], 1.3, UNDECIDED),
        # within the margin as printed, but from three seeds of such a spread
        (OURS, 30.0, NO_VERDICT),
        ([86.8], 1.3, NOT_COMPARABLE),
        (OURS, None, NOT_COMPARABLE),
        ([86.8], None, NOT_COMPARABLE),
    ],
)
def test_the_word_for_one_cell(ours: list[float], std: float | None, word: str) -> None:
    [found] = verdicts_of([compare(ours, 86.8, std)])
    assert found.word == word
    assert (
        math.isnan(found.different)
        == math.isnan(found.equivalent)
        == (word in (NOT_COMPARABLE, NO_VERDICT))
    )


def test_significant_and_equivalent_is_reproduced() -> None:
    found = compare([84.8, 84.8, 84.9, 84.7, 84.8], 86.8, 0.1)
    assert found.different < 0.01
    assert found.equivalent < 0.01


def test_a_diverged_run_stays_in_the_comparison() -> None:
    steady = compare(OURS, 86.8, 1.3)
    assert verdicts_of([steady])[0].word == REPRODUCED
    assert verdicts_of([compare([*OURS, 2.0], 86.8, 1.3)])[0].word == UNDECIDED


@pytest.mark.parametrize(
    ("comparison", "reason"),
    [
        (compare(OURS, 86.8, None), "the paper prints no spread"),
        (compare([86.8], 86.8, 1.3), "we have one run"),
        (compare([86.8], 86.8, None), "the paper prints no spread"),
        (compare(OURS, 86.8, 1.3, same_data=False), "did not learn from the paper's data"),
        (compare(OURS, 86.8, 1.3), r"equivalent within 5 points \(corrected p 0\.0"),
        (compare(OURS, 186.8, 1.3), r"-100\.2 points from the paper's mean \(corrected p"),
        (
            compare([78.0, 95.0, 86.0], 86.8, 1.3),
            "neither different .* nor equivalent within 5 points",
        ),
        (compare(OURS, 86.8, 30.0), "a perfect replication would rarely come within 5 points"),
    ],
)
def test_every_verdict_says_why(comparison: verdicts.Comparison, reason: str) -> None:
    [found] = verdicts_of([comparison])
    assert re.search(reason, found.why)


def test_other_data_comes_before_every_other_obstacle() -> None:
    for ours, std in ((OURS, 1.3), ([86.8], 1.3), (OURS, None), (OURS, 30.0)):
        [found] = verdicts_of([compare(ours, 86.8, std, same_data=False)])
        assert found.word == OTHER_DATA
        assert math.isnan(found.different)


def test_more_cells_ask_for_more_evidence() -> None:
    cell = compare([80.0, 86.0, 83.0], 93.0, 1.3)
    assert 0.01 < cell.different < 0.05
    assert verdicts_of([cell])[0].word == DIFFERS
    unclear = compare([70.0, 95.0, 88.0], 84.0, 1.0)
    assert verdicts_of([cell] + [unclear] * 7)[0].word == UNDECIDED
    # cells that cannot be compared are no tests
    others = [compare(OURS, 1.0, None), compare(OURS, 1.0, 1.0, same_data=False)]
    others.append(compare(OURS, 1.0, 10.0))
    assert verdicts_of([cell] + others * 7)[0].word == DIFFERS


def test_the_families_are_corrected_apart() -> None:
    cells = [compare(OURS, 86.8, 1.3), compare(OURS, 40.0, 1.3), compare(OURS, 50.0, 1.3)]
    found = verdicts_of(cells)
    assert [each.different for each in found] == holm([cell.different for cell in cells])
    assert [each.equivalent for each in found] == holm([cell.equivalent for cell in cells])
    assert [each.word for each in found] == [REPRODUCED, DIFFERS, DIFFERS]


def test_a_table_without_cells_has_no_verdicts() -> None:
    assert verdicts_of([]) == []
