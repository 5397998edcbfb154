"""%BC: behaviour cloning on the best X % of the data (paper section 5.1).

X is a share of *time steps*, taken from the best episode down (bench/datasets/trajectories.py,
`top_percent`). Choosing X well needs roll-outs, so the best X is hindsight; the paper runs 10, 25,
40 and 100.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from baselines import bc
from baselines.bc import MlpPolicy, load
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context

__all__ = ["Config", "load", "train"]


@dataclass(frozen=True)
class Config(bc.Config):
    """Hyperparameters of %BC: BC's, and X."""

    top_percent: float = 10.0  # X, percent of the time steps
    # instead of a share: all episodes with a return above this; 0 in Key-to-Door, whose %BC is "trained
    # only on successful episodes" (p.9)
    min_return: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.top_percent <= 100:
            raise ValueError(f"top_percent must be above 0 and at most 100, not {self.top_percent}")


def train(data: Trajectories, config: Config, context: Context) -> MlpPolicy:
    """Clone the best `config.top_percent` % of the time steps, or the episodes above a return.

    Raises:
        ValueError: no episode has a return above `config.min_return`.
    """
    if config.min_return is None:
        best, which = data.top_percent(config.top_percent), f"top {config.top_percent:g} %"
    else:
        chosen = np.flatnonzero(data.returns > config.min_return)
        which = f"return above {config.min_return:g}"
        if len(chosen) == 0:
            raise ValueError(
                f"no episode of the data has a {which}: the best is {data.returns.max():g}"
            )
        best = data.select(chosen)
    print(
        f"{which}: {best.episodes} of {data.episodes} episodes, {best.steps} of {data.steps} steps"
    )
    plain = bc.Config(**{name: getattr(config, name) for name in bc.Config.__dataclass_fields__})
    return bc.train(best, plain, context)
