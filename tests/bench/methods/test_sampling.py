"""How discrete actions are drawn."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.special import softmax

from bench.methods.sampling import choose, generators_of

LOGITS = np.array([1.0, -0.5, 0.3, 2.0], dtype=np.float32)


@pytest.mark.parametrize("temperature", [0.5, 1.0, 3.0])
def test_frequencies_are_those_of_the_softmax(temperature: float) -> None:
    """Within 4 standard errors: over environments, and over the draws of one."""
    count = 4000
    probability = softmax(LOGITS.astype(np.float64) / temperature)
    error = 4 * np.sqrt(probability * (1 - probability) / count)
    many = choose(np.tile(LOGITS, (count, 1)), temperature, generators_of(np.arange(count)))
    one = generators_of(np.array([3]))
    draws = np.concatenate([choose(LOGITS[None], temperature, one) for _ in range(count)])
    for drawn in (many, draws):
        assert (drawn.dtype, drawn.shape) == (np.int64, (count,))
        assert (np.abs(np.bincount(drawn, minlength=4) / count - probability) < error).all()


def test_at_temperature_zero_the_likeliest_is_taken_and_nothing_drawn() -> None:
    generators = generators_of(np.array([0, 1]))
    before = [generator.bit_generator.state for generator in generators]
    ties = np.array([[1, 3, 3], [2, 1, 0]], dtype=np.float32)
    assert choose(ties, 0.0, generators).tolist() == [1, 0]
    assert [generator.bit_generator.state for generator in generators] == before
    almost = [choose(np.array([LOGITS, LOGITS]), 1e-3, generators).tolist() for _ in range(50)]
    assert almost == [[3, 3]] * 50


@pytest.mark.parametrize("wrong", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("temperature", [0.0, 1.0])
def test_logits_that_are_not_finite_are_no_actions(wrong: float, temperature: float) -> None:
    with pytest.raises(ValueError, match="not finite"):
        choose(np.array([[0, wrong]]), temperature, generators_of(np.array([0])))  # type: ignore[arg-type]


def test_draws_of_an_env_do_not_depend_on_its_neighbours() -> None:
    together = generators_of(np.array([5, 6, 7]))
    alone = generators_of(np.array([6]))
    logits = np.zeros((3, 4), dtype=np.float32)
    for _ in range(20):
        drawn = choose(logits, 1.0, together)
        assert drawn[1] == choose(logits[:1], 1.0, alone)[0]
