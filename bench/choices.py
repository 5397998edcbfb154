"""Discrete actions from what a network says of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from bench.datasets.trajectories import F32, I64

Act = Literal["mode", "sample"]


def generators_of(seeds: I64) -> list[np.random.Generator]:
    """Return a generator for each lane, so that its draws do not depend on its neighbours."""
    return [np.random.default_rng(int(seed)) for seed in seeds]


def choose(logits: F32, act: Act, generators: Sequence[np.random.Generator]) -> I64:
    """Return an action for each lane, (L,).

    Args:
        logits: (L, A) of the A actions.
        act: `mode`, the likeliest action (of equals the first); `sample`, one drawn from the
            softmax of the logits.
        generators: of the lanes; each gives A numbers a draw.
    """
    if act == "sample":
        # the largest of logits with Gumbel noise is a draw from their softmax
        noise = [generator.gumbel(size=logits.shape[1]) for generator in generators]
        return np.asarray((logits.astype(np.float64) + noise).argmax(axis=1), dtype=np.int64)
    return np.asarray(logits.argmax(axis=1), dtype=np.int64)
