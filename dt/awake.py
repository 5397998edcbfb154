"""Which of the episodes that a policy plays side by side still go through the network."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from bench.datasets.trajectories import I64


def still_awake(awake: Tensor, over: I64, envs: int, least: int) -> Tensor:
    """Return the envs that stay awake, ascending, when the episodes of some are over.

    Args:
        awake: envs so far.
        over: envs to leave out; some of them stay, in company, so that at least `least` do:
            products and convolutions of very few episodes round otherwise than those of more.
        envs: how many there are.
        least: at least so many stay, if there are so many.
    """
    playing = np.setdiff1d(awake.numpy(), over)
    company = np.setdiff1d(np.arange(envs), playing)[: max(least - len(playing), 0)]
    return torch.from_numpy(np.sort(np.concatenate([playing, company])))
