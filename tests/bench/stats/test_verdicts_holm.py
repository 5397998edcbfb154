"""Holm's method against its definition."""

from __future__ import annotations

import itertools
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.stats.verdicts import holm

p_values = st.lists(st.floats(0, 1) | st.just(math.nan), max_size=6)


def test_holms_method_by_hand() -> None:
    # 4 x 0.005; 3 x 0.01; 2 x 0.03; then 1 x 0.04, which may not be below the one before
    assert holm([0.01, 0.04, 0.03, 0.005]) == pytest.approx([0.03, 0.06, 0.06, 0.02])
    assert holm([0.5, 0.9]) == [1, 1]
    assert holm([]) == []


def test_holm_lets_nan_pass() -> None:
    assert holm([0.02, math.nan, 0.04]) == pytest.approx([0.04, math.nan, 0.04], nan_ok=True)
    assert math.isnan(holm([math.nan])[0])


def test_holm_leaves_its_argument_alone() -> None:
    given_values = np.array([0.01, 0.04])
    assert holm(given_values) == pytest.approx([0.02, 0.04])
    assert given_values.tolist() == [0.01, 0.04]


@given(p_values)
def test_holm_is_bonferroni_on_every_subset(values: list[float]) -> None:
    # the closed testing procedure that Holm's is a shortcut for
    numbers = [value for value in values if not math.isnan(value)]
    expected = []
    for index in range(len(numbers)):
        others = numbers[:index] + numbers[index + 1 :]
        subsets = [
            [numbers[index], *subset]
            for size in range(len(numbers))
            for subset in itertools.combinations(others, size)
        ]
        expected.append(max(min(1.0, len(subset) * min(subset)) for subset in subsets))
    found = [value for value in holm(values) if not math.isnan(value)]
    assert found == pytest.approx(expected)


@given(p_values)
def test_holm_corrects_upwards_and_keeps_the_order(values: list[float]) -> None:
    found = holm(values)
    pairs = sorted(
        (raw, new) for raw, new in zip(values, found, strict=True) if not math.isnan(raw)
    )
    assert all(raw <= new <= 1 for raw, new in pairs)
    assert [new for _, new in pairs] == sorted(new for _, new in pairs)
    assert [math.isnan(value) for value in values] == [math.isnan(value) for value in found]


@pytest.mark.parametrize("value", [-0.1, 1.5])
def test_what_is_no_p_value_is_refused(value: float) -> None:
    with pytest.raises(ValueError, match=f"{value} is not a p value"):
        holm([0.5, value])
