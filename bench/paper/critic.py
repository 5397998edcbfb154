"""The paper's Figure 5 as numbers: DT as a critic on Key-to-Door, read from its vector graphics (arXiv
2106.01345v2 p.10; sources in the folder assets/img of iman1234ahmadi/Decision-Transformer at 60e5cfb).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache

from bench.paper.rows import rows_of


@dataclass(frozen=True)
class Band:
    """A band of the left panel: the predicted probability of the reward in episodes of one outcome.

    The paper does not say what the band is; by its shape, and since one dips below 0, it is a mean
    plus and minus a standard deviation. Nor does it say what the critic learned from: at step 0 it
    predicts 0.28, where random actions succeed in 3.1 % of episodes (Table 6).

    Attributes:
        outcome: the label in the figure.
        low, high: its ends at each of the 120 steps, probabilities.
    """

    outcome: str
    low: Sequence[float]
    high: Sequence[float]

    @property
    def middle(self) -> tuple[float, ...]:
        """The middle of the band at each step: the mean, if its ends are a spread away from it."""
        return tuple((low + high) / 2 for low, high in zip(self.low, self.high, strict=True))


@dataclass(frozen=True)
class Look:
    """How much of the right panel's attention lies on one event of its episode.

    Computed here from the weights of the scatter plot, 120 x 120, whose rows sum to 1. Whether a
    weight is that of one token a time step, or of three together, the paper does not say.

    Attributes:
        event: `key` (picked up) or `door` (reached).
        step: its time step, 1 to 120, as the dashed lines mark it.
        first, last: the time steps after it that are counted: all until the next event or the end.
        mass: mean weight of these steps on the event's; 1 is all. Counting the step after the event
            too, and from there on, changes it by less than 0.001.
        even: what that mean would be if each step looked at all steps so far, itself among them,
            alike.
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
def figure5_looks() -> tuple[Look, ...]:
    """Return where the attention of the right panel of Figure 5 lies: on the key, and on the door."""
    return tuple(
        Look(
            event=row["event"],
            step=int(row["step"]),
            first=int(row["first"]),
            last=int(row["last"]),
            mass=float(row["mass"]),
            even=float(row["even"]),
        )
        for row in rows_of("figure5_attention.csv")
    )
