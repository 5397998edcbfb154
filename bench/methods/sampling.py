"""Sample discrete actions from logits."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from bench.datasets.trajectories import F32, I64


def generators_of(seeds: I64) -> list[np.random.Generator]:
    """Return a generator for each env, so that the draws of an env do not depend on other envs."""
    return [np.random.default_rng(int(seed)) for seed in seeds]


def choose(logits: F32, temperature: float, generators: Sequence[np.random.Generator]) -> I64:
    """Return an action for each of L envs, (L,).

    Args:
        logits: (L, A), for A actions.
        temperature: actions are drawn from the softmax of logits / temperature. With 0, the most likely action is
            taken, and among equals the first one.
        generators: one for each env; a draw takes A numbers from it.

    Raises:
        ValueError: a logit is not finite. Without this check, argmax would still return an action.
    """
    if not np.isfinite(logits).all():
        raise ValueError("the network returned a value that is not finite for a discrete action")
    if temperature == 0:
        return np.asarray(logits.argmax(axis=1), dtype=np.int64)
    # Gumbel-max trick: the argmax of logits plus Gumbel noise is a draw from their softmax
    noise = [generator.gumbel(size=logits.shape[1]) for generator in generators]
    noisy = logits.astype(np.float64) / temperature + noise
    return np.asarray(noisy.argmax(axis=1), dtype=np.int64)
