"""Which of the episodes that a policy plays side by side still go through the network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import I64


def still_active(active: Tensor, finished: I64, num_envs: int, at_least: int) -> Tensor:
    """Return the environments that stay active, ascending, when the episodes of some are finished.

    Args:
        active: the environments so far.
        finished: environments to leave out. Some of them stay if otherwise fewer than `at_least`
            would: products and convolutions of very few episodes may round differently.
        num_envs: how many environments there are.
        at_least: at least this many stay active, if there are as many.
    """
    playing = np.setdiff1d(active.numpy(), finished)
    others = np.setdiff1d(np.arange(num_envs), playing)[: max(at_least - len(playing), 0)]
    return torch.from_numpy(np.sort(np.concatenate([playing, others])))
