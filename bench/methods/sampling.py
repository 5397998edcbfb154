"""Discrete actions from what a network says of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.datasets.trajectories import F32, I64


def generators_of(seeds: I64) -> list[np.random.Generator]:
    """Return a generator for each env, so that its draws do not depend on its neighbours."""
    return [np.random.default_rng(int(seed)) for seed in seeds]


def choose(logits: F32, temperature: float, generators: Sequence[np.random.Generator]) -> I64:
    """Return an action for each env, (L,).

    Args:
        logits: (L, A) of the A actions.
        temperature: actions are drawn from the softmax of logits / temperature; 0 takes the
            likeliest (of equals the first).
        generators: of the envs; each gives A numbers a draw.

    Raises:
        ValueError: a logit is not finite: the largest of them would still look like an action.
    """
    if not np.isfinite(logits).all():
        raise ValueError("a network gave a value that is not finite for a discrete action")
    if temperature == 0:
        return np.asarray(logits.argmax(axis=1), dtype=np.int64)
    # the largest of logits with Gumbel noise is a draw from their softmax
    noise = [generator.gumbel(size=logits.shape[1]) for generator in generators]
    noisy = logits.astype(np.float64) / temperature + noise
    return np.asarray(noisy.argmax(axis=1), dtype=np.int64)
