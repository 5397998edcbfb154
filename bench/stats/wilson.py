"""Wilson's score interval of a share."""

from __future__ import annotations

import math

from scipy import stats

LEVEL = 0.95  # of every interval of the suite


def wilson(successes: int, episodes: int, level: float = LEVEL) -> tuple[float, float]:
    """Return Wilson's score interval (1927) of a success rate. Both ends are between 0 and 1.

    With the normal quantile z and p = k / n, the ends are
    (p + z^2 / 2n ± z sqrt(p (1 - p) / n + z^2 / 4n^2)) / (1 + z^2 / n).
    The interval is about the episodes of one policy. It does not include the variation over training seeds.

    Args:
        successes: k.
        episodes: n.
        level: the confidence level.

    Raises:
        ValueError: there are no episodes, or k is not between 0 and n.
    """
    if episodes < 1:
        raise ValueError(f"{episodes} episodes have no success rate; at least 1 is needed")
    if not 0 <= successes <= episodes:
        raise ValueError(f"{successes} successes of {episodes} episodes: give 0 to {episodes}")
    z = float(stats.norm.ppf((1 + level) / 2))
    return score_interval(successes / episodes, episodes, z)


def score_interval(share: float, number: float, quantile: float) -> tuple[float, float]:
    """Return Wilson's interval of a share, which lies between 0 and 1 and contains the share.

    Args:
        share: the observed share, 0 to 1.
        number: of independent outcomes behind it; need not be whole.
        quantile: of the normal distribution, or of Student's.
    """
    shrink = 1 + quantile**2 / number
    middle = (share + quantile**2 / (2 * number)) / shrink
    spread = math.sqrt(share * (1 - share) / number + quantile**2 / (4 * number**2))
    half = quantile * spread / shrink
    # exact at the edges: without rounding errors
    return (0.0 if share == 0 else middle - half), (1.0 if share == 1 else middle + half)
