from __future__ import annotations

import hashlib

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bench.core.seeds import derive, generator


@pytest.mark.parametrize(
    ("names", "seed"),
    [
        (("evaluation", "Hopper-v4", 0), 678178084),
        (("evaluation", "Hopper-v4", 1), 171186841),
        (("train", "hopper-medium", "dense", "100", "dt", 0), 1153718951),
    ],
    ids=["episode-0", "episode-1", "training"],
)
def test_seeds_stay_what_they_were_when_results_were_published(
    names: tuple[str | int, ...], seed: int
) -> None:
    assert derive(*names) == seed


@given(st.lists(st.text("abc-1", max_size=6), min_size=1, max_size=5))
def test_a_seed_is_the_first_31_bits_of_the_hash_of_the_names(names: list[str]) -> None:
    whole = hashlib.sha256("\x1f".join(names).encode()).hexdigest()
    assert derive(*names) == int(whole, 16) >> (256 - 31)
    assert 0 <= derive(*names) < 2**31


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("a", "b"), ("b", "a")),
        (("ab", "c"), ("a", "bc")),
        (("a",), ("a", "")),
        (("a", 1), ("a", 11)),
    ],
    ids=["order", "border", "empty", "number"],
)
def test_other_names_give_another_seed(
    one: tuple[str | int, ...], other: tuple[str | int, ...]
) -> None:
    assert derive(*one) != derive(*other)


def test_a_generator_belongs_to_its_names() -> None:
    draws = generator("noise", "x", 3).standard_normal(5)
    np.testing.assert_array_equal(draws, generator("noise", "x", 3).standard_normal(5))
    assert not np.isin(draws, generator("noise", "x", 4).standard_normal(5)).any()


def test_generators_do_not_share_a_state() -> None:
    one, other = generator("a"), generator("a")
    one.standard_normal(100)
    np.testing.assert_array_equal(other.standard_normal(3), generator("a").standard_normal(3))
