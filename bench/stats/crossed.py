"""The error of an evaluation that all runs share, because they meet the same episodes."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import ArrayLike


def shared_error(returns: ArrayLike) -> float:
    """Return the standard error of a mean over runs and episodes that the common episodes cause.

    Runs and episodes are crossed: episode j has the same start state for every run. In the model
    y_ij = mu + a_i + b_j + e_ij, an interval over the n runs contains the variances of a and of e, but not that of
    b, which is the same in every run. Its contribution to the variance of the mean over E episodes is
    estimated from the mean squares of the two-way analysis of variance (Searle et al. 1992, chapter 4):
    max(0, MS_b - MS_e) / (n E).

    Args:
        returns: (runs, episodes), of one policy a run.

    Returns:
        The standard error, in the unit of the returns; NaN with fewer than two runs or two episodes.
    """
    table = np.asarray(returns, dtype=np.float64)
    runs, episodes = table.shape
    if runs < 2 or episodes < 2:
        return math.nan
    of_episodes = table.mean(axis=0)
    rest = table - of_episodes - table.mean(axis=1, keepdims=True) + table.mean()
    mean_square_rest = float((rest**2).sum()) / ((runs - 1) * (episodes - 1))
    mean_square_episodes = runs * float(of_episodes.var(ddof=1))
    return math.sqrt(max(0.0, mean_square_episodes - mean_square_rest) / (runs * episodes))
