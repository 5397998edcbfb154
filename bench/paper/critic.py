"""The paper's Figure 5 as numbers: DT as a critic on Key-to-Door.

They are read from the vector graphics of the figure (arXiv 2106.01345v2 p.10; sources in the folder
assets/img of iman1234ahmadi/Decision-Transformer at 60e5cfb).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bench.paper.rows import rows_of


@dataclass(frozen=True)
class Band:
    """A band of the left panel: the predicted success probability in episodes with one outcome.

    The paper does not say what the band shows. Its shape suggests a mean plus and minus a standard
    deviation, since one band goes below 0. The paper does not say either which data the critic learned
    from: at step 0 it predicts 0.28, but random actions succeed in 3.1 % of episodes (Table 6).

    Attributes:
        outcome: the label in the figure.
        low, high: the ends of the band at each of the 120 steps, probabilities.
    """

    outcome: str
    low: Sequence[float]
    high: Sequence[float]

    @property
    def middle(self) -> tuple[float, ...]:
        """The middle of the band at each step. It is the mean if the band is symmetric around the mean."""
        return tuple((low + high) / 2 for low, high in zip(self.low, self.high, strict=True))


@dataclass(frozen=True)
class Attention:
    """The attention weight on one event of the episode in the right panel.

    It is computed here from the weights of the scatter plot, 120 x 120, whose rows sum to 1. The paper
    does not say whether a weight belongs to one token of a time step or to its three tokens together.

    Attributes:
        event: `key` (picked up) or `door` (reached).
        step: the time step of the event, 1 to 120, where the dashed line is.
        first, last: the range of later time steps whose weights are averaged: all steps until the next
            event or the end of the episode.
        mass: the mean weight that these steps put on the event, 0 to 1. It changes by less than 0.001
            if the weight on the step after the event is added and the range begins one step later.
        even: the same mean under uniform attention: each step weights all steps so far, itself
            included, equally.
    """

    event: str
    step: int
    first: int
    last: int
    mass: float
    even: float


@cache
def figure5() -> tuple[Band, ...]:
    """Return the bands of the left panel of Figure 5, in the order of its legend."""
    bands: dict[str, list[tuple[float, float]]] = {}
    for row in rows_of("figure5.csv"):
        bands.setdefault(row["series"], []).append((float(row["low"]), float(row["high"])))
    return tuple(
        Band(outcome, *(tuple(ends) for ends in zip(*steps, strict=True)))
        for outcome, steps in bands.items()
    )


@cache
def figure5_attention() -> tuple[Attention, ...]:
    """Return the attention weights on the key and on the door, from the right panel of Figure 5."""
    return tuple(
        Attention(
            event=row["event"],
            step=int(row["step"]),
            first=int(row["first"]),
            last=int(row["last"]),
            mass=float(row["mass"]),
            even=float(row["even"]),
        )
        for row in rows_of("figure5_attention.csv")
    )
