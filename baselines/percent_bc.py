"""%BC: behaviour cloning on the best X % of the data (paper section 5.1).

X is a share of the *time steps*: whole episodes are taken, the one with the highest return first
(bench/datasets/trajectories.py, `top_percent`). To choose X well one needs roll-outs, so the best X is
hindsight; the paper runs 10, 25, 40 and 100.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from baselines import bc
from baselines.bc import MlpPolicy
from bench.datasets.trajectories import Trajectories
from bench.methods.context import Context


@dataclass(frozen=True)
class Config(bc.Config):
    """Hyperparameters of %BC: BC's, and X."""

    top_percent: float = 10.0  # X, percent of the time steps
    # in place of top_percent: all episodes with a return above this; 0 in Key-to-Door, whose %BC is
    # "trained only on successful episodes" (p.9)
    min_return: float | None = None

    def __post_init__(self) -> None:
        super().__post_init__()
        if not 0 < self.top_percent <= 100:
            raise ValueError(f"top_percent must be above 0 and at most 100, not {self.top_percent}")
        if self.min_return is not None and self.top_percent != type(self).top_percent:
            raise ValueError(
                f"min_return {self.min_return:g} chooses the episodes, so top_percent "
                f"{self.top_percent:g} does not apply: set one of the two"
            )


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
    return bc.train(best, config, context)


def load(path: Path, device: str) -> MlpPolicy:
    """Read what `MlpPolicy.save` wrote.

    Raises:
        DamagedFile: the file is damaged or another method's.
    """
    return bc.load(path, device, Config)
