"""The interval of a success rate: k of n episodes."""

from __future__ import annotations

import math

from scipy import stats

from bench.statistics import LEVEL


def wilson(successes: int, episodes: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval (1927) of a success rate, both ends between 0 and 1.

    With z the normal quantile and p = k / n the ends are
    (p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).
    It is about these episodes of one policy: how much training seeds differ it does not say.

    Args:
        successes: k.
        episodes: n.
        level: of confidence.

    Raises:
        ValueError: there are no episodes, or k is not among 0 to n.
    """
    if episodes < 1:
        raise ValueError(f"{episodes} episodes have no success rate; at least 1 is needed")
    if not 0 <= successes <= episodes:
        raise ValueError(f"{successes} successes of {episodes} episodes: give 0 to {episodes}")
    z = float(stats.norm.ppf((1 + level) / 2))
    rate, shrink = successes / episodes, 1 + z**2 / episodes
    middle = (rate + z**2 / (2 * episodes)) / shrink
    half = z * math.sqrt(rate * (1 - rate) / episodes + z**2 / (4 * episodes**2)) / shrink
    # exact at the edges, where rounding would leave a trace
    low = 0.0 if successes == 0 else middle - half
    return low, 1.0 if successes == episodes else middle + half
