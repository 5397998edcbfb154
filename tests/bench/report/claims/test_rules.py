"""bench/report/claims/rules.py: rules that must hold on each data set, by hand."""

from __future__ import annotations

import pytest

from bench.report.claims.measure import Measure
from bench.report.claims.rules import (
    NOT_SUPPORTED,
    SUPPORTED,
    UNDECIDED,
    apply_rule_to_each,
    spell_parts,
)
from bench.stats.intervals import estimate

# three runs with standard deviation 1: half a 95 % interval of the mean is 4.3027 / sqrt(3) = 2.484,
# and for two data sets at once 6.2053 / sqrt(3) = 3.583
PARTS = {"a": estimate([4.0, 5.0, 6.0]), "b": estimate([8.0, 9.0, 10.0])}
BOTH = Measure(7.0, 6.0, 8.0, 2, 0, 0, parts=PARTS)


@pytest.mark.parametrize(
    ("bound", "result"),
    [
        (1.4, SUPPORTED),  # below 5 - 3.583
        (1.5, UNDECIDED),  # between 5 - 3.583 and 5 - 2.484: supported only for one data set alone
        (2.5, UNDECIDED),
        (8.5, UNDECIDED),  # between 5 + 2.484 and 5 + 3.583: it fails only for one data set alone
        (8.6, NOT_SUPPORTED),  # above 5 + 3.583
    ],
)
def test_intervals_of_a_rule_on_each_data_set_hold_at_once(bound: float, result: str) -> None:
    assert apply_rule_to_each(BOTH, ("above", (bound,)), 2, 2) == result


def test_one_data_set_alone_needs_no_correction() -> None:
    alone = Measure(5.0, 2.516, 7.484, 1, 0, 0, parts={"a": PARTS["a"]})
    assert apply_rule_to_each(alone, ("above", (2.5,)), 1, 1) == SUPPORTED
    assert apply_rule_to_each(alone, ("above", (7.5,)), 1, 1) == NOT_SUPPORTED


def test_a_rule_on_one_of_two_data_sets() -> None:
    rule = ("above", (5.3,))  # below 9 - 3.583 = 5.417; undecided on the other data set
    assert apply_rule_to_each(BOTH, rule, 1, 2) == SUPPORTED
    assert apply_rule_to_each(BOTH, rule, 2, 2) == UNDECIDED


def test_the_printed_brackets_are_those_that_the_rule_is_applied_to() -> None:
    text = "a 5.00 [1.42, 8.58], b 9.00 [5.42, 12.58] (brackets hold for all 2 at once)"
    assert spell_parts(PARTS, BOTH) == text
    alone = Measure(9.0, 6.5, 11.5, 1, 1, 0, parts={"b": PARTS["b"]})  # the gate of `a` is closed
    assert spell_parts(PARTS, alone) == "a 5.00, b 9.00 [6.52, 11.48]"
    assert spell_parts(PARTS, None) == "a 5.00, b 9.00"
    one_run = {"a": estimate([4.0])}
    assert spell_parts(one_run, Measure(4.0, 4.0, 4.0, 1, 0, 0, parts=one_run)) == "a 4.00"
